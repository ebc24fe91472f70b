"""scikit-learn's one-vs-rest logistic regression on the same inputs and the same grid of C."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.bench.labelled import LabelledGroup
from trainer.bench.quick import mean_precision, tasks_of
from trainer.quick.basis import Floats, inputs_for
from trainer.quick.fitting import FREEDOMS

JOBS = 2
TOLERANCE = 1e-3
STEPS = 300


@dataclass(frozen=True)
class Rival:
    """What scikit-learn needed and reached.

    Attributes:
        best_seconds: of the fit with its best C alone.
        grid_seconds: of all fits of the grid.
        map: with its best C, chosen on the judged photos, in its favour.
        freedom: that C.
    """

    best_seconds: float
    grid_seconds: float
    map: float
    freedom: float


def fit_rival(
    groups: Sequence[LabelledGroup],
    embeddings: NDArray[np.float16],
    train: NDArray[np.int64],
    judge: NDArray[np.int64],
) -> Rival | None:
    """Fit every label for every C, two labels at a time; None where scikit-learn is missing.

    Args:
        groups: as read.
        embeddings: float16 [photos, D].
        train: int64, rows of the photos to learn from.
        judge: int64, rows of those to judge on.
    """
    try:
        from joblib import Parallel, delayed
    except ModuleNotFoundError:
        return None
    tasks = tasks_of(groups, train)
    inputs = inputs_for(embeddings[train])
    x, others = inputs.apply(embeddings[train]), inputs.apply(embeddings[judge])
    tried: list[tuple[float, float, float]] = []
    with Parallel(n_jobs=JOBS) as parallel:
        few = x[:, :2]  # so that starting the processes is not timed
        parallel(delayed(_fit_label)(few, np.arange(len(few)) % 2, few, 1.0) for _ in range(8))
        for freedom in FREEDOMS:
            began = time.monotonic()
            scores = []
            for task in tasks:
                columns = parallel(
                    delayed(_fit_label)(x, column, others, freedom) for column in task.targets.T
                )
                scores.append(np.stack(columns, axis=1).astype(np.float32))
            seconds = time.monotonic() - began
            tried.append((mean_precision(groups, tasks, judge, scores), seconds, freedom))
    best = max(tried)
    return Rival(best[1], sum(seconds for _, seconds, _ in tried), best[0], best[2])


def _fit_label(x: Floats, target: NDArray[np.int8], others: Floats, freedom: float) -> Floats:
    """Fit one label against the rest; return its logits of other photos."""
    from sklearn.linear_model import LogisticRegression

    known = target >= 0
    if len(np.unique(target[known])) < 2:
        return np.zeros(len(others), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=freedom, tol=TOLERANCE, max_iter=STEPS, solver="lbfgs")
        model.fit(x[known], target[known])
    return np.asarray(model.decision_function(others), np.float32)
