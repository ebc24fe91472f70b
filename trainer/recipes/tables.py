"""Tables of scores: `photo,label,score`, a row for every judged photo and label."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from trainer.examples import Examples, GroupExamples
from trainer.recipes.judge import Scores


def label_names(group: GroupExamples, alone: bool) -> list[str]:
    """Return how a table names a group's labels: `GROUP/LABEL` where there are several groups."""
    return [label if alone else f"{group.name}/{label}" for label in group.labels]


def write_scores(path: Path, names: Sequence[str], examples: Examples, scores: Scores) -> None:
    """Write the scores of photos.

    Args:
        path: the file.
        names: of the photos, in order.
        examples: gives groups and labels.
        scores: float32 [photos, labels] by group.
    """
    alone = len(examples.groups) == 1
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["photo", "label", "score"])
        for row, name in enumerate(names):
            for group in examples.groups:
                values = scores[group.name][row]
                for label, value in zip(label_names(group, alone), values.tolist(), strict=True):
                    writer.writerow([name, label, f"{value:.8g}"])
