"""The sources' own metrics, beside what a recipe is judged by; computed by scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score, fbeta_score, log_loss, precision_recall_fscore_support

from trainer.examples import Examples, GroupExamples
from trainer.loop.predict import Predictions
from trainer.recipes.judge import Scores

HALF = 0.5
GRID = np.linspace(0.02, 0.98, 49)

Table = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What figures are computed from.

    Attributes:
        examples: the judged photos, with the truth.
        scores: of these photos.
        thresholds: fitted inside train, by group: float64 [labels]; where they are needed.
        facts: of the folder (`rows`: how often a group stands in the whole table).
    """

    examples: Examples
    scores: Scores
    thresholds: Mapping[str, NDArray[np.float64]]
    facts: Mapping[str, Any]


Figures = Callable[[Evidence], Table]


def _rounded(value: float) -> float:
    return round(float(value), 6)


def _first(evidence: Evidence) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return truth int64 [n, L] and scores float32 [n, L] of the only group."""
    group = evidence.examples.groups[0]
    return (group.targets >= HALF).astype(np.int64), evidence.scores[group.name]


def f2_per_sample(truth: NDArray[np.int64], said: NDArray[np.bool_], beta: float = 2.0) -> float:
    """Return the mean over photos of F-beta (0 where nothing is true and nothing said)."""
    return float(
        fbeta_score(truth, said.astype(np.int64), beta=beta, average="samples", zero_division=0)
    )


def cross_entropy(truth: NDArray[np.int64], scores: NDArray[np.float32]) -> float:
    """Return binary cross-entropy, mean over photos and labels."""
    flat = np.clip(scores.ravel().astype(np.float64), 1e-7, 1 - 1e-7)
    return float(log_loss(truth.ravel(), flat, labels=[0, 1]))


def f2_figures(evidence: Evidence) -> Table:
    """Satellite: loss, and F2 per sample of predictions rounded at 0.5."""
    truth, scores = _first(evidence)
    said = scores >= HALF
    return {
        "f2": _rounded(f2_per_sample(truth, said)),
        "loss": _rounded(cross_entropy(truth, scores)),
        "f2_by_label": {
            label: _rounded(
                fbeta_score(truth[:, at], said[:, at], beta=2, average="binary", zero_division=0)
            )
            for at, label in enumerate(evidence.examples.groups[0].labels)
        },
    }


def accuracy_figures(evidence: Evidence) -> Table:
    """Dogs: the share of photos whose best answer is right."""
    group = evidence.examples.groups[0]
    return {"accuracy": _rounded(masked_accuracy(group, evidence.scores[group.name]))}


def genre_figures(evidence: Evidence) -> Table:
    """Posters: macro-F1 at 0.5, and at thresholds fitted inside train."""
    truth, scores = _first(evidence)
    fitted = evidence.thresholds.get(evidence.examples.groups[0].name)
    figures = {"macro_f1_at_half": _rounded(_prf(truth, scores >= HALF, "macro")["f1"])}
    if fitted is not None:
        figures["macro_f1_fitted"] = _rounded(_prf(truth, scores >= fitted, "macro")["f1"])
    return figures


def tag_figures(evidence: Evidence) -> Table:
    """Tags: precision, recall and F1 at 0.5, micro, macro and by samples."""
    truth, scores = _first(evidence)
    said = scores >= HALF
    return {
        f"{average}_{name}": _rounded(value)
        for average in ("micro", "macro", "samples")
        for name, value in _prf(truth, said, average).items()
    }


def choose_by_macro_f1(predictions: Predictions, examples: Examples) -> Mapping[str, float]:
    """Return macro- and micro-F1 at 0.5 while training, to choose the best weights by."""
    group = examples.only(predictions.rows).groups[0]
    truth = (group.targets >= HALF).astype(np.int64)
    said = predictions.logits[group.name] >= 0
    return {
        "macro_f1": _prf(truth, said, "macro")["f1"],
        "micro_f1": _prf(truth, said, "micro")["f1"],
    }


def _prf(truth: NDArray[np.int64], said: NDArray[np.bool_], average: str) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        precision, recall, f1, _ = precision_recall_fscore_support(
            truth, said.astype(np.int64), average=average, zero_division=0
        )
    return {"precision": float(precision), "recall": float(recall), "f1": float(f1)}


def fit_thresholds(truth: NDArray[np.bool_], scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return for each label the threshold of greatest F1: float64 [L].

    Args:
        truth: bool [n, L], of photos that were not trained on.
        scores: float32 [n, L].
    """
    said = scores[:, :, None] >= GRID
    hits = (said & truth[:, :, None]).sum(axis=0)
    below = said.sum(axis=0) + truth.sum(axis=0)[:, None]
    f1 = np.divide(2 * hits, below, out=np.zeros(hits.shape), where=below > 0)
    best = f1.max(axis=1, keepdims=True)
    middle = np.argsort(f1 < best - 1e-12, axis=1, kind="stable")
    ties = (f1 >= best - 1e-12).sum(axis=1)
    return GRID[middle[np.arange(len(ties)), ties // 2]]


def masked_accuracy(group: GroupExamples, scores: NDArray[np.float32]) -> float:
    """Return the share of right answers among the photos whose answer is known."""
    answers = group.answers
    known = answers >= 0
    if not known.any():
        return float("nan")
    return float(accuracy_score(answers[known], scores[known].argmax(axis=1)))


def basic_precision(group: GroupExamples, scores: NDArray[np.float32]) -> float:
    """Return FashionAI's mean average precision of a group.

    Photos are ordered by how sure the model is; at each cut the precision is the share of right
    answers among those surer than the cut, and the mean is over all cuts.
    """
    answers = group.answers
    known = answers >= 0
    if not known.any():
        return float("nan")
    sure, said = scores[known].max(axis=1), scores[known].argmax(axis=1)
    right = (said == answers[known])[np.argsort(-sure, kind="stable")]
    return float(np.mean(np.cumsum(right) / np.arange(1, len(right) + 1)))


def fashion_figures(evidence: Evidence) -> Table:
    """Fashion: masked accuracy by group, its mean by the groups' rows in the table, and mAP."""
    groups = evidence.examples.groups
    rows: Mapping[str, int] = evidence.facts.get("rows", {})
    accuracy = {g.name: masked_accuracy(g, evidence.scores[g.name]) for g in groups}
    precision = {g.name: basic_precision(g, evidence.scores[g.name]) for g in groups}
    known = [g.name for g in groups if not np.isnan(accuracy[g.name])]
    weights = [rows.get(name, 1) for name in known]
    return {
        "masked_accuracy": _rounded(float(np.mean([accuracy[name] for name in known]))),
        "count_weighted": _rounded(np.average([accuracy[n] for n in known], weights=weights)),
        "basic_precision_map": _rounded(float(np.mean([precision[name] for name in known]))),
        "accuracy_by_group": {name: _rounded(accuracy[name]) for name in known},
    }
