"""Measure how fast and how well the trainer learns from a folder of labelled photos.

  python -m trainer bench quick --data FOLDER --json

FOLDER has a labels.csv (photo, labels, split …) and is never written to; the starter's embeddings
of its photos are kept in the system's temporary folder. What is measured:

  photos, labels      photos that train; labels that have an example among them
  fit_s, map          the quick way: seconds of the final fit (axes and all labels, regularisation
                      chosen before); mAP on the photos that the split keeps out
  better_s, better_map  the better way, with cross-validation, calibration and thresholds
  gain, gain_low      better minus plain, mean of the paired differences of mAP over all folds of
                      all photos, and the lower end of its 95 % interval (Student's t)
  sklearn_s, sklearn_map  one-vs-rest logistic regression, the fit with its best C alone (chosen on
                      the judged photos, in its favour)

--details adds further figures: cv_s (the quick way with cross-validation, out-of-fold scores,
calibration and thresholds), sklearn_grid_s (scikit-learn's whole grid), each fold, the load.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from trainer.bench.embedding import starter_embeddings
from trainer.bench.labelled import LabelledGroup, LabelledSet, read_labelled
from trainer.bench.quick import final_fit_seconds, fit_groups, folds_of
from trainer.bench.rival import fit_rival
from trainer.progress import Progress

FOLDS = 9
_STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306}
"""Student's t at 97.5 %, by number of folds."""

_STUDENT_MANY = 2.262


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("way", choices=["quick"], help="what to measure")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="folder with a labels.csv"
    )
    parser.add_argument(
        "--folds",
        type=int,
        default=FOLDS,
        help=f"of better against plain, 0 to leave it out (default: {FOLDS})",
    )
    parser.add_argument("--skip-sklearn", action="store_true", help="leave scikit-learn out")
    parser.add_argument("--details", action="store_true", help="add further figures to the JSON")
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print. Returns the exit code."""
    result, details = measure_quick(
        read_labelled(arguments.data), arguments.folds, arguments.skip_sklearn, Progress()
    )
    if arguments.json:
        print(json.dumps(result | details if arguments.details else result))
    else:
        for name, value in (details | result).items():
            print(f"{name:16} {value}")
    return 0


def measure_quick(
    data: LabelledSet, folds: int, skip_sklearn: bool, progress: Progress
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measure the quick way on labelled photos; return figures and further ones by name.

    Args:
        data: as read.
        folds: of the comparison of better with plain; below 2 there is none.
        skip_sklearn: leave the rival out; its figures are None then.
        progress: told what is being done.
    """
    tick = progress.part(0, 0.2).ticker("embed", "Looking at the photos (not timed)")
    embeddings, readable = starter_embeddings(data.photos, tick)
    train = np.flatnonzero(data.trains & readable)
    judge = np.flatnonzero(~data.trains & readable)
    progress.tell("fit", 0.2, "Fitting")
    fit_groups(_few(data.groups), embeddings, train, judge, better=False)  # libraries are warm then
    plain = fit_groups(data.groups, embeddings, train, judge, better=False)
    better = fit_groups(data.groups, embeddings, train, judge, better=True)
    fit_s = final_fit_seconds(embeddings[train], plain.groups)
    progress.tell("rival", 0.4, "Fitting with scikit-learn")
    rival = None if skip_sklearn else fit_rival(data.groups, embeddings, train, judge)
    every = np.flatnonzero(readable)
    pairs = []
    for at, (seen, left) in enumerate(folds_of(len(every), folds) if folds > 1 else ()):
        progress.tell("folds", 0.6 + 0.4 * at / folds, f"Fold {at + 1} of {folds}")
        both = [
            fit_groups(data.groups, embeddings, every[seen], every[left], better=way).map
            for way in (False, True)
        ]
        pairs.append(both)
    gain, low = paired_gain(np.array(pairs).reshape(-1, 2))
    figures = {
        "photos": len(train),
        "labels": sum(len(group.fitted.labels) for group in plain.groups),
        "fit_s": _rounded(fit_s, 2),
        "map": _rounded(plain.map),
        "better_map": _rounded(better.map),
        "better_s": _rounded(better.seconds, 2),
        "gain": _rounded(gain),
        "gain_low": _rounded(low),
        "sklearn_s": None if rival is None else _rounded(rival.best_seconds, 2),
        "sklearn_map": None if rival is None else _rounded(rival.map),
    }
    details = {
        "sklearn_grid_s": None if rival is None else _rounded(rival.grid_seconds, 2),
        "sklearn_c": None if rival is None else rival.freedom,
        "cv_s": _rounded(plain.seconds, 2),
        "mixes": {group.task.group.name: group.facts["mix"] for group in better.groups},
        "folds": [[_rounded(value) for value in both] for both in pairs],
        "judged_photos": len(judge),
        "unreadable": int((~readable).sum()),
        "cores": os.cpu_count(),
        "load": [round(value, 2) for value in os.getloadavg()] if _has_load() else None,
    }
    return figures, details


def _few(groups: tuple[LabelledGroup, ...]) -> tuple[LabelledGroup, ...]:
    return tuple(LabelledGroup(g.group, g.labels[:4], g.targets[:, :4]) for g in groups[:1])


def paired_gain(pairs: np.ndarray) -> tuple[float, float]:
    """Return mean and lower end of the 95 % interval of second − first: float [folds, 2]."""
    differences = pairs[:, 1] - pairs[:, 0]
    differences = differences[~np.isnan(differences)]
    if len(differences) < 2:
        return float("nan"), float("nan")
    spread = float(differences.std(ddof=1)) / np.sqrt(len(differences))
    mean = float(differences.mean())
    return mean, mean - _STUDENT.get(len(differences), _STUDENT_MANY) * spread


def _rounded(value: float, digits: int = 4) -> float | None:
    return None if np.isnan(value) else round(value, digits)


def _has_load() -> bool:
    return sys.platform != "win32"
