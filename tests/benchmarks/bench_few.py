"""Curves of mAP against examples per label: the quick way beside plain linear weights.

    python tests/benchmarks/bench_few.py ../shared/data/captions --draws 10

Of every label that has enough, so many confirmed photos are drawn; the photos drawn for any label
are looked at in full and train. *Product* is the quick way with the starter as root, *plain* one
linear weight vector a label with one regularisation and nothing else. Both are judged on the photos
that the split keeps out. Prints one line of JSON a number of examples; `behind` says by how many
standard errors of the paired difference the product is below plain (0 where it is not).
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from tagger.bundle.heads import head_logits, read_heads
from tagger.bundle.store import BundleStore
from tagger.core.metrics import average_precision
from tagger.core.names import fold_name
from tagger.core.targets import POSITIVE
from tagger.library.places import user_folder
from trainer.bench.embedding import starter_embeddings
from trainer.bench.labelled import LabelledGroup, read_labelled
from trainer.bench.quick import tasks_of
from trainer.progress import Silence
from trainer.quick.basis import make_basis
from trainer.quick.fitting import FREEDOMS, fit_final
from trainer.quick.learn import USUAL, Material, learn_group
from trainer.quick.problems import GroupInputs, Setting
from trainer.quick.task import GroupTask, RootPrior
from trainer.starter.build import ensure_starter

EXAMPLES = (5, 10, 20, 50, 100)


def starter_root(task: GroupTask) -> RootPrior | None:
    """Return the starter's opinion of a task's labels, found by name; None where it has none."""
    spec = ensure_starter(user_folder("bundles"))
    heads = {
        head.group: head
        for head in read_heads(BundleStore(user_folder("bundles")).folder(spec.bundle_id))
    }
    for group in spec.groups:
        names = {
            fold_name(n): at for at, x in enumerate(group.labels) for n in (*x.synonyms, x.name)
        }
        columns = np.array([names.get(fold_name(x.name), -1) for x in task.labels], np.int32)
        if group.kind == task.group.kind and (columns >= 0).any():
            return RootPrior(heads[group.id], columns, {})
    return None


def drawn_rows(group: LabelledGroup, train: np.ndarray, count: int, rng) -> np.ndarray:
    """Return the photos drawn for any label: int64, ascending."""
    chosen = [
        rng.permutation(train[group.targets[train, at] == POSITIVE])[:count]
        for at in range(len(group.labels))
    ]
    return np.unique(np.concatenate(chosen))


def only_examples(group: LabelledGroup, rows: np.ndarray, train: np.ndarray, count: int):
    """Return the labels of which so many examples can be drawn at all."""
    enough = np.flatnonzero((group.targets[train] == POSITIVE).sum(axis=0) >= count)
    return replace(
        group,
        labels=tuple(group.labels[at] for at in enough),
        targets=np.ascontiguousarray(group.targets[:, enough]),
    )


def judged_map(task: GroupTask, group: LabelledGroup, judge: np.ndarray, z: np.ndarray) -> float:
    """Return the mean average precision over the labels with 3 judged positives."""
    at = [group.labels.index(label) for label in task.labels]
    targets = group.targets[judge][:, at]
    counted = (targets == POSITIVE).sum(axis=0) >= 3
    return float(average_precision(targets[:, counted], z[:, : len(at)][:, counted]).mean())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--examples", type=int, nargs="+", default=EXAMPLES)
    arguments = parser.parse_args()
    data = read_labelled(arguments.data)
    embeddings, readable = starter_embeddings(data.photos, lambda share: None)
    train = np.flatnonzero(data.trains & readable)
    judge = np.flatnonzero(~data.trains & readable)
    for count in arguments.examples:
        group = only_examples(data.groups[0], train, train, count)
        pairs = []
        for draw in range(arguments.draws):
            rows = drawn_rows(group, train, count, np.random.default_rng(draw))
            task = tasks_of([group], rows)[0]
            basis, x = make_basis(embeddings[rows])
            every = np.arange(len(rows))
            plain = fit_final(
                task, GroupInputs(x, basis.variances, None), np.full(task.columns, USUAL), Setting()
            ).logits(basis.coordinates(embeddings[judge]), None)
            material = Material(embeddings[rows], basis, x, every, np.ones(len(rows), bool), every)
            rooted = replace(task, root=starter_root(task))
            unrooted = learn_group(task, material, Silence())
            product = learn_group(rooted, material, Silence())
            pairs.append(
                [
                    judged_map(task, group, judge, plain),
                    judged_map(task, group, judge, head_logits(unrooted.head, embeddings[judge])),
                    judged_map(task, group, judge, head_logits(product.head, embeddings[judge])),
                ]
            )
        values = np.array(pairs)
        gap = values[:, 2] - values[:, 0]
        error = float(gap.std(ddof=1) / np.sqrt(len(gap))) if len(gap) > 1 else float("nan")
        result = {
            "examples": count,
            "labels": len(group.labels),
            "plain": round(float(values[:, 0].mean()), 4),
            "without_root": round(float(values[:, 1].mean()), 4),
            "product": round(float(values[:, 2].mean()), 4),
            "standard_error": round(error, 4),
            "behind": round(max(0.0, -float(gap.mean())) / error, 2) if error else 0.0,
            "plain_freedom": FREEDOMS[USUAL],
            "load": round(os.getloadavg()[0], 1),
        }
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
