"""A bundle in a library: its labels mapped to the library's, its scores and thresholds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import apsw
import numpy as np
from numpy.typing import NDArray

from tagger.bundle.spec import BundleGroup, BundleSpec
from tagger.core.names import fold_name, new_id
from tagger.core.schema import Group, Schema
from tagger.core.thresholds import Thresholds, logit
from tagger.library.cache import ScoreStore
from tagger.library.catalog import Catalog


def ensure_mapping(catalog: Catalog, schema: Schema, spec: BundleSpec, reserve: int) -> None:
    """Map every label of a bundle to one of the library's, once, by id, name and synonym.

    Labels the library does not have get rows that are not adopted: they enter the schema at the
    first decision on them. `reserve` is the first of enough free nums.
    """
    known = catalog.value("SELECT count(*) FROM mapping WHERE bundle = ?", (spec.bundle_id,))
    if known:
        return
    catalog.write(lambda connection: _map_bundle(connection, schema, spec, reserve)).result()


def nums_needed(spec: BundleSpec) -> int:
    """Return how many nums `ensure_mapping` may take at most."""
    return len(spec.groups) + sum(len(group.labels) for group in spec.groups)


def _map_bundle(
    connection: apsw.Connection, schema: Schema, spec: BundleSpec, next_num: int
) -> None:
    nums: dict[str, int] = {}
    group_nums: dict[str, int] = {}
    made: list[tuple[int, BundleGroup]] = []
    fresh: list[tuple[int, str | None]] = []
    for group in spec.groups:
        found = _find_group(schema, group)
        if found is None:
            group_nums[group.id] = next_num
            made.append((next_num, group))
            next_num += 1
        else:
            group_nums[group.id] = found.num
        offset = len(schema.labels_of(found.num)) if found else 0
        for position, label in enumerate(group.labels, offset):
            known = schema.label_by_id(label.id)
            if known is None or (found and known.group != found.num):
                known = schema.label_named(found.num, label.name) if found else None
            if known is not None and found and known.group == found.num:
                nums[label.id] = known.num
                continue
            taken = connection.execute("SELECT 1 FROM label WHERE id = ?", (label.id,)).fetchone()
            synonyms = json.dumps(list(label.synonyms), ensure_ascii=False)
            connection.execute(
                "INSERT INTO label VALUES (?, ?, ?, ?, NULL, ?, ?, 0, 0, NULL)",
                (
                    next_num,
                    new_id() if taken else label.id,
                    group_nums[group.id],
                    label.name,
                    synonyms,
                    position,
                ),
            )
            nums[label.id] = next_num
            fresh.append((next_num, label.parent))
            next_num += 1
    for num, parent in fresh:
        if parent in nums:
            connection.execute("UPDATE label SET parent = ? WHERE num = ?", (nums[parent], num))
    for num, group in made:
        gate = nums.get(group.gate) if group.gate else None
        name = group.name
        if schema.group_named(name) is not None:
            name = f"{name} ({spec.name})"
        taken = connection.execute("SELECT 1 FROM grp WHERE id = ?", (group.id,)).fetchone()
        connection.execute(
            "INSERT INTO grp VALUES (?, ?, ?, ?, ?, ?, 0, 1, 0)",
            (num, new_id() if taken else group.id, name, group.kind, gate, num),
        )
    connection.executemany(
        "INSERT OR REPLACE INTO mapping VALUES (?, ?, ?)",
        [(spec.bundle_id, label, num) for label, num in nums.items()],
    )


def _find_group(schema: Schema, group: BundleGroup) -> Group | None:
    found = schema.group_by_id(group.id)
    if found is None:
        found = next(
            (g for g in schema.groups.values() if fold_name(g.name) == fold_name(group.name)), None
        )
    return found if found is not None and found.kind == group.kind else None


@dataclass
class LibraryScores:
    """The active bundle's stored logits, by the library's labels; a `ScoreSource`.

    Attributes:
        store: the bundle's columns in the cache.
        columns: label num → (bundle group id, column).
        groups: library group num → bundle group ids that feed it.
    """

    store: ScoreStore
    columns: dict[int, tuple[str, int]]
    groups: dict[int, list[str]]
    label_nums: dict[str, NDArray[np.int32]]
    slots: int
    _tops: dict[int, NDArray[np.int32]] = field(default_factory=dict)

    def logits(self, label: int, slots: NDArray[np.int64] | None) -> NDArray[np.float16] | None:
        """Return float16 logits of a label for slots (None: all); NaN = not computed."""
        place = self.columns.get(label)
        if place is None:
            return None
        column = self.store.column(*place)
        if slots is None:
            return _fitted(column, self.slots)
        inside = slots < len(column)
        out = np.full(len(slots), np.nan, np.float16)
        out[inside] = column[slots[inside]]
        return out

    def top(self, group: int) -> NDArray[np.int32] | None:
        """Return the best scored label num of every photo: int32 [slots], −1 = none. Kept."""
        if group not in self._tops:
            sources = self.groups.get(group)
            if not sources:
                return None
            self._tops[group] = self._best(sources[0])
        return self._tops[group]

    def _best(self, bundle_group: str) -> NDArray[np.int32]:
        nums = self.label_nums[bundle_group]
        best: NDArray[np.float32] | None = None
        winner = np.empty(0, np.int32)
        for index, num in enumerate(nums):
            column = _fitted(self.store.column(bundle_group, index), self.slots).astype(np.float32)
            if best is None:
                best = np.full(len(column), -np.inf, np.float32)
                winner = np.full(len(column), -1, np.int32)
            better = column > best
            best[better] = column[better]
            winner[better] = num
        return winner

    def refresh(self, slots: int) -> None:
        """See what the suggester wrote since; `slots` is the library's present number of them."""
        self.store.refresh()
        self.slots = slots
        self._tops.clear()


