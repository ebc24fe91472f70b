"""Before and after on the same photos: figures, verdict, and why the new model is recommended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.core.intervals import Difference
from tagger.core.schema import Group, Label
from tagger.core.targets import NEGATIVE, POSITIVE
from tagger.core.verdict import (
    BETTER,
    CANNOT_TELL,
    ENOUGH_PHOTOS,
    JUDGED_WELL,
    LABEL_LOSS,
    SUGGESTED_OFTEN,
    SUGGESTIONS_LOST,
    GroupVerdict,
    group_verdict,
    overall_verdict,
    signed,
)
from trainer.judging import (
    Comparison,
    LabelAlone,
    common_labels,
    compare_multi,
    compare_single,
    judge_alone,
    suggestions,
)
from trainer.scores import LabelScores

SHOWN_WRONG = 5
"""Lost suggestions with a known answer from which it counts whether they were wrong."""

NAMED = 5
"""Labels named in one reason; of more the number is said."""


@dataclass(frozen=True)
class GroupCase:
    """Everything needed to compare old and new model on one group.

    Attributes:
        group: the library's group.
        labels: its labels by num.
        nums: labels of the columns of `targets`.
        targets: int8 [photos, labels], of all photos scored here.
        held_out: bool [photos], may judge.
        pooled: bool [photos], training photos with out-of-fold scores of both models.
        before: the old model's scores of these photos, None if it does not know the group.
        after: the new model's, None if it dropped the group.
        after_pooled: the new model's scores with out-of-fold ones in the pooled photos.
        before_pooled: the old model's, likewise.
        unchanged: both say the same, so there is nothing to compare.
        learned: the new model learned the group anew; else its head was kept.
    """

    group: Group
    labels: Mapping[int, Label]
    nums: tuple[int, ...]
    targets: NDArray[np.int8]
    held_out: NDArray[np.bool_]
    pooled: NDArray[np.bool_]
    before: LabelScores | None
    after: LabelScores | None
    before_pooled: LabelScores | None
    after_pooled: LabelScores | None
    unchanged: bool
    learned: bool = True

    def targets_of(self, nums: Sequence[int]) -> NDArray[np.int8]:
        """Return the targets of these labels: int8 [photos, labels]."""
        return self.targets[:, [self.nums.index(num) for num in nums]]


@dataclass(frozen=True)
class Judgement:
    """What a report says in short.

    Attributes:
        verdict: in the words of `tagger.core.verdict`.
        recommended: whether the new model should take over.
        reasons: sentences, most important first.
        groups: details by group name, as plain JSON values.
    """

    verdict: str
    recommended: bool
    reasons: list[str]
    groups: dict[str, Any]


def judge(cases: Sequence[GroupCase]) -> Judgement:
    """Compare old and new model in every group and say whether the new one is recommended."""
    words, reasons, details = [], [], {}
    losses: list[str] = []
    for case in cases:
        comparison, verdict, pooled = _compare(case)
        if verdict is not None:
            words.append(verdict.word)
            reasons += _group_reasons(case, comparison, verdict)
        losses += _label_losses(case, comparison)
        losses += _suggestion_losses(case)
        details[case.group.name] = _details(case, comparison, verdict, pooled)
    overall = overall_verdict(words)
    recommended = overall != CANNOT_TELL and not losses
    if not words:
        reasons.append("There is nothing the present model knows that could have become worse.")
    return Judgement(overall, recommended, losses + reasons + _news(cases), details)


def _compare(case: GroupCase) -> tuple[Comparison | None, GroupVerdict | None, bool]:
    """Return comparison, verdict (None: nothing to judge) and whether scores were pooled in."""
    if case.before is None:
        return None, None, False
    if case.unchanged:
        return None, group_verdict(Difference(0.0, 0.0, 0.0), 0), False
    if case.after is None:
        return None, GroupVerdict(CANNOT_TELL, None), False
    if not common_labels(case.before, case.after):
        return None, None, False
    comparison = _compared(case, case.held_out, case.before, case.after)
    pooled = comparison.photos < ENOUGH_PHOTOS and bool(case.pooled.any())
    if pooled and case.before_pooled is not None and case.after_pooled is not None:
        rows = case.held_out | case.pooled
        comparison = _compared(case, rows, case.before_pooled, case.after_pooled)
    if not case.learned and math.isnan(comparison.difference.low):
        return comparison, None, False  # a kept head that nobody's labels can judge
    return comparison, group_verdict(comparison.difference, comparison.photos), pooled


def _compared(
    case: GroupCase, photos: NDArray[np.bool_], before: LabelScores, after: LabelScores
) -> Comparison:
    rows = np.flatnonzero(photos)
    before, after = before.rows(rows), after.rows(rows)
    if case.group.kind == "single":
        return compare_single(case.targets[rows], case.nums, before, after)
    nums = common_labels(before, after)
    return compare_multi(case.targets_of(nums)[rows], before.of(nums), after.of(nums))


def _group_reasons(
    case: GroupCase, comparison: Comparison | None, verdict: GroupVerdict
) -> list[str]:
    name = f"“{case.group.name}”"
    if case.after is None:
        return [f"{name} is no longer known: it has no examples any more."]
    if comparison is None:
        return []
    figures = _difference_text(comparison)
    if verdict.word == BETTER:
        return [f"{name} is better: {figures}."]
    if verdict.word != CANNOT_TELL:
        return [f"{name} is not worse: {figures}."]
    if verdict.more_photos is None:
        return [f"{name} seems worse: {figures}."]
    photos = "photo" if verdict.more_photos == 1 else "photos"
    more = f"about {verdict.more_photos:,} more judged {photos} would tell"
    if math.isnan(comparison.difference.low):
        why = "no photo kept out of training has a label that both models know"
        return [f"{name} cannot be judged: {why} ({more})."]
    return [f"{name} can't be told yet: {figures}; {more}."]


def _difference_text(comparison: Comparison) -> str:
    what = "mAP" if comparison.measure == "map" else "accuracy"
    change = comparison.difference
    return (
        f"{what} {comparison.before:.3f} → {comparison.after:.3f} "
        f"({signed(change.low)} to {signed(change.high)}, {comparison.photos:,} photos)"
    )


def _label_losses(case: GroupCase, comparison: Comparison | None) -> list[str]:
    if comparison is None:
        return []
    return [
        f"“{case.labels[num].name}” lost {-label.difference.value:.2f} average precision "
        f"({label.before:.2f} → {label.after:.2f} on {label.positives} photos)."
        for num, label in comparison.labels.items()
        if label.positives >= JUDGED_WELL and label.difference.high < -LABEL_LOSS
    ]


def _suggestion_losses(case: GroupCase) -> list[str]:
    """Name labels that nearly vanished from the suggestions without being known to be wrong."""
    if case.before is None or case.after is None or case.unchanged:
        return []
    said_before = suggestions(case.group.kind, case.before)
    said_after = suggestions(case.group.kind, case.after)
    lost = []
    for num in common_labels(case.before, case.after):
        old = said_before[:, case.before.nums.index(num)]
        new = said_after[:, case.after.nums.index(num)]
        if old.sum() >= SUGGESTED_OFTEN and new.sum() < (1 - SUGGESTIONS_LOST) * old.sum():
            targets = case.targets[old & ~new, case.nums.index(num)]
            if not _known_to_be_wrong(targets):
                lost.append(f"“{case.labels[num].name}” ({int(old.sum())} → {int(new.sum())})")
    if not lost:
        return []
    others = f" and {len(lost) - NAMED} other labels" if len(lost) > NAMED else ""
    return [
        f"More than {SUGGESTIONS_LOST:.0%} of the suggestions are gone: "
        f"{', '.join(lost[:NAMED])}{others}."
    ]


def _known_to_be_wrong(targets: NDArray[np.int8]) -> bool:
    """Say whether the suggestions that went were mostly mistakes, as far as anyone decided."""
    wrong, right = int((targets == NEGATIVE).sum()), int((targets == POSITIVE).sum())
    return wrong + right >= SHOWN_WRONG and wrong >= SUGGESTIONS_LOST * (wrong + right)


def _news(cases: Sequence[GroupCase]) -> list[str]:
    """Say which labels the old model did not know."""
    fresh = []
    for case in cases:
        old = set(case.before.nums) if case.before is not None else set()
        fresh += [num for num in (case.after.nums if case.after else ()) if num not in old]
    if not fresh:
        return []
    return [f"{len(fresh)} {'label is' if len(fresh) == 1 else 'labels are'} new."]


def _details(
    case: GroupCase,
    comparison: Comparison | None,
    verdict: GroupVerdict | None,
    pooled: bool,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": case.group.kind,
        "new": case.before is None,
        "unchanged": case.unchanged,
        "verdict": verdict.word if verdict else None,
        "more_photos": verdict.more_photos if verdict else None,
    }
    if comparison is not None:
        found |= {
            "measure": comparison.measure,
            "photos": comparison.photos,
            "pooled": pooled,
            "before": plain(comparison.before),
            "after": plain(comparison.after),
            **_interval(comparison.difference),
        }
    found["labels"] = _label_details(case, comparison)
    return found


def _label_details(case: GroupCase, comparison: Comparison | None) -> dict[str, dict[str, Any]]:
    said = {}
    for name, scores in (("before", case.before), ("after", case.after)):
        if scores is not None:
            counts = suggestions(case.group.kind, scores).sum(axis=0).tolist()
            said[name] = dict(zip(scores.nums, counts, strict=True))
    details: dict[str, dict[str, Any]] = {}
    fresh = _fresh(case)
    for num in [*said.get("after", {}), *said.get("before", {})]:
        entry: dict[str, Any] = {
            "new": num not in said.get("before", {}),
            "suggested_before": said.get("before", {}).get(num),
            "suggested_after": said.get("after", {}).get(num),
        }
        label = comparison.labels.get(num) if comparison else None
        if label is not None:
            entry |= {
                "before": plain(label.before),
                "after": plain(label.after),
                "support": label.positives,
                **_interval(label.difference),
            }
        elif num in fresh:
            alone = fresh[num].precision
            entry |= {
                "after": plain(alone.value),
                "after_low": plain(alone.low),
                "after_high": plain(alone.high),
                "support": fresh[num].positives,
            }
        details[case.labels[num].name] = entry
    return details


def _fresh(case: GroupCase) -> dict[int, LabelAlone]:
    """Judge the labels that are new; where few photos judge, training photos too, out of fold."""
    if case.after is None:
        return {}
    known = case.before.nums if case.before is not None else ()
    nums = [num for num in case.after.nums if num not in known]
    if not nums:
        return {}
    rows, scores = case.held_out, case.after
    enough = int((case.targets_of(nums)[rows] >= NEGATIVE).any(axis=1).sum()) >= ENOUGH_PHOTOS
    if not enough and case.after_pooled is not None:
        rows, scores = case.held_out | case.pooled, case.after_pooled
    return judge_alone(case.targets_of(nums)[rows], scores.of(nums).rows(np.flatnonzero(rows)))


def _interval(difference: Difference) -> dict[str, float | None]:
    return {
        "difference": plain(difference.value),
        "low": plain(difference.low),
        "high": plain(difference.high),
    }


def plain(value: float) -> float | None:
    """Return a figure for JSON: rounded, None where it could not be measured."""
    return None if math.isnan(value) else round(float(value), 4)
