"""What a run folder shows besides figures: charts, galleries, architecture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer.recipes.contest import Contest, Outcome
from trainer.recipes.forms.common import RecipeData
from trainer.recipes.pictures import (
    Shown,
    architecture_picture,
    architecture_summary,
    gallery,
    label_chart,
)
from trainer.recipes.saved import member_name
from trainer.recipes.tables import label_names

IN_GALLERY = 48
HALF = 0.5


def show_data(run: Path, recipe: str, data: RecipeData) -> None:
    """Write `labels.png`: how many photos each label has."""
    groups = data.examples.groups
    counts = {
        name: int(count)
        for group in groups
        for name, count in zip(
            label_names(group, len(groups) == 1), group.support.tolist(), strict=True
        )
    }
    label_chart(run / "labels.png", counts, f"{recipe}: photos by label, {len(data)} photos")


def show_outcome(contest: Contest, recipe: str, method: str, outcome: Outcome) -> None:
    """Write the gallery of judged photos, and every network's summary and picture."""
    examples = contest.judged_examples
    rows = np.linspace(0, len(examples) - 1, min(IN_GALLERY, len(examples))).astype(int)
    alone = len(examples.groups) == 1
    names = [contest.data.names[row] for row in contest.judged.tolist()]
    shown = []
    for row in dict.fromkeys(rows.tolist()):
        said: list[str] = []
        true: list[str] = []
        for group in examples.groups:
            labels = label_names(group, alone)
            scores = outcome.scores[group.name][row]
            if group.kind == "multi":
                said += [labels[at] for at in np.flatnonzero(scores >= HALF)]
                true += [labels[at] for at in np.flatnonzero(group.targets[row] >= HALF)]
            elif group.answers[row] >= 0:
                said.append(labels[int(scores.argmax())])
                true.append(labels[int(group.answers[row])])
        shown.append(Shown(examples.photos[row], names[row], said, true))
    gallery(contest.run / f"{method}-gallery.html", shown, f"{recipe}, {method}: judged photos")
    for at, member in enumerate(outcome.members):
        name = member_name(method, at)
        summary = architecture_summary(member.net)
        (contest.run / f"{name}-network.txt").write_text(summary, encoding="utf-8")
        title = f"{recipe}, {name}: from the photo (top) to the answers; blue parts are trained"
        architecture_picture(contest.run / f"{name}-network.png", member.net, title)
