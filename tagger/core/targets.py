"""Training and judging targets of a group, from the states of its labels (DESIGN §4b.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tagger.core.states import Facts, State, decided_states

POSITIVE, NEGATIVE, UNKNOWN, MASKED = 1, 0, -1, -2

_TARGET_OF_STATE = np.array(
    [UNKNOWN, UNKNOWN, POSITIVE, POSITIVE, NEGATIVE, MASKED, NEGATIVE], np.int8
)
assert len(_TARGET_OF_STATE) == len(State)


def label_targets(
    facts: Facts, labels: Sequence[int], slots: NDArray[np.int64]
) -> NDArray[np.int8]:
    """Return what is known of each (photo, label): int8 [photos, labels].

    1 confirmed or implied, 0 rejected or absent, −1 unknown, −2 unsure (never a target).
    """
    return _TARGET_OF_STATE[decided_states(facts, labels, slots)].T


def touched_photos(facts: Facts, group: int) -> NDArray[np.int64]:
    """Return the slots of photos with a decision or a review in a group, ascending."""
    labels = [label.num for label in facts.schema.labels_of(group)]
    decided = [facts.decisions.of_label(label)[0] for label in labels]
    reviewed = np.flatnonzero(facts.reviews.column(group, facts.slots))
    return np.unique(np.concatenate([reviewed, *decided]).astype(np.int64))
