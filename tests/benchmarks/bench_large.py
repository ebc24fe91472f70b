"""Quick retraining of 20,000 photos and 300 labels: seconds of the final fit, and of all of it.

    python tests/benchmarks/bench_large.py ../shared/data/everyday [--photos 20000] [--labels 300]

There is no labelled set so large here: photos of the folder are drawn with replacement, every
number of their embeddings changed by a few percent, so that no two are alike. The figures go to
`resources/BENCHMARKS.md`.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from bench_page import conditions, replace_section, table

from tagger.core.targets import POSITIVE
from trainer.bench.embedding import starter_embeddings
from trainer.bench.labelled import LabelledGroup, read_labelled
from trainer.bench.quick import final_fit_seconds, fit_groups

CHANGE = 0.05
JUDGED = 500


def most_common(group: LabelledGroup, labels: int) -> LabelledGroup:
    """Return a group with only the labels that have most photos."""
    counts = (group.targets == POSITIVE).sum(axis=0)
    at = np.sort(np.argsort(-counts, kind="stable")[:labels])
    return replace(group, labels=tuple(group.labels[k] for k in at), targets=group.targets[:, at])


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--photos", type=int, default=20_000)
    parser.add_argument("--labels", type=int, default=300)
    arguments = parser.parse_args()
    data = read_labelled(arguments.data)
    known, readable = starter_embeddings(data.photos, lambda share: None)
    group = most_common(data.groups[0], arguments.labels)
    rng = np.random.default_rng(0)
    rows = rng.choice(np.flatnonzero(readable), arguments.photos + JUDGED)
    noise = rng.standard_normal((len(rows), known.shape[1]), np.float32)
    embeddings = (known[rows] * (1 + CHANGE * noise)).astype(np.float16)
    large = replace(group, targets=group.targets[rows])
    train, judge = np.arange(arguments.photos), np.arange(arguments.photos, len(rows))
    whole = fit_groups([large], embeddings, train, judge, better=False)
    final = final_fit_seconds(embeddings[train], whole.groups)
    photos, labels = f"{arguments.photos:,}", str(len(large.labels))
    text = "\n\n".join(
        [
            conditions(),
            table(
                [
                    [
                        "photos × labels",
                        "final fit, axes included, s (promised: 20)",
                        "all of it, s",
                    ],
                    [f"{photos} × {labels}", f"**{final:.2f}**", f"{whole.seconds:.1f}"],
                ]
            ),
            "All of it: three folds, four regularisations, calibration, thresholds, final fit.",
            "Again: `python tests/benchmarks/bench_large.py FOLDER`",
        ]
    )
    print(text)
    replace_section("quick-large", "Quick retraining of 20,000 photos", text)


if __name__ == "__main__":
    main()
