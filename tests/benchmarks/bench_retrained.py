"""Compare two models of a library on the photos its `labels.csv` keeps out of training.

Prints a table for the page: balanced accuracy of every single group beside the commonest value's,
mAP of every multi group (labels with 20 photos to train on and 3 to judge by), each with its
interval and the paired difference. Of many groups' 95 % intervals one misses by chance, so it is
also judged by intervals that hold for all groups at once (Bonferroni).

    python tests/benchmarks/bench_retrained.py FOLDER OLD NEW        (ids of the user's models)
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from bench_page import table
from numpy.typing import NDArray
from scipy.stats import norm

from tagger.bundle.read import read_bundle
from tagger.bundle.spec import MODEL_FILE
from tagger.bundle.store import BundleStore
from tagger.core.targets import MASKED, POSITIVE
from tagger.imaging.model_input import model_input
from tagger.library.places import user_folder
from trainer.bench.labelled import LabelledGroup, LabelledSet, read_labelled
from trainer.metrics.figure import Figure, difference, measured
from trainer.metrics.multi import Multi, mean_average_precision
from trainer.metrics.single import Single, balanced_accuracy
from trainer.session import open_session

TRAINED, JUDGED = 20, 3
"""Photos of a label in both parts from which it counts in a multi group."""

BATCH = 16

Floats = NDArray[np.float32]


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs=2, metavar="ID")
    arguments = parser.parse_args()
    known = read_labelled(arguments.folder)
    old, new = (scores_of(known, model) for model in arguments.models)
    head = ["group", "photos", "by chance", "old (95 %)", "new", "difference (95 %)", "", "at once"]
    rows, means = [head], []
    for group in known.groups:
        for photos, chance, before, after in compared(known, group, old, new):
            was = measured(before, photos, photos)
            now = after(np.arange(photos))
            found = difference(before, after, photos, photos)
            figures = [f"{chance:.3f}", f"{_plain(was)}", f"{now:.3f}"]
            change = f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
            verdicts = [_verdict(found), _verdict(_widened(found, len(known.groups)))]
            rows.append([group.group.name, str(photos), *figures, change, *verdicts])
            means.append((was.value, now))
    print(table(rows))
    print("\nMean: old {:.4f}, new {:.4f}".format(*np.mean(means, axis=0)))
    return 0


def _plain(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _verdict(found: Figure) -> str:
    return "better" if found.low > 0 else "worse" if found.high < 0 else ""


def _widened(found: Figure, groups: int) -> Figure:
    """Return a 95 % interval so wide that those of all groups hold at once with 95 %."""
    wider = norm.ppf(1 - 0.025 / groups) / norm.ppf(0.975)
    low = found.value - wider * (found.value - found.low)
    return replace(found, low=low, high=found.value + wider * (found.high - found.value))


def scores_of(known: LabelledSet, model: str) -> dict[str, tuple[tuple[str, ...], Floats]]:
    """Return label names and scores [judging photos, labels] by group name."""
    spec = BundleStore(user_folder("bundles")).get(model)
    folder = user_folder("bundles") / spec.bundle_id
    run = open_session((folder / MODEL_FILE).read_bytes())
    shown = read_bundle(folder).preprocessing
    photos = [known.photos[at] for at in np.flatnonzero(~known.trains)]
    with ThreadPoolExecutor(2) as pool:
        pixels = list(pool.map(lambda photo: model_input(photo, shown), photos))
    parts = [run(np.stack(pixels[at : at + BATCH])) for at in range(0, len(pixels), BATCH)]
    return {
        group.name: (
            tuple(label.name for label in group.labels),
            np.concatenate([part[group.output] for part in parts]),
        )
        for group in spec.groups
    }


Metric = Callable[[NDArray[np.int64]], float]


def compared(
    known: LabelledSet,
    group: LabelledGroup,
    *models: dict[str, tuple[tuple[str, ...], Floats]],
) -> Iterator[tuple[int, float, Metric, Metric]]:
    """Yield number of photos, the figure of the commonest value, and both models' figures."""
    labels = [label.name for label in group.labels]
    found = []
    for model in models:
        names, scores = model[group.group.name]
        found.append(scores[:, [names.index(label) for label in labels if label in names]])
    here = np.array([label in names for label in labels])
    targets, trained = group.targets[~known.trains][:, here], group.targets[known.trains][:, here]
    right = targets == POSITIVE
    if group.group.kind == "single":
        answers = np.where(right.sum(axis=1) == 1, right.argmax(axis=1), -1)
        old, new = (Single.of(answers, scores) for scores in found)
        chance = 1 / max(1, len(np.unique(answers[answers >= 0])))
        yield len(old), chance, *(_figure(balanced_accuracy, data) for data in (old, new))
        return
    often = ((trained == POSITIVE).sum(axis=0) >= TRAINED) & (right.sum(axis=0) >= JUDGED)
    weights = (targets != MASKED).astype(float)[:, often]
    data = [Multi.of(right.astype(float)[:, often], weights, scores[:, often]) for scores in found]
    chance = float(right[:, often].mean())
    yield len(right), chance, *(_figure(mean_average_precision, each) for each in data)


def _figure(metric: Callable[..., float], data: Single | Multi) -> Metric:
    return lambda rows: metric(data.only(rows))


if __name__ == "__main__":
    raise SystemExit(main())
