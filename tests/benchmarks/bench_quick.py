"""Quick retraining beside scikit-learn's one-vs-rest logistic regression, on one library.

The library must have been suggested and labelled, for example:

    tagger suggest everyday && tagger import everyday everyday/labels.csv
    python tests/benchmarks/bench_quick.py everyday --freedom 0.008

Both get the same embeddings, training photos and judging photos; scikit-learn gets inputs that
are scaled as ours are and the best of the freedoms named (chosen on the judging photos, in its
favour). Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression

from tagger.bundle.heads import head_logits
from tagger.core.metrics import average_precision, counts_in_map, mean_of
from tagger.library.library import Library
from tagger.library.session import bundle_store
from trainer.begin import begin
from trainer.progress import Progress
from trainer.quick.learn import learn_groups, prepare
from trainer.quick.task import make_task


class Quiet(Progress):
    """Tells nothing."""

    def tell(self, stage: str, fraction: float, message: str) -> None:
        """Tell nothing."""

    def part(self, first: float, last: float) -> Quiet:
        """Return itself."""
        return self


def fit_one(x: np.ndarray, target: np.ndarray, others: np.ndarray, freedom: float) -> np.ndarray:
    """Fit one label and score other photos."""
    known = target >= 0
    if len(np.unique(target[known])) < 2:
        return np.full(len(others), float((target == 1).any()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=freedom, tol=1e-3, max_iter=300)
        return model.fit(x[known], target[known]).decision_function(others)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--group", default="tags")
    parser.add_argument("--freedom", type=float, action="append", help="C of scikit-learn")
    parser.add_argument("--skip-sklearn", action="store_true")
    arguments = parser.parse_args()
    with Library.open(arguments.library) as library:
        start = begin(library, bundle_store())
        dataset = start.dataset
        embeddings = start.embeddings.read(dataset.slots)
        data = next(d for d in dataset.groups if d.group.name == arguments.group)
        task = make_task(dataset, data, start.ancestry.root)
        plain = make_task(dataset, data, None)
    assert task is not None
    assert plain is not None
    judging = np.flatnonzero(dataset.judges)
    result = {"photos": len(task.rows), "labels": len(plain.labels)}
    for name, chosen in (("ours", task), ("plain", plain)):
        began = time.monotonic()
        material = prepare(dataset, embeddings, start.ancestry.deep)
        fitted = learn_groups([chosen], material, Quiet())[0]
        result[f"{name}_s"] = round(time.monotonic() - began, 2)
        scores = head_logits(fitted.head, embeddings[judging])
        result[f"{name}_map"] = judged_map(data, chosen, judging, scores)
    if not arguments.skip_sklearn:
        x = material.basis.inputs.apply(embeddings[plain.rows])
        others = material.basis.inputs.apply(embeddings[judging])
        began = time.monotonic()
        maps = []
        for freedom in arguments.freedom or [0.008]:
            columns = Parallel(n_jobs=2)(
                delayed(fit_one)(x, plain.targets[:, at], others, freedom)
                for at in range(len(plain.labels))
            )
            maps.append(judged_map(data, plain, judging, np.stack(columns, axis=1)))
        result["sklearn_s"] = round(time.monotonic() - began, 2)
        result["sklearn_map"] = max(maps)
    print(json.dumps(result))


def judged_map(data: object, task: object, judging: np.ndarray, scores: np.ndarray) -> float:
    """Return `map` on the judging photos."""
    at = [data.labels.index(label) for label in task.labels]
    targets = data.targets[judging][:, at]
    counting = counts_in_map(targets, task.positives)
    return round(mean_of(average_precision(targets, scores), counting), 4)


if __name__ == "__main__":
    main()
