"""The report of a training, as the trainer wrote it, in the words and rows that are shown."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tagger.app.dialogs.words import count, listed
from tagger.bundle.spec import BundleSpec
from tagger.core.errors import TaggerError
from tagger.core.verdict import JUDGED_WELL, verdict_sentence
from tagger.library.places import user_folder
from tagger.library.runs import REPORT_PAGE, read_curves

MEASURES = {"map": "mean average precision", "accuracy": "accuracy"}


class ReportError(TaggerError):
    """The report of a training is gone or damaged."""


@dataclass(frozen=True)
class Change:
    """A figure before and after, with the interval of the difference; None = not measured."""

    before: float | None = None
    after: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def read(cls, data: dict[str, Any]) -> Change:
        """Read it out of a part of the report."""
        names = ("before", "after", "difference", "low", "high")
        return cls(*(_number(data.get(name)) for name in names))


@dataclass(frozen=True)
class LabelRow:
    """One label of the report; `support` is the number of judged photos that show it.

    Of a new label `alone` says between which bounds its average precision probably lies.
    """

    group: str
    name: str
    change: Change
    support: int = 0
    new: bool = False
    suggested_before: int | None = None
    suggested_after: int | None = None
    alone: tuple[float, float] | None = None

    @property
    def judged_well(self) -> bool:
        """Whether enough photos show it for its figures to mean something."""
        return self.support >= JUDGED_WELL


@dataclass(frozen=True)
class LabelChange:
    """How many photos gain or lose a label's suggestion, and those that moved furthest."""

    group: str
    label: str
    gained: int
    lost: int
    gained_slots: tuple[int, ...]
    lost_slots: tuple[int, ...]

    @classmethod
    def read(cls, data: dict[str, Any]) -> LabelChange:
        """Read it out of a part of the report."""
        gained, lost = (data.get(f"{name}_slots") or () for name in ("gained", "lost"))
        return cls(
            str(data.get("group", "")),
            str(data.get("label", "")),
            int(data.get("gained") or 0),
            int(data.get("lost") or 0),
            tuple(map(int, gained)),
            tuple(map(int, lost)),
        )


@dataclass(frozen=True)
class GroupRow:
    """One group of the report."""

    name: str
    kind: str
    change: Change
    verdict: str
    measure: str
    photos: int
    pooled: bool
    new: bool
    unchanged: bool
    diagnostics: dict[str, Any]

    @property
    def words(self) -> str:
        """What the figures rest on, or why there are none."""
        if self.unchanged:
            return "Kept as it was: there was nothing new to learn."
        if self.new:
            return "New: the present model does not know this group."
        if self.change.difference is None:
            return "Not measured: no judged photo has labels of this group."
        measure = MEASURES.get(self.measure, self.measure)
        return f"{measure} of “{self.name}” on {count(self.photos, 'photo')}"


@dataclass(frozen=True)
class Report:
    """A whole report.

    Attributes:
        bundle: id of the new model; `parent` that of the one it was compared with.
        missing: sentences, one per label with too few examples.
        changes: labels that would be suggested for other photos, among `changes_of` photos.
        parity: sentences: whether the stored model answers as it was trained.
        curves: learning curves, see `tagger.library.runs.read_curves`.
        page: the report as a page for a browser.
    """

    verdict: str
    recommended: bool
    reasons: tuple[str, ...]
    groups: tuple[GroupRow, ...]
    labels: tuple[LabelRow, ...]
    missing: tuple[str, ...]
    bundle: str
    parent: str
    training: int
    judging: int
    seconds: float
    changes: tuple[LabelChange, ...] = ()
    changes_of: int = 0
    parity: tuple[str, ...] = ()
    curves: tuple[dict[str, Any], ...] = ()
    page: Path | None = None

    @property
    def title(self) -> str:
        """The verdict as a sentence."""
        return verdict_sentence(self.verdict)

    @property
    def advice(self) -> str:
        """Whether the new model is recommended."""
        return "Recommended" if self.recommended else "Not recommended"

    @property
    def basis(self) -> str:
        """What it was learned from and judged on."""
        words = f"Learned from {count(self.training, 'photo')}"
        if self.judging:
            words += f", judged on {count(self.judging, 'other photo')}"
        return f"{words}, in {self.seconds:.0f} seconds." if self.seconds else f"{words}."

    @property
    def compared_by(self) -> str:
        """What the figures of the groups are, and what they rest on; empty where there are none."""
        measured = [g for g in self.groups if g.change.difference is not None and not g.unchanged]
        if not measured:
            return ""
        words = f"Compared by {listed([group.words for group in measured], 12)}."
        pooled = [f"“{group.name}”" for group in measured if group.pooled]
        if not pooled:
            return words
        some = len(pooled) < len(measured)
        which = f"Of {listed(pooled)} training photos" if some else "Training photos"
        return f"{words} {which} are among them, by scores of models that never saw them."

    @property
    def missing_words(self) -> str:
        """How many labels have too few examples."""
        number = len(self.missing)
        verb = "has" if number == 1 else "have"
        return f"{count(number, 'label').capitalize()} {verb} too few examples to be judged."


