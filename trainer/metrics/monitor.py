"""What a training is judged by while it runs: mAP of multi groups, balanced accuracy of single."""

from __future__ import annotations

import numpy as np

from trainer.examples import Examples
from trainer.loop.predict import Predictions
from trainer.metrics.multi import Multi, mean_average_precision
from trainer.metrics.single import Single, balanced_accuracy

MEASURES = ("map", "balanced accuracy")
"""Of a multi and of a single group; a group's figure is called `MEASURE GROUP`."""

MEAN = "mean"
"""Name of the mean over groups."""


def standard_measure(said: Predictions, examples: Examples) -> dict[str, float]:
    """Return `map GROUP` or `balanced accuracy GROUP` of every group, and their `mean`.

    For `trainer.loop.fit.fit(…, measure=standard_measure)` with `monitor="mean"`.
    """
    figures: dict[str, float] = {}
    scores = said.scores(examples)
    for group in examples.groups:
        part = group.only(said.rows)
        if group.kind == "multi":
            data = Multi.of(part.targets, part.weights, scores[group.name])
            figures[f"{MEASURES[0]} {group.name}"] = mean_average_precision(data)
        else:
            answered = Single.of(part.answers, scores[group.name])
            figures[f"{MEASURES[1]} {group.name}"] = balanced_accuracy(answered)
    known = [value for value in figures.values() if not np.isnan(value)]
    return figures | {MEAN: float(np.mean(known)) if known else float("nan")}
