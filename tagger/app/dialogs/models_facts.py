"""The models of this machine as they are listed: where they come from, what they know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tagger.app.dialogs.models_switch import switching
from tagger.app.dialogs.words import count, listed, moment
from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import BundleStore
from tagger.library.library import Library
from tagger.suggest.last_run import last_run

_FIGURES = {
    "map": "mean average precision",
    "accuracy": "accuracy",
    "top3": "among the best three",
    "micro_f1": "F1",
}


_WAYS = {
    "trainer.quick": "quick retraining",
    "trainer.better": "retraining, the better way",
    "trainer.deep": "deep retraining",
    "trainer.starter": "the program's set-up",
}


@dataclass(frozen=True)
class ModelLine:
    """One model.

    Attributes:
        active: the open library uses it.
        default: new libraries use it.
        lineage: names of its ancestors, oldest first, and its own.
    """

    spec: BundleSpec
    active: bool
    default: bool
    lineage: tuple[str, ...]

    @property
    def used(self) -> str:
        """Who uses it."""
        marks = ["this library"] if self.active else []
        marks += ["new libraries"] if self.default else []
        return listed(marks)

    @property
    def learned_from(self) -> int:
        """Photos of a library it was trained on; 0 where it was not trained here."""
        photos = self.spec.dataset.get("photos")
        return photos if isinstance(photos, int) else 0


def read_models(store: BundleStore, library: Library) -> list[ModelLine]:
    """Return all models, the newest first."""
    specs = store.list()
    by_id = {spec.bundle_id: spec for spec in specs}
    default = store.default()
    return [
        ModelLine(
            spec,
            spec.bundle_id == library.bundle_id,
            spec.bundle_id == default,
            tuple(_lineage(spec, by_id)),
        )
        for spec in reversed(specs)
    ]


def _lineage(spec: BundleSpec, by_id: dict[str, BundleSpec]) -> list[str]:
    names = [spec.name]
    seen = {spec.bundle_id}
    parent = spec.parent
    while parent is not None and parent not in seen:
        seen.add(parent)
        found = by_id.get(parent)
        if found is None:
            return ["a model that is gone", *names]
        names.insert(0, found.name)
        parent = found.parent
    return names


def describe(line: ModelLine, library: Library) -> list[tuple[str, str]]:
    """Say in lines what a model is, and what changing to it costs: (heading, words)."""
    spec = line.spec
    groups = [f"{group.name} ({count(len(group.labels), 'label')})" for group in spec.groups]
    lines = []
    if isinstance(summary := spec.producer.get("summary"), str):
        lines.append(("In short", summary))
    if not line.active:
        lines.append(("Changing to it", switching(library, spec, last_run())))
    lines.append(("Knows", listed(groups, 8)))
    if len(line.lineage) > 1:
        lines.append(("Comes from", " → ".join(line.lineage)))
    if line.learned_from:
        lines.append(("Learned from", _learned_from(line)))
    measured = spec.metrics.get("groups")
    if isinstance(measured, dict):
        for name, figures in measured.items():
            if words := _figures(figures):
                lines.append((f"Measured on “{name}”", words))
    size = spec.preprocessing
    lines.append(("Looks at photos at", f"{size.width} × {size.height} pixels"))
    lines.append(("Made", f"{moment(spec.created)} {_made_by(spec)}"))
    if spec.licence:
        lines.append(("Licence", ". ".join(filter(None, (spec.licence, spec.attribution)))))
    lines.append(("Id", spec.bundle_id))
    return lines


def _learned_from(line: ModelLine) -> str:
    decisions = line.spec.dataset.get("decisions")
    photos = count(line.learned_from, "photo")
    return f"{photos}, {count(decisions, 'decision')}" if isinstance(decisions, int) else photos


def _made_by(spec: BundleSpec) -> str:
    """Say what made a model: the way of retraining, else the program."""
    program = str(spec.producer.get("program", "unknown"))
    return f"by {_WAYS.get(program, program)}"


def _figures(figures: Any) -> str:
    if not isinstance(figures, dict):
        return ""
    parts = [
        f"{words} {figures[name]:.3f}"
        for name, words in _FIGURES.items()
        if isinstance(figures.get(name), int | float)
    ]
    photos = figures.get("support")
    on = f" on {count(photos, 'photo')} kept out of training" if isinstance(photos, int) else ""
    return f"{', '.join(parts)}{on}" if parts else ""
