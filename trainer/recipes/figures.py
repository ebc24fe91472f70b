"""The sources' own metrics of each recipe, beside what a recipe is judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss

from trainer.examples import Examples, GroupExamples
from trainer.loop.predict import Predictions
from trainer.metrics.multi import (
    AVERAGES,
    Multi,
    f_beta,
    f_beta_of_labels,
    precision,
    recall,
)
from trainer.metrics.single import Single, accuracy, count_weighted, mean_basic_precision
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

    def multi(self, thresholds: NDArray[np.float64] | float = HALF) -> Multi:
        """Return the only group, said where a score reaches the thresholds."""
        group = self.examples.groups[0]
        return Multi.of(group.targets, group.weights, self.scores[group.name], thresholds)

    def single(self) -> dict[str, Single]:
        """Return the groups in which one answer is right."""
        return {
            group.name: Single.of(group.answers, self.scores[group.name])
            for group in self.examples.groups
        }


Figures = Callable[[Evidence], Table]


def _rounded(value: float) -> float:
    return round(float(value), 6)


def cross_entropy(truth: NDArray[np.bool_], scores: NDArray[np.floating]) -> float:
    """Return binary cross-entropy, mean over photos and labels."""
    flat = np.clip(scores.ravel().astype(np.float64), 1e-7, 1 - 1e-7)
    return float(log_loss(truth.ravel(), flat, labels=[False, True]))


def f2_figures(evidence: Evidence) -> Table:
    """Satellite: loss, and F2 per sample of predictions rounded at 0.5."""
    data = evidence.multi()
    labels = evidence.examples.groups[0].labels
    by_label = f_beta_of_labels(data, beta=2)
    return {
        "f2": _rounded(f_beta(data, "samples", beta=2)),
        "loss": _rounded(cross_entropy(data.true, data.scores)),
        "f2_by_label": {
            label: _rounded(value) for label, value in zip(labels, by_label, strict=True)
        },
    }


def accuracy_figures(evidence: Evidence) -> Table:
    """Dogs: the share of photos whose best answer is right."""
    return {"accuracy": _rounded(accuracy(next(iter(evidence.single().values()))))}


def genre_figures(evidence: Evidence) -> Table:
    """Posters: macro-F1 at 0.5, and at thresholds fitted inside train."""
    figures = {"macro_f1_at_half": _rounded(f_beta(evidence.multi(), "macro"))}
    fitted = evidence.thresholds.get(evidence.examples.groups[0].name)
    if fitted is not None:
        figures["macro_f1_fitted"] = _rounded(f_beta(evidence.multi(fitted), "macro"))
    return figures


def tag_figures(evidence: Evidence) -> Table:
    """Tags: precision, recall and F1 at 0.5, micro, macro and by samples."""
    data = evidence.multi()
    return {
        f"{average}_{name}": _rounded(figure(data, average))
        for average in AVERAGES
        for name, figure in (("precision", precision), ("recall", recall), ("f1", f_beta))
    }


def choose_by_macro_f1(predictions: Predictions, examples: Examples) -> Mapping[str, float]:
    """Return macro- and micro-F1 at 0.5 while training, to choose the best weights by."""
    group = examples.only(predictions.rows).groups[0]
    data = Multi.of(group.targets, group.weights, predictions.logits[group.name], 0.0)
    return {"macro_f1": f_beta(data, "macro"), "micro_f1": f_beta(data, "micro")}


def fashion_figures(evidence: Evidence) -> Table:
    """Fashion: masked accuracy by group, its mean by the groups' rows in the table, and mAP."""
    groups = {name: data for name, data in evidence.single().items() if len(data)}
    counts: Mapping[str, int] = evidence.facts.get("rows") or dict.fromkeys(groups, 1)
    by_group = {name: _rounded(accuracy(data)) for name, data in groups.items()}
    return {
        "masked_accuracy": _rounded(float(np.mean(list(by_group.values())))),
        "count_weighted": _rounded(count_weighted(groups, counts)),
        "basic_precision_map": _rounded(mean_basic_precision(groups)),
        "accuracy_by_group": by_group,
    }


def fit_thresholds(group: GroupExamples, scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return for each label of a multi group the threshold of greatest F1: float64 [L].

    Args:
        group: photos that were not trained on.
        scores: float32 [n, L], of the same photos.
    """
    truth = (group.targets >= HALF) & (group.weights > 0)
    said = (scores[:, :, None] >= GRID) & (group.weights > 0)[:, :, None]
    hits = (said & truth[:, :, None]).sum(axis=0)
    below = said.sum(axis=0) + truth.sum(axis=0)[:, None]
    f1 = np.divide(2 * hits, below, out=np.zeros(hits.shape), where=below > 0)
    best = f1 >= f1.max(axis=1, keepdims=True) - 1e-12
    return np.array([np.median(GRID[ties]) for ties in best])


def multi_thresholds(examples: Examples, scores: Scores) -> dict[str, NDArray[np.float64]]:
    """Return thresholds of the multi groups, fitted on photos that were not trained on."""
    return {
        group.name: fit_thresholds(group, scores[group.name])
        for group in examples.groups
        if group.kind == "multi"
    }
