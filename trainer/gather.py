"""Read a library's decisions as a dataset revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.core.decisions import Verdict, verdicts_of
from tagger.core.names import utc_now
from tagger.core.schema import Group
from tagger.core.targets import NEGATIVE, POSITIVE, label_targets, touched_photos
from tagger.core.verdict import NEEDED_TO_JUDGE
from tagger.library.cache_hashes import HashStore
from tagger.library.library import Library
from tagger.library.parts import HELD_OUT, assign_parts
from tagger.library.roles import read_roles
from tagger.library.twins import twin_groups
from trainer.data import Dataset, GroupData

BACKGROUND = 300
"""Photos nobody looked at that stand against labels of which only photos with them are known. The
design leaves such photos out; but with nothing to stand against, a label that was only ever
confirmed would be suggested for every photo."""


@dataclass
class _Roles:
    """Who trains, who judges, and who may be moved from judging to training: bool [slots]."""

    trains: NDArray[np.bool_]
    judges: NDArray[np.bool_]
    movable: NDArray[np.bool_]

    def move(self, slots: NDArray[np.int64]) -> None:
        """Let photos train that judged."""
        self.trains[slots], self.judges[slots] = True, False


def read_dataset(
    library: Library, trained: NDArray[np.uint64], embedded: NDArray[np.bool_]
) -> Dataset:
    """Read the present decisions of a library.

    Photos get their part first where they have none. Groups that are not to be learned and groups
    without any decision are left out, and so are photos that neither train nor judge.

    Where the user gave no split, the confirmed photos of a label that has fewer than
    `NEEDED_TO_JUDGE` of them all train: so few can judge nothing, and a label that was just added
    must not be lost because its only photo happens to be held out. They never judge afterwards.

    Args:
        library: at rest; the arrays are read as they are now.
        trained: uint64, signatures of the photos that ancestors were trained on.
        embedded: bool [slots], photos with an embedding (others may not serve as background).
    """
    assign_parts(library)
    signatures = library.photos.signature[: library.facts.slots]
    roles = _who_does_what(library, signatures, trained)
    groups = [g for g in library.facts.schema.groups.values() if g.learned and g.adopted]
    touched = {group.num: touched_photos(library.facts, group.num) for group in groups}
    slots = _union(list(touched.values()))
    slots = slots[(roles.trains | roles.judges)[slots]]
    found = [_group_data(library, g, slots, touched[g.num], roles) for g in groups]
    twins = _twins(library, slots, signatures[slots])
    roles.move(_scarce(found, slots, twins, roles))
    if any(data.only(roles.trains[slots]).alone.any() for data in found):
        slots = _with_background(slots, np.flatnonzero(roles.trains & embedded), signatures)
        twins = _twins(library, slots, signatures[slots])
    found = [_group_data(library, g, slots, touched[g.num], roles) for g in groups]
    return Dataset(
        library_id=library.library_id,
        time=utc_now(),
        slots=slots,
        signatures=signatures[slots],
        trains=roles.trains[slots],
        judges=roles.judges[slots],
        twins=twins,
        groups=tuple(data for data in found if data.informed.any()),
    )


def _who_does_what(
    library: Library, signatures: NDArray[np.uint64], trained: NDArray[np.uint64]
) -> _Roles:
    roles = read_roles(library)
    readable, known = signatures != 0, np.isin(signatures, trained)
    drawn_to_judge = roles.present & roles.free & (roles.part == HELD_OUT)
    return _Roles(
        trains=readable & (roles.trains | (drawn_to_judge & known)),
        judges=readable & roles.judges & ~known,
        movable=readable & drawn_to_judge & ~known,
    )


def _scarce(
    found: Sequence[GroupData],
    slots: NDArray[np.int64],
    twins: NDArray[np.int64],
    roles: _Roles,
) -> NDArray[np.int64]:
    """Return the slots to be moved to training for the sake of labels with few photos.

    Their near twins move with them, so that none of them judges.
    """
    wanted = np.zeros(len(slots), bool)
    for data in found:
        confirmed = data.targets == POSITIVE
        scarce = data.explicit & (confirmed.sum(axis=0) < NEEDED_TO_JUDGE)
        wanted |= confirmed[:, scarce].any(axis=1)
    wanted &= roles.movable[slots]
    return slots[np.isin(twins, twins[wanted]) & roles.movable[slots]]


def _union(arrays: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.unique(np.concatenate([np.empty(0, np.int64), *arrays]))


def _with_background(
    slots: NDArray[np.int64], others: NDArray[np.int64], signatures: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Add photos that nobody looked at, the same ones each time as long as they are there."""
    others = np.setdiff1d(others, slots)
    drawn = others[np.argsort(signatures[others], kind="stable")][:BACKGROUND]
    return np.union1d(slots, drawn)


def _group_data(
    library: Library,
    group: Group,
    slots: NDArray[np.int64],
    touched: NDArray[np.int64],
    roles: _Roles,
) -> GroupData:
    labels = library.facts.schema.labels_of(group.num)
    targets = label_targets(library.facts, [label.num for label in labels], slots)
    looked_at = np.isin(slots, touched)
    background = roles.trains[slots] & ~looked_at & ~(targets >= NEGATIVE).any(axis=1)
    useful = roles.trains | roles.judges
    explicit = [_decided(library, label.num, useful) for label in labels]
    return GroupData(
        group,
        tuple(labels),
        np.ascontiguousarray(targets),
        looked_at,
        background,
        np.array(explicit, bool),
    )


def _decided(library: Library, label: int, useful: NDArray[np.bool_]) -> bool:
    """Say whether a label was confirmed or rejected itself in a photo that trains or judges."""
    photos, codes = library.facts.decisions.of_label(label)
    sure = np.isin(verdicts_of(codes), (Verdict.CONFIRMED, Verdict.REJECTED))
    inside = photos[sure & (photos < len(useful))]
    return bool(useful[inside].any())


def _twins(
    library: Library, slots: NDArray[np.int64], signatures: NDArray[np.uint64]
) -> NDArray[np.int64]:
    store = HashStore.open(library.places.cache)
    hashes, hashed = store.read(slots, signatures)
    store.close()
    when = {
        slot: (taken, camera)
        for slot, taken, camera in library.catalog.rows(
            "SELECT slot, taken, camera FROM photo WHERE taken IS NOT NULL AND camera IS NOT NULL"
        )
    }
    moments = [when.get(slot, (np.nan, None)) for slot in slots.tolist()]
    taken = np.array([moment[0] for moment in moments], np.float64)
    return twin_groups(hashes, hashed, taken, [moment[1] for moment in moments])
