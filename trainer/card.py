"""The card of a retrained bundle: what a person should know before relying on it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from tagger.bundle.spec import BundleGroup, BundleSpec

_WIDTH = 100
_TEXT = """# {name}

Made on this machine from {parent} by retraining on the labels of one library.

## What it learned from
{photos} photos of library `{library}` with {decisions} decisions, as they stood at {time}
(dataset revision `{revision}`, kept in the run `{run}`). They never judge this model or one made
from it; their fingerprints stand at the end.{remembered}

## What it knows
{groups}

## How it was measured
On {judged} labelled photos that were kept out of training.

{figures}

Labels with few confirmed photos are trained but uncertain: `positives` in `bundle.json` says how
many there were.

## Licence
{licence}. {attribution}

## Fingerprints of the photos it learned from
{fingerprints}
"""

_REMEMBERED = """

To find photos alike the model keeps 128 numbers and the labels of up to {count} of these photos. No
picture can be made from them, but who gives the model away gives them away."""


def child_card(
    name: str,
    parent: BundleSpec,
    groups: Sequence[BundleGroup],
    dataset: Mapping[str, Any],
    figures: Mapping[str, Mapping[str, Any]],
    judged: int,
    remembered: int = 0,
) -> str:
    """Return the text of `card.md`.

    Args:
        name: of the new bundle.
        parent: what it was made from.
        groups: of the new bundle.
        dataset: its lineage entry.
        figures: by group name, on held-out photos.
        judged: number of those.
        remembered: photos of which the model keeps a few numbers, to find neighbours.
    """
    return _TEXT.format(
        name=name,
        parent=f"{parent.name} ({parent.bundle_id[:12]})",
        photos=dataset["photos"],
        decisions=dataset["decisions"],
        library=dataset["library"],
        time=dataset["time"],
        revision=dataset["revision"],
        run=dataset["run"],
        remembered=_REMEMBERED.format(count=remembered) if remembered else "",
        groups="\n".join(_group_line(group, dataset) for group in groups),
        judged=judged,
        figures="\n".join(_figure_line(*item) for item in figures.items())
        or "Nothing could be measured: no labelled photo was kept out.",
        licence=parent.licence or "No licence is stated",
        attribution=parent.attribution,
        fingerprints=textwrap.fill(" ".join(dataset["fingerprints"]), _WIDTH),
    ).rstrip()


def _group_line(group: BundleGroup, dataset: Mapping[str, Any]) -> str:
    learned = "learned" if group.id in dataset["groups"] else "kept from before"
    how = group.calibration.get("method", "none")
    calibrated = "not calibrated" if how == "none" else f"calibrated ({how}, out-of-fold scores)"
    return f"- **{group.name}** ({group.kind}, {len(group.labels)} labels): {learned}, {calibrated}"


def _figure_line(name: str, figures: Mapping[str, Any]) -> str:
    said = ", ".join(
        f"{key} {value:.3f}" for key, value in figures.items() if isinstance(value, float)
    )
    return f"- **{name}**: {said} ({figures['support']} photos)"
