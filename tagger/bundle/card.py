"""The text of `card.md`: what people should know of a model before relying on it."""

from __future__ import annotations

from collections.abc import Sequence

from tagger.bundle.spec import BundleGroup, BundleSpec

_FITS = {
    "squash": "the whole photo, squashed to that shape",
    "crop": "shortest side first, then the centre cut out",
    "pad": "the whole photo, filled up to that shape",
}
_METHODS = {"none": "**not calibrated**: a score of 0.8 does not mean right in 8 of 10 cases"}


def model_card(
    spec: BundleSpec,
    *,
    what: str,
    trained_on: str = "",
    notes: Sequence[str] = (),
    measured: Sequence[str] = (),
) -> str:
    """Return the card of a bundle as Markdown.

    Args:
        spec: the bundle; ids need not be filled in yet.
        what: a sentence or two: what this model is and where it comes from.
        trained_on: a sentence: which photos it learned from; empty where nobody knows.
        notes: things to know, a sentence each (what was assumed, what it cannot do).
        measured: results, a sentence each, with support.
    """
    size = spec.preprocessing
    parts = [
        f"# {spec.name}",
        what.strip(),
        "## What it tells",
        "\n".join(_group_line(group, spec) for group in spec.groups),
        "## How photos go in",
        f"{size.width} × {size.height} pixels, {_FITS[size.fit]}, {size.interpolation}.",
        "## How far scores can be trusted",
        "\n".join(_calibration_line(group) for group in spec.groups),
        "## What it was trained on",
        trained_on.strip() or "Its source does not say.",
    ]
    for title, lines in (("## What was measured", measured), ("## Good to know", notes)):
        if lines:
            parts += [title, "\n".join(f"- {line}" for line in lines)]
    parts += ["## Licence", _licence(spec)]
    return "\n\n".join(parts) + "\n"


def _group_line(group: BundleGroup, spec: BundleSpec) -> str:
    kind = "any number may be true" if group.kind == "multi" else "one of them, or none"
    count = len(group.labels)
    line = f"- **{group.name}**: {count} label{'s' if count != 1 else ''}, {kind}"
    names = {label.id: label.name for one in spec.groups for label in one.labels}
    if group.gate:
        line += f"; asked only where *{names.get(group.gate, group.gate)}* holds"
    few = ", ".join(label.name for label in group.labels[:8])
    return f"{line}: {few}{', …' if count > 8 else ''}"


def _calibration_line(group: BundleGroup) -> str:
    method = str(group.calibration.get("method", "none"))
    line = _METHODS.get(method, f"calibrated by {method}")
    if data := group.calibration.get("data"):
        line += f" on {data}"
    if n := group.calibration.get("n"):
        line += f" ({n} photos)"
    return f"- {group.name}: {line}."


def _licence(spec: BundleSpec) -> str:
    licence = spec.licence.strip() or "Not stated by its source: ask before you pass it on"
    attribution = f" {spec.attribution.strip()}" if spec.attribution.strip() else ""
    return f"{licence.rstrip('.')}.{attribution}"
