"""What there is to learn from in a library, and what is missing, before a training begins."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import numpy as np

from tagger.app.dialogs.words import count, listed, quoted
from tagger.core.verdict import NEEDED_TO_JUDGE
from tagger.library.cache import EmbeddingStore
from tagger.library.library import Library
from tagger.library.roles import read_roles
from tagger.library.schema_counts import GroupLine, read_groups

AIMS = {
    "balanced": "balanced",
    "few-mistakes": "few mistakes",
    "miss-little": "miss little",
}
"""What the new model's thresholds aim at: name for the trainer → words."""

_NAMED = 4


@dataclass(frozen=True)
class GroupNeed:
    """What there is to learn in one group.

    Attributes:
        photos: photos with a decision or a review in it.
        labels: labels with a confirmed or rejected photo.
        ready: those of them with enough confirmed photos to be judged.
    """

    name: str
    photos: int
    labels: int
    ready: int
    learned: bool


@dataclass(frozen=True)
class Need:
    """What there is to learn in all.

    Attributes:
        photos: photos with decisions or reviews in a group that is learned.
        judging: those of them that are kept out of training.
        waiting: those of them that the model has not looked at.
        hints: what would make the next model better, in sentences.
        hindrance: why there is nothing to train, empty if there is.
    """

    groups: tuple[GroupNeed, ...]
    photos: int
    judging: int
    waiting: int
    hints: tuple[str, ...]
    hindrance: str = ""


def read_need(library: Library) -> Need:
    """Look through the decisions of a library."""
    lines = [line for line in read_groups(library) if line.group.adopted]
    touched = {line.group.num: _touched(library, line) for line in lines}
    groups = tuple(_group_need(line, len(touched[line.group.num])) for line in lines)
    learned = [touched[line.group.num] for line in lines if line.group.learned]
    photos = np.unique(np.concatenate(learned)) if learned else np.empty(0, np.int64)
    photos = photos[photos < library.facts.slots]
    judging = int(read_roles(library).judges[photos].sum())
    waiting = _waiting(library, photos)
    return Need(
        groups,
        len(photos),
        judging,
        waiting,
        tuple(_hints(lines, len(photos), judging, waiting)),
        _hindrance(library, lines, len(photos), waiting),
    )


def _touched(library: Library, line: GroupLine) -> np.ndarray:
    facts = library.facts
    found = [np.flatnonzero(facts.reviews.column(line.group.num, facts.slots))]
    found += [facts.decisions.of_label(each.label.num)[0] for each in line.labels]
    return np.unique(np.concatenate(found))


def _group_need(line: GroupLine, photos: int) -> GroupNeed:
    answered = [each for each in line.labels if each.confirmed or each.rejected]
    ready = sum(each.confirmed >= NEEDED_TO_JUDGE for each in answered)
    return GroupNeed(line.group.name, photos, len(answered), ready, line.group.learned)


def _waiting(library: Library, photos: np.ndarray) -> int:
    spec = library.bundle
    if spec is None or not len(photos):
        return 0
    store = EmbeddingStore.open(library.places.cache, spec.space_id, spec.embedding_size)
    return int((~store.kept(photos, library.photos.signature[photos])).sum())


def _hints(lines: list[GroupLine], photos: int, judging: int, waiting: int) -> list[str]:
    hints = []
    if waiting:
        verb = "has" if waiting == 1 else "have"
        hints.append(
            f"{count(waiting, 'labelled photo').capitalize()} {verb} not been looked at by the "
            "model yet and would be left out: wait until suggesting is done."
        )
    if photos and not judging:
        hints.append(
            "None of these photos is kept out of training, so nothing can judge the "
            "new model: label some more."
        )
    for line in lines:
        if not line.group.learned:
            if line.decisions:
                hints.append(
                    f"{quoted(line.group.name)} is kept out of training until you say "
                    "otherwise under “Groups and labels”."
                )
            continue
        few = [each for each in line.labels if 0 < each.confirmed < NEEDED_TO_JUDGE]
        few.sort(key=lambda each: -each.confirmed)
        if few:
            names = listed([f"{quoted(e.label.name)} ({e.confirmed})" for e in few], _NAMED)
            verb = "has" if len(few) == 1 else "have"
            hints.append(
                f"In {quoted(line.group.name)} {names} {verb} fewer than "
                f"{NEEDED_TO_JUDGE} confirmed photos: learned, but not judged."
            )
    return hints


def _hindrance(library: Library, lines: list[GroupLine], photos: int, waiting: int) -> str:
    if library.bundle is None:
        return "There is no model yet to begin with: wait until the starter model is ready."
    if not photos:
        return "There is nothing to learn from yet: confirm or reject some labels first."
    if waiting == photos:
        return "The model has looked at none of the labelled photos yet: wait for suggestions."
    if not any(
        e.confirmed or e.rejected for line in lines if line.group.learned for e in line.labels
    ):
        return "There is nothing to learn from yet: no label is confirmed or rejected anywhere."
    return ""


def has_training() -> bool:
    """Say whether deep retraining can run: its libraries are installed. Imports none of them."""
    return importlib.util.find_spec("torch") is not None
