"""An immutable dataset revision: the decisions of one moment, who trains and who judges."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.files import write_arrays, write_json
from tagger.core.schema import Group, Label
from tagger.core.targets import NEGATIVE, POSITIVE, UNKNOWN
from tagger.library.roles import signature_text

FORMAT = "tagger-dataset"
VERSION = 1


@dataclass(frozen=True)
class GroupData:
    """What was decided in one group; rows are those of the dataset.

    Attributes:
        group: the library's group at that moment.
        labels: its labels, in display order.
        targets: int8 [photos, labels], as in `tagger.core.targets`.
        touched: bool [photos], with a decision or a review in the group.
        background: bool [photos], nobody looked at: they stand against labels that have no photo
            without them, and count for nothing else.
        explicit: bool [labels], confirmed or rejected itself, not only implied.
    """

    group: Group
    labels: tuple[Label, ...]
    targets: NDArray[np.int8]
    touched: NDArray[np.bool_]
    background: NDArray[np.bool_]
    explicit: NDArray[np.bool_]

    @property
    def informed(self) -> NDArray[np.bool_]:
        """Photos the group can learn from: touched, or with a label implied by another group's."""
        return self.touched | (self.targets >= NEGATIVE).any(axis=1)

    @property
    def alone(self) -> NDArray[np.bool_]:
        """Labels with positives in a multi group, but not one photo without them: bool [labels]."""
        if self.group.kind == "single":
            return np.zeros(len(self.labels), bool)
        without = self.targets == NEGATIVE
        without |= (self.targets == UNKNOWN) & self.touched[:, None]
        return (self.targets == POSITIVE).any(axis=0) & ~without.any(axis=0) & self.explicit

    def only(self, kept: NDArray[np.bool_]) -> GroupData:
        """Return the chosen photos; `kept` is bool [photos]."""
        return replace(
            self,
            targets=self.targets[kept],
            touched=self.touched[kept],
            background=self.background[kept],
        )


@dataclass(frozen=True)
class Dataset:
    """A dataset revision: the photos that train or judge, and what was decided on them.

    Attributes:
        library_id: of the library.
        time: UTC, when the decisions were read.
        slots: int64 [photos], ascending.
        signatures: uint64 [photos], first 8 bytes of the fingerprint.
        trains: bool [photos].
        judges: bool [photos]; never one that an ancestor was trained on.
        twins: int64 [photos], near twins share a number.
        groups: those with a decision or review, in display order.
    """

    library_id: str
    time: str
    slots: NDArray[np.int64]
    signatures: NDArray[np.uint64]
    trains: NDArray[np.bool_]
    judges: NDArray[np.bool_]
    twins: NDArray[np.int64]
    groups: tuple[GroupData, ...]

    def __len__(self) -> int:
        return len(self.slots)

    @property
    def revision(self) -> str:
        """Hash of everything that decides the outcome: 32 hex digits."""
        digest = hashlib.sha256()
        for array in (self.signatures, self.trains, self.judges, self.twins):
            digest.update(np.ascontiguousarray(array).tobytes())
        for group in self.groups:
            digest.update(group_hash(self, group).encode())
        return digest.hexdigest()[:32]

    def only(self, kept: NDArray[np.bool_]) -> Dataset:
        """Return the dataset with the chosen photos only; `kept` is bool [photos]."""
        return replace(
            self,
            slots=self.slots[kept],
            signatures=self.signatures[kept],
            trains=self.trains[kept],
            judges=self.judges[kept],
            twins=self.twins[kept],
            groups=tuple(group.only(kept) for group in self.groups),
        )


def group_hash(dataset: Dataset, data: GroupData) -> str:
    """Return 32 hex digits that change when a group would be learned differently."""
    digest = hashlib.sha256()
    ids = [data.group.id, data.group.kind, *(label.id for label in data.labels)]
    digest.update("\n".join(ids).encode())
    rows = dataset.trains & (data.informed | data.background)
    digest.update(dataset.signatures[rows].tobytes())
    digest.update(np.ascontiguousarray(data.targets[rows]).tobytes())
    digest.update(np.packbits(data.background[rows]).tobytes())
    return digest.hexdigest()[:32]


def save_dataset(folder: Path, dataset: Dataset) -> None:
    """Write `dataset.json` and `dataset.npz` into a run folder."""
    arrays: dict[str, NDArray[Any]] = {
        "slots": dataset.slots,
        "signatures": dataset.signatures,
        "trains": dataset.trains,
        "judges": dataset.judges,
        "twins": dataset.twins,
    }
    for data in dataset.groups:
        arrays[f"targets/{data.group.id}"] = data.targets
        arrays[f"touched/{data.group.id}"] = data.touched
        arrays[f"background/{data.group.id}"] = data.background
    write_arrays(folder / "dataset.npz", arrays)
    write_json(folder / "dataset.json", _description(dataset))


def _description(dataset: Dataset) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "revision": dataset.revision,
        "library": dataset.library_id,
        "time": dataset.time,
        "photos": len(dataset),
        "training_photos": int(dataset.trains.sum()),
        "judging_photos": int(dataset.judges.sum()),
        "groups": [_group_description(dataset, data) for data in dataset.groups],
    }


def _group_description(dataset: Dataset, data: GroupData) -> dict[str, Any]:
    training = data.targets[dataset.trains]
    judging = data.targets[dataset.judges]
    return {
        "id": data.group.id,
        "name": data.group.name,
        "kind": data.group.kind,
        "hash": group_hash(dataset, data),
        "training_photos": int((data.informed & dataset.trains).sum()),
        "labels": [
            {
                "id": label.id,
                "name": label.name,
                "positives": int((training[:, at] == POSITIVE).sum()),
                "negatives": int((training[:, at] == NEGATIVE).sum()),
                "judged_positives": int((judging[:, at] == POSITIVE).sum()),
            }
            for at, label in enumerate(data.labels)
        ],
    }


def lineage_entry(dataset: Dataset, ancestors: NDArray[np.uint64], run: str) -> dict[str, Any]:
    """Return what a bundle says of the photos it was trained on (`dataset` in bundle.json).

    Args:
        dataset: the revision it was made from.
        ancestors: uint64, signatures of the photos that its ancestors were trained on.
        run: name of the run folder.
    """
    own = np.unique(dataset.signatures[dataset.trains])
    before = np.setdiff1d(ancestors, own)
    return {
        "library": dataset.library_id,
        "revision": dataset.revision,
        "time": dataset.time,
        "run": run,
        "photos": len(own),
        "groups": {data.group.id: group_hash(dataset, data) for data in dataset.groups},
        "fingerprints": [signature_text(signature) for signature in own.tolist()],
        "ancestors": [signature_text(signature) for signature in before.tolist()],
    }
