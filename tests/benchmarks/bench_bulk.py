"""Should bulk decisions weigh less than single ones? Measured with made mistakes.

    python tests/benchmarks/bench_bulk.py ../shared/data/captions

Half of the training photos count as decided in bulk; of their confirmed labels a share is wrong:
taken from the photos that have them and given to the photos that a first model finds most likely
among those that have not, as a person would who accepts suggestions unseen. Then bulk photos weigh
1, 0.5 or 0.25 in the fit. mAP on the photos that the split keeps out, mean of the draws; one line
of JSON a share of mistakes.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tagger.core.targets import NEGATIVE, POSITIVE
from trainer.bench.embedding import starter_embeddings
from trainer.bench.labelled import read_labelled
from trainer.bench.quick import mean_precision, tasks_of
from trainer.quick.basis import make_basis
from trainer.quick.fitting import fit_final
from trainer.quick.learn import USUAL
from trainer.quick.problems import GroupInputs, Setting
from trainer.quick.task import GroupTask

SHARES = (0.0, 0.1, 0.2, 0.4)
WEIGHTS = (1.0, 0.5, 0.25)


@dataclass(frozen=True)
class Weighed(GroupTask):
    """A task in which each photo has a weight: float32 [n]."""

    photo_weights: np.ndarray = None  # type: ignore[assignment]

    def weights(self, weak: float = 0.3) -> np.ndarray:
        """Return the pairs' weights times their photo's."""
        return super().weights(weak) * self.photo_weights[:, None]


def spoilt(targets: np.ndarray, scores: np.ndarray, bulk: np.ndarray, share: float, rng):
    """Return targets int8 [n, L] with a share of the bulk photos' confirmed labels wrong."""
    made = targets.copy()
    for at in range(targets.shape[1]):
        right = np.flatnonzero(bulk & (targets[:, at] == POSITIVE))
        wrong = np.flatnonzero(bulk & (targets[:, at] == NEGATIVE))
        count = min(int(rng.binomial(len(right), share)), len(wrong))
        likely = wrong[np.argsort(-scores[wrong, at])][: 3 * count]
        made[rng.permutation(right)[:count], at] = NEGATIVE
        made[rng.permutation(likely)[:count], at] = POSITIVE
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--draws", type=int, default=5)
    arguments = parser.parse_args()
    data = read_labelled(arguments.data)
    embeddings, readable = starter_embeddings(data.photos, lambda share: None)
    train = np.flatnonzero(data.trains & readable)
    judge = np.flatnonzero(~data.trains & readable)
    group = data.groups[0]
    task = tasks_of([group], train)[0]
    basis, x = make_basis(embeddings[train])
    inputs = GroupInputs(x, basis.variances, None)
    others = basis.coordinates(embeddings[judge])
    usual = np.full(task.columns, USUAL)
    half = np.random.default_rng(99).random(len(train)) < 0.5
    first = fit_final(task.only(half), inputs.rows(half), usual, Setting()).logits(x, None)
    for share in SHARES:
        found = []
        for draw in range(arguments.draws):
            rng = np.random.default_rng(draw)
            bulk = rng.random(len(train)) < 0.5
            noisy = replace(task, targets=spoilt(task.targets, first, bulk, share, rng))
            row = []
            for weight in WEIGHTS:
                weighed = Weighed(
                    **vars(noisy), photo_weights=np.where(bulk, weight, 1).astype(np.float32)
                )
                z = fit_final(weighed, inputs, usual, Setting()).logits(others, None)
                row.append(mean_precision([group], [task], judge, [z]))
            found.append(row)
        values = np.array(found)
        gain = values - values[:, :1]
        error = gain.std(axis=0, ddof=1) / np.sqrt(len(values))
        print(
            json.dumps(
                {
                    "wrong": share,
                    "weights": WEIGHTS,
                    "map": [round(float(v), 4) for v in values.mean(axis=0)],
                    "gain": [round(float(v), 4) for v in gain.mean(axis=0)],
                    "standard_error": [round(float(v), 4) for v in error],
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
