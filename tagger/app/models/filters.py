"""Which photos are shown: by state of the photo, by label and its states, by folder."""

from __future__ import annotations

import os
from bisect import bisect_left
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from tagger.app.models.flags import Flags
from tagger.app.models.session import Session
from tagger.app.models.tally import Tally
from tagger.core.decisions import Verdict, verdicts_of
from tagger.core.states import State

Bools = NDArray[np.bool_]


class PhotoState(Enum):
    """What can be asked of whole photos; the value is the words in the window."""

    ALL = "All photos"
    UNSEEN = "Unseen"
    SUGGESTED = "With suggestions"
    UNREVIEWED = "Not reviewed"
    REVIEWED = "Reviewed"
    UNSURE = "Unsure"
    AUDIT = "Audit photos"


SHOWN_STATES = frozenset({State.SUGGESTED, State.CONFIRMED, State.IMPLIED})
"""The states of a label that mean it is, or may be, in the photo."""


@dataclass(frozen=True)
class Filter:
    """What a photo must be to be shown; all that is given must hold.

    Attributes:
        label: num of a label that must be in one of `label_states`.
        group: num of a group that must have a suggested or confirmed label.
        folder: only photos below this folder, relative to the home folder, as bytes.
    """

    state: PhotoState = PhotoState.ALL
    label: int | None = None
    label_states: frozenset[State] = field(default=SHOWN_STATES)
    group: int | None = None
    folder: bytes = b""


def matching(session: Session, flags: Flags, tally: Tally, wanted: Filter) -> Bools:
    """Return which photos match a filter: bool [slots]."""
    found = session.library.photos.present.copy()
    found &= _in_state(session, flags, tally, wanted.state)
    schema = session.library.facts.schema
    if wanted.label is not None and wanted.label in schema.labels:
        states = session.states([wanted.label])[0]
        chosen = np.zeros(len(State), bool)
        chosen[list(wanted.label_states)] = True
        found &= chosen[states]
    if wanted.group is not None and wanted.group in schema.groups:
        found &= _in_group(session, tally, wanted.group)
    if wanted.folder:
        found &= below_folder(session, wanted.folder)
    return found


def _in_state(session: Session, flags: Flags, tally: Tally, state: PhotoState) -> Bools:
    if state is PhotoState.UNSEEN:
        return flags.unseen
    if state is PhotoState.SUGGESTED:
        return tally.suggestions > 0
    if state is PhotoState.REVIEWED:
        return flags.reviewed
    if state is PhotoState.UNREVIEWED:
        return ~flags.reviewed
    if state is PhotoState.UNSURE:
        return flags.unsure
    if state is PhotoState.AUDIT:
        return session.audit
    return np.ones(session.library.facts.slots, bool)


def _in_group(session: Session, tally: Tally, group: int) -> Bools:
    facts = session.library.facts
    found = np.zeros(facts.slots, bool)
    sums = tally.in_group.get(group)
    if sums is not None:
        found[: len(sums)] = sums[: facts.slots] > 0
    for label in facts.schema.labels_of(group):
        photos, codes = facts.decisions.of_label(label.num)
        confirmed = photos[verdicts_of(codes) == Verdict.CONFIRMED]
        found[confirmed[confirmed < facts.slots]] = True
    return found


def below_folder(session: Session, folder: bytes) -> Bools:
    """Return which photos of the home folder lie below one of its folders: bool [slots]."""
    photos = session.library.photos
    found = np.zeros(photos.slots, bool)
    start = folder.rstrip(b"/") + b"/"
    roots = photos.root[photos.by_name]
    home = min(session.library.roots(), default=0)
    mine = photos.by_name[roots == home]
    first = bisect_left(mine, start, key=lambda slot: photos.path(int(slot)))
    last = bisect_left(mine, start[:-1] + b"0", key=lambda slot: photos.path(int(slot)))
    found[mine[first:last]] = True  # "0" follows "/" in the order of bytes
    return found


def folder_name(folder: bytes) -> str:
    """Return a folder as it is shown."""
    return os.fsdecode(folder).encode("utf-8", "replace").decode()
