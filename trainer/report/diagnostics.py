"""Where old and new model err: precision and recall, confusion, calibration, on judged photos.

All figures are of the photos that judge (kept out of training), and of the labels both models know.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.core.metrics import one_answer
from tagger.core.targets import NEGATIVE, POSITIVE
from tagger.core.thresholds import sigmoid
from trainer.judging import common_labels, suggestions
from trainer.report.judge import GroupCase
from trainer.scores import LabelScores

POINTS = 60
"""Points of a precision–recall curve that are kept."""

BINS = 10
CONFUSED_MOST = 15
"""Labels of a single group that stand in its table of confusions; the commonest ones."""

Floats = NDArray[np.floating]


def diagnose(case: GroupCase) -> dict[str, Any]:
    """Return a group's curves and tables as plain JSON values; empty where nothing can be judged.

    Returns:
        `precision_recall`, `calibration`: {"before": …, "after": …}; `confusion` for a single
        group; `counts` by label name for a multi group.
    """
    if case.after is None:
        return {}
    models = {"after": case.after}
    if case.before is not None:
        models = {"before": case.before, "after": case.after}
    nums = common_labels(case.before or case.after, case.after)
    rows = np.flatnonzero(case.held_out)
    targets = case.targets_of(nums)[rows]
    known = targets >= NEGATIVE
    if not nums or not (targets == POSITIVE).any() or not known.any():
        return {}
    found: dict[str, Any] = {"photos": int(known.any(axis=1).sum())}
    curves, reliability = {}, {}
    for name, scores in models.items():
        logits = scores.of(nums).logits[rows]
        usable = known & ~np.isnan(logits)
        answers = targets[usable] == POSITIVE
        curves[name] = precision_recall(answers, logits[usable])
        reliability[name] = calibration(answers, sigmoid(logits[usable].astype(np.float64)))
    found |= {"precision_recall": curves, "calibration": reliability}
    tables = {name: scores.rows(rows) for name, scores in models.items()}
    if case.group.kind == "single":
        found["confusion"] = {n: _confusion(case, case.targets[rows], s) for n, s in tables.items()}
    else:
        found["counts"] = _counts(case, rows, tables)
    return found


def precision_recall(answers: NDArray[np.bool_], scores: NDArray[np.floating]) -> list[list[float]]:
    """Return up to `POINTS` points (recall, precision) over all decisions together (micro).

    Args:
        answers: bool [n], whether the label is true.
        scores: float [n]; ties fall together.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(answers[order])
    last_of_tie = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    recall = hits[last_of_tie] / max(1, hits[-1])
    precision = hits[last_of_tie] / (last_of_tie + 1)
    wanted = np.linspace(recall[0], 1.0, POINTS)
    at = np.unique(np.searchsorted(recall, wanted - 1e-12))
    at = at[at < len(recall)]
    return [[round(float(recall[k]), 4), round(float(precision[k]), 4)] for k in at]


def calibration(answers: NDArray[np.bool_], scores: Floats) -> dict[str, Any]:
    """Compare scores with how often they came true (expected calibration error, equal-width bins).

    Args:
        answers: bool [n].
        scores: float64 [n], probabilities.

    Returns:
        `error`: mean |score − share true| weighted by bin; `bins`: [mean score, share true, n].
    """
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    said = np.bincount(place, scores, BINS) / np.maximum(count, 1)
    true = np.bincount(place, answers, BINS) / np.maximum(count, 1)
    error = float((np.abs(said - true) * count).sum() / max(1, len(scores)))
    bins = [
        [round(float(said[k]), 4), round(float(true[k]), 4), int(count[k])]
        for k in np.flatnonzero(count)
    ]
    return {"error": round(error, 4), "bins": bins}


def _confusion(
    case: GroupCase, targets: NDArray[np.int8], scores: LabelScores
) -> dict[str, Any] | None:
    """Count true label × best label of a single group; rarer labels fall under “others”."""
    answers = one_answer(targets)
    rows = np.flatnonzero((answers >= 0) & ~np.isnan(scores.logits).any(axis=1))
    if not len(rows):
        return None
    true = np.array(case.nums)[answers[rows]]
    best = np.array(scores.nums)[scores.logits[rows].argmax(axis=1)]
    labels, counts = np.unique(np.concatenate([true, best]), return_counts=True)
    shown = labels[np.argsort(-counts, kind="stable")][:CONFUSED_MOST]
    names = [case.labels[int(num)].name if int(num) in case.labels else "?" for num in shown]
    others = len(names)
    place = {int(num): at for at, num in enumerate(shown)}
    table = np.zeros((others + 1, others + 1), np.int64)
    for one, other in zip(true.tolist(), best.tolist(), strict=True):
        table[place.get(one, others), place.get(other, others)] += 1
    if not table[others].any() and not table[:, others].any():
        return {"labels": names, "counts": table[:others, :others].tolist()}
    return {"labels": [*names, "others"], "counts": table.tolist()}


def _counts(
    case: GroupCase, rows: NDArray[np.int64], tables: dict[str, LabelScores]
) -> dict[str, dict[str, dict[str, int]]]:
    """Count right, wrong and missed suggestions of each label of the new model, also new ones."""
    asked = tables["after"].nums
    found: dict[str, dict[str, dict[str, int]]] = {case.labels[num].name: {} for num in asked}
    for name, scores in tables.items():
        nums = [num for num in asked if num in scores.nums]
        targets = case.targets_of(nums)[rows]
        said = suggestions(case.group.kind, scores.of(nums))
        right = (said & (targets == POSITIVE)).sum(axis=0)
        wrong = (said & (targets == NEGATIVE)).sum(axis=0)
        missed = (~said & (targets == POSITIVE)).sum(axis=0)
        for at, num in enumerate(nums):
            found[case.labels[num].name][name] = {
                "right": int(right[at]),
                "wrong": int(wrong[at]),
                "missed": int(missed[at]),
            }
    return found
