"""A fair fight: the source's setting and ours on the same photos, split, seeds and seconds."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.files import write_json
from tagger.core.errors import TaggerError
from trainer.recipes.backbones import choose_backbone
from trainer.recipes.catalogue import Options, Recipe
from trainer.recipes.contest import Contest, Outcome, Tell
from trainer.recipes.figures import Evidence, Table, multi_thresholds
from trainer.recipes.forms.common import JUDGED, TRAIN, RecipeData
from trainer.recipes.judge import Result, compare
from trainer.recipes.ours import run_ours
from trainer.recipes.runs import REPORT
from trainer.recipes.saved import MODEL, save_model
from trainer.recipes.shown import show_data, show_outcome
from trainer.recipes.source_method import run_source
from trainer.recipes.tables import write_scores

ORIGINAL, OURS = "original", "ours"
SEEDS = "seeds"


class NothingToJudge(TaggerError):
    """No photo is left to train on, or to judge by."""


@dataclass(frozen=True)
class Wish:
    """What was asked for.

    Attributes:
        seconds: for each side and seed.
        seeds: how many.
        backbone, weights, sha256: see `backbones.choose_backbone`.
        options: of the reading of the folder.
    """

    seconds: float = 300.0
    seeds: int = 3
    backbone: str = ""
    weights: str = ""
    sha256: str = ""
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class Side:
    """One method of a fight and its outcomes, seed by seed."""

    name: str
    outcomes: list[Outcome]


def hold_fight(
    recipe: Recipe, folder: Path, wish: Wish, run: Path, tell: Tell = lambda share, text: None
) -> dict[str, Any]:
    """Train both sides for every seed, judge them once, and write the run folder.

    Args:
        recipe: which.
        folder: the photos; nothing is written there.
        wish: how long, how often, on what.
        run: the run folder, there already.
        tell: told the share done and a sentence.

    Returns:
        the line of the result.

    Raises:
        TaggerError: the folder is not in the recipe's form, or weights cannot be read.
    """
    data = recipe.read(folder, wish.options)
    contest = _contest(recipe, data, wish, run)
    _forget_earlier(run)
    show_data(run, recipe.name, contest.data)
    steps = _Steps(2 * wish.seeds + len(recipe.baselines), tell)
    sides = {ORIGINAL: Side(ORIGINAL, []), OURS: Side(OURS, [])}
    extra: dict[str, Side] = {}
    for seed in range(wish.seeds):
        contest.tell = steps.next(f"{recipe.name}, original, seed {seed + 1} of {wish.seeds}")
        own = _own_folder(run, ORIGINAL, seed)
        sides[ORIGINAL].outcomes.append(run_source(contest, recipe.source, seed, own))
        contest.tell = steps.next(f"{recipe.name}, ours, seed {seed + 1} of {wish.seeds}")
        own = _own_folder(run, OURS, seed)
        sides[OURS].outcomes.append(run_ours(contest, recipe.ours, seed, own))
        if seed == 0:
            for name, setting in recipe.baselines.items():
                contest.tell = steps.next(f"{recipe.name}, {name}")
                own = _own_folder(run, name, seed)
                extra[name] = Side(name, [run_source(contest, setting, seed, own)])
    tell(1.0, "Judging")
    return _judge(recipe, contest, wish, sides, extra)


def _contest(recipe: Recipe, data: RecipeData, wish: Wish, run: Path) -> Contest:
    """Pack the photos for both sides and leave out those that cannot be read."""
    choice = choose_backbone(recipe.source.backbone, wish.backbone, wish.weights, wish.sha256)
    contest = Contest(data, choice, wish.seconds, run, compressed=recipe.compressed)
    store = contest.pack(choice.open(recipe.source.size, pool=recipe.source.pool).preprocessing)
    if store.unreadable:
        readable = data.without(store.unreadable, "cannot be read")
        contest = Contest(readable, choice, wish.seconds, run, compressed=recipe.compressed)
    for part in (TRAIN, JUDGED):
        if not len(contest.examples.rows(part)):
            what = "train on" if part == TRAIN else "judge by"
            raise NothingToJudge(f"{data.folder} holds no readable photo to {what}.")
    return contest


def _forget_earlier(run: Path) -> None:
    """Begin anew in the folder of an earlier fight: trainings cut off by the clock cannot go on."""
    for name in (REPORT, MODEL):
        (run / name).unlink(missing_ok=True)
    for checkpoints in (run / SEEDS).glob("*/*/"):
        shutil.rmtree(checkpoints)


def _own_folder(run: Path, name: str, seed: int) -> Path:
    folder = run / SEEDS / str(seed) / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass
class _Steps:
    """Turns the shares of single methods into the share of all."""

    count: int
    tell: Tell
    done: int = -1

    def next(self, what: str) -> Tell:
        """Return what the next method tells."""
        self.done += 1
        begun, count, tell = self.done, self.count, self.tell
        return lambda share, text: tell((begun + share) / count, f"{what}: {text}")


def _judge(
    recipe: Recipe,
    contest: Contest,
    wish: Wish,
    sides: dict[str, Side],
    extra: dict[str, Side],
) -> dict[str, Any]:
    judged = contest.judged_examples
    scores = {name: [outcome.scores for outcome in side.outcomes] for name, side in sides.items()}
    result = compare(judged, scores[ORIGINAL], scores[OURS])
    names = [contest.data.names[row] for row in contest.judged.tolist()]
    for name, side in sides.items():
        for seed, outcome in enumerate(side.outcomes):
            table = _own_folder(contest.run, name, seed) / "scores.csv"
            write_scores(table, names, judged, outcome.scores)
        shown = side.outcomes[result.shown]
        write_scores(contest.run / f"{name}.csv", names, judged, shown.scores)
        save_model(contest.run, name, shown.members)
        show_outcome(contest, recipe.name, name, shown)
    line = {
        "recipe": recipe.name,
        "metric": result.metric,
        "original_setting": _mean(result.original),
        "ours": _mean(result.ours),
        "difference": round(result.difference.value, 4),
        "low": round(result.difference.low, 4),
        "high": round(result.difference.high, 4),
        "seconds": wish.seconds,
        "device": str(sides[OURS].outcomes[0].facts.get("device") or "cpu"),
        "run": str(contest.run),
    }
    report = line | _report(recipe, contest, wish, result, [*sides.values(), *extra.values()])
    write_json(contest.run / REPORT, _plain(report))
    return line


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4)


def _report(
    recipe: Recipe, contest: Contest, wish: Wish, result: Result, sides: Sequence[Side]
) -> dict[str, Any]:
    data = contest.data
    parts, counts = np.unique(data.examples.parts, return_counts=True)
    return {
        "wins": result.difference.low > 0,
        "seeds": wish.seeds,
        "shown_seed": result.shown,
        "by_seed": {ORIGINAL: list(result.original), OURS: list(result.ours)},
        "backbone": contest.backbone.sentence,
        "data": {
            "folder": str(data.folder),
            "split": data.split,
            "photos": dict(zip(parts.tolist(), counts.tolist(), strict=True)),
            "labels": {group.name: list(group.labels) for group in data.examples.groups},
            "remarks": list(data.remarks),
        },
        "reported_by_the_source": dict(recipe.reported),
        "source_setting": recipe.source.fit.to_json(),
        "methods": {side.name: _method(recipe, contest, side) for side in sides},
    }


def _method(recipe: Recipe, contest: Contest, side: Side) -> dict[str, Any]:
    """Return the source's own metrics, mean over seeds, and what each training was."""
    judged = contest.judged_examples
    tables = [
        recipe.figures(Evidence(judged, outcome.scores, _thresholds(outcome), contest.data.facts))
        for outcome in side.outcomes
    ]
    return {
        "figures": mean_table(tables),
        "figures_by_seed": tables,
        "trainings": [outcome.facts for outcome in side.outcomes],
    }


def _thresholds(outcome: Outcome) -> dict[str, NDArray[np.float64]]:
    """Fit thresholds on photos kept out of training, where the method kept some."""
    return {} if outcome.held_out is None else multi_thresholds(*outcome.held_out)


def mean_table(tables: Sequence[Table]) -> Table:
    """Return the mean of tables of figures, key by key, also of tables within."""
    first = tables[0]
    made: Table = {}
    for key, value in first.items():
        column = [table[key] for table in tables if key in table]
        if isinstance(value, dict):
            made[key] = mean_table(column)
        else:
            made[key] = round(float(np.mean(column)), 6)
    return made


def _plain(value: Any) -> Any:
    """Return plain JSON values: what could not be measured is None."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