def _fitted(column: NDArray[np.float16], slots: int) -> NDArray[np.float16]:
    if len(column) >= slots:
        return column[:slots]
    return np.concatenate([column, np.full(slots - len(column), np.nan, np.float16)])


def load_scores(catalog: Catalog, store: ScoreStore, spec: BundleSpec, slots: int) -> LibraryScores:
    """Join a bundle's score columns with the library's labels by the stored mapping."""
    mapping = dict(
        catalog.rows("SELECT bundle_label, label FROM mapping WHERE bundle = ?", (spec.bundle_id,))
    )
    groups_of = dict(catalog.rows("SELECT num, grp FROM label"))
    columns: dict[int, tuple[str, int]] = {}
    groups: dict[int, list[str]] = {}
    nums: dict[str, NDArray[np.int32]] = {}
    for group in spec.groups:
        labels = [mapping.get(label.id, -1) for label in group.labels]
        nums[group.id] = np.array(labels, np.int32)
        for index, num in enumerate(labels):
            if num >= 0:
                columns[num] = (group.id, index)
                feeding = groups.setdefault(groups_of[num], [])
                if group.id not in feeding:
                    feeding.append(group.id)
    return LibraryScores(store, columns, groups, nums, slots)


def load_thresholds(catalog: Catalog, spec: BundleSpec | None) -> Thresholds:
    """Read a bundle's default thresholds and what the user set by hand or slider."""
    if spec is None:
        return Thresholds()
    mapping = dict(
        catalog.rows("SELECT bundle_label, label FROM mapping WHERE bundle = ?", (spec.bundle_id,))
    )
    known = [label for group in spec.groups for label in group.labels if label.id in mapping]
    logits = logit(np.array([label.default_threshold for label in known]))
    base = {mapping[label.id]: z for label, z in zip(known, logits.tolist(), strict=True)}
    hand = dict(
        catalog.rows("SELECT label, logit FROM threshold WHERE bundle = ?", (spec.bundle_id,))
    )
    shifts = dict(catalog.rows("SELECT grp, shift FROM group_shift"))
    return Thresholds(base, hand, shifts, float(catalog.meta("global_shift") or 0.0))
