"""Which photos of the library gain or lose which suggestions, and the clearest examples."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.imaging.problems import PhotoProblem
from tagger.imaging.thumbnails import make_thumbnail
from trainer.judging import suggestions
from trainer.report.judge import GroupCase
from trainer.scores import LabelScores

SHOWN_LABELS = 16
"""Labels with the most changes, of which photos are shown."""

SHOWN_PHOTOS = 5
"""Photos shown of a label, for gains and for losses."""

SIDE = 128
"""Longest side of a thumbnail, in pixels."""


def label_changes(case: GroupCase, slots: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Count the photos that gain or lose each label's suggestion, thresholds as they are.

    Args:
        case: scores of both models.
        slots: int64 [photos], of the case's rows.

    Returns:
        by label, most changes first: `group`, `label`, `gained`, `lost`, and the slots of the
        photos where the score moved furthest (`gained_slots`, `lost_slots`).
    """
    if case.after is None or case.unchanged:
        return []
    nums = case.after.nums
    before = _said_before(case, nums)
    after = suggestions(case.group.kind, case.after)
    moved = _moved(case, nums)
    found = []
    for at, num in enumerate(nums):
        gained = np.flatnonzero(after[:, at] & ~before[:, at])
        lost = np.flatnonzero(before[:, at] & ~after[:, at])
        if len(gained) + len(lost):
            found.append(
                {
                    "group": case.group.name,
                    "label": case.labels[num].name,
                    "gained": len(gained),
                    "lost": len(lost),
                    "gained_slots": slots[_furthest(gained, moved[:, at])].tolist(),
                    "lost_slots": slots[_furthest(lost, -moved[:, at])].tolist(),
                }
            )
    return sorted(found, key=lambda each: -(each["gained"] + each["lost"]))


def _said_before(case: GroupCase, nums: Sequence[int]) -> NDArray[np.bool_]:
    said = np.zeros((len(case.targets), len(nums)), bool)
    if case.before is not None:
        old = suggestions(case.group.kind, case.before)
        for at, num in enumerate(nums):
            if num in case.before.nums:
                said[:, at] = old[:, case.before.nums.index(num)]
    return said


def _moved(case: GroupCase, nums: Sequence[int]) -> NDArray[np.float32]:
    """Return how far each score moved, in logits above the threshold: float32 [photos, labels]."""
    assert case.after is not None
    moved = _above(case.after)
    if case.before is not None:
        old = _above(case.before)
        for at, num in enumerate(nums):
            if num in case.before.nums:
                moved[:, at] -= old[:, case.before.nums.index(num)]
    return moved


def _above(scores: LabelScores) -> NDArray[np.float32]:
    return np.nan_to_num(scores.logits - scores.thresholds.astype(np.float32))


def _furthest(rows: NDArray[np.int64], moved: NDArray[np.float32]) -> NDArray[np.int64]:
    return rows[np.argsort(-moved[rows], kind="stable")][:SHOWN_PHOTOS]


def thumbnails(
    changes: Sequence[dict[str, Any]], photo_path: Callable[[int], Path]
) -> dict[int, str]:
    """Return small pictures of the photos shown, as `data:` addresses, by slot.

    Photos that cannot be read are left out.
    """
    wanted = [
        slot
        for change in changes[:SHOWN_LABELS]
        for slot in (*change["gained_slots"], *change["lost_slots"])
    ]
    found = {}
    for slot in dict.fromkeys(wanted):
        try:
            jpeg = make_thumbnail(photo_path(slot), SIDE)
        except (PhotoProblem, OSError):
            continue
        found[slot] = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
    return found