def read_report(path: Path) -> Report:
    """Read a report.

    Raises:
        ReportError: it is gone or damaged.
    """
    try:
        report = parse_report(json.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise ReportError("The report of this model is gone: its run was deleted.") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ReportError(f"The report {path} cannot be read ({error}).") from error
    page = path.with_name(REPORT_PAGE)
    curves = tuple(read_curves(path.parent))
    return replace(report, curves=curves, page=page if page.is_file() else None)


def parse_report(data: dict[str, Any]) -> Report:
    """Return the report that a training's JSON says; what is missing in it stays empty."""
    photos = data.get("photos") or {}
    groups: dict[str, dict[str, Any]] = data.get("groups") or {}
    return Report(
        verdict=str(data.get("verdict", "")),
        recommended=bool(data.get("recommended")),
        reasons=tuple(map(str, data.get("reasons") or ())),
        groups=tuple(_group_row(name, found) for name, found in groups.items()),
        labels=tuple(
            _label_row(group, name, entry)
            for group, found in groups.items()
            if not found.get("unchanged")
            for name, entry in (found.get("labels") or {}).items()
        ),
        missing=tuple(
            sentence.replace("`", "“", 1).replace("`", "”", 1)
            for sentence in map(str, data.get("missing") or ())
        ),
        bundle=str(data.get("bundle", "")),
        parent=str(data.get("parent") or ""),
        training=int(photos.get("training") or 0),
        judging=int(photos.get("judging") or 0),
        seconds=_number(data.get("total_s")) or 0.0,
        changes=tuple(map(LabelChange.read, (data.get("changes") or {}).get("labels") or ())),
        changes_of=int((data.get("changes") or {}).get("photos") or 0),
        parity=_parity(data),
    )


def _parity(data: dict[str, Any]) -> tuple[str, ...]:
    said = [(data.get("torch_parity") or {}).get("sentence")]
    said += (data.get("parity") or {}).get("sentences") or ()
    return tuple(str(each) for each in said if each)


def report_path(spec: BundleSpec) -> Path | None:
    """Return where the report of a model lies, None if it was not trained on this machine."""
    run = spec.dataset.get("run")
    name = Path(str(run)).name if run else ""
    path = user_folder("runs") / name / "report.json"
    return path if name and path.is_file() else None


def _group_row(name: str, data: dict[str, Any]) -> GroupRow:
    return GroupRow(
        name=name,
        kind=str(data.get("kind", "")),
        change=Change.read(data),
        verdict=str(data.get("verdict") or ""),
        measure=str(data.get("measure", "")),
        photos=int(data.get("photos") or 0),
        pooled=bool(data.get("pooled")),
        new=bool(data.get("new")),
        unchanged=bool(data.get("unchanged")),
        diagnostics=data.get("diagnostics") or {},
    )


def _label_row(group: str, name: str, data: dict[str, Any]) -> LabelRow:
    return LabelRow(
        group,
        name,
        Change.read(data),
        int(data.get("support") or 0),
        bool(data.get("new")),
        data.get("suggested_before"),
        data.get("suggested_after"),
        _bounds(data),
    )


def _bounds(data: dict[str, Any]) -> tuple[float, float] | None:
    low, high = _number(data.get("after_low")), _number(data.get("after_high"))
    return None if low is None or high is None else (low, high)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value == value else None


def share(value: float | None) -> str:
    """Return a figure between 0 and 1 as it stands in tables."""
    return "–" if value is None else f"{value:.3f}"
