"""What a list of labels says, whatever file it came from, and how it is put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.core.decisions import Verdict
from tagger.core.errors import TaggerError
from tagger.core.names import clean_name, fold_name
from tagger.core.parts import DRAWN_PARTS
from tagger.core.schema import Kind

DEFAULT_GROUP = "tags"

Int32 = NDArray[np.int32]


class TableError(TaggerError):
    """A table cannot be read, or leaves a doubt; names the file and the option that settles it."""


@dataclass(frozen=True)
class TableOptions:
    """What the user said about a table; what is left out is found in the file.

    Attributes:
        photo, labels, unsure, split: names of columns (or keys of JSON objects).
        separator: what stands between labels in one cell.
        group: multi group the labels go to; `tags` where nothing else is said.
        single: columns that are one single group each.
        encoding: of a text file, as Python names it.
        names: JSON file that gives the names of labels written as numbers, or of the values of
            letter codes.
        partial: the list names some labels of a photo and says nothing of the others.
        known_groups: groups of the library, name → kind; columns of that name are theirs.
    """

    photo: str | None = None
    labels: str | None = None
    separator: str | None = None
    group: str | None = None
    single: tuple[str, ...] = ()
    unsure: str | None = None
    split: str | None = None
    encoding: str | None = None
    names: Path | None = None
    partial: bool = False
    known_groups: Mapping[str, Kind] = field(default_factory=dict)

    def known_kind(self, group: str) -> Kind | None:
        """Return the kind of the library's group of that name, if there is one."""
        folded = fold_name(group)
        return next((k for n, k in self.known_groups.items() if fold_name(n) == folded), None)


@dataclass(frozen=True)
class LabelSet:
    """Labels that were on offer in a group: index of the group, indexes into its vocabulary."""

    group: int
    labels: tuple[int, ...]


@dataclass
class ImportTable:
    """A list of labels, ready to be matched with photos.

    Attributes:
        source: name of the file.
        digest: hash of its content, so that it is known again; `""` if not from a file.
        photo_names: as the table writes them, each once.
        groups: name → kind; a group's index is its place here.
        vocabulary: group → labels the list knows; those it does not give to a photo it covers
            are absent there.
        rows, group_index, label_index: int32 [decisions]; index of the photo, the group, and the
            label in the group's vocabulary.
        verdicts: int8 [decisions]; 1 confirmed, 2 rejected, 3 unsure.
        covered_rows, covered_sets: int32 [covered]; photos that were looked at in full, and the
            index of the label set they were looked at with.
        label_sets: what `covered_sets` points to.
        splits: one for each photo, as the table has it, or None.
        problems: (line, reason) of what could not be taken in.
        ignored: columns that were not read.
        synonyms: (group, label) → further names.
        parents: (group, label) → (group, label) of the parent.
        gates: group → (group, label) that opens it.
    """

    source: str
    photo_names: list[str]
    groups: dict[str, Kind]
    vocabulary: dict[str, list[str]]
    rows: Int32
    group_index: Int32
    label_index: Int32
    verdicts: NDArray[np.int8]
    covered_rows: Int32
    covered_sets: Int32
    label_sets: list[LabelSet]
    splits: list[str | None]
    problems: list[tuple[int, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    synonyms: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    parents: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    gates: dict[str, tuple[str, str]] = field(default_factory=dict)
    digest: str = ""


class TableBuilder:
    """Takes in what a file says, line by line; merges what is said twice, lists what contradicts.

    Labels are told apart as the library does, ignoring case, spaces, `_` and `-`; the spelling
    met first stays.
    """

    def __init__(self, source: str, partial: bool) -> None:
        self.source = source
        self.partial = partial
        self.groups: dict[str, Kind] = {}
        self.problems: list[tuple[int, str]] = []
        self.synonyms: dict[tuple[str, str], tuple[str, ...]] = {}
        self.parents: dict[tuple[str, str], tuple[str, str]] = {}
        self.gates: dict[str, tuple[str, str]] = {}
        self._photos: dict[str, int] = {}
        self._splits: dict[int, str] = {}
        self._group_index: dict[str, int] = {}
        self._group_names: list[str] = []
        self._folded: dict[str, str] = {}
        self._labels: list[dict[str, str]] = []
        self._fixed_order: list[bool] = []
        self._decisions: dict[tuple[int, int, str], int] = {}
        self._chosen: dict[tuple[int, int], str] = {}
        self._sets: list[tuple[int, tuple[str, ...]]] = []
        self._covered: dict[tuple[int, int], int] = {}

    def photo(self, name: str) -> int:
        """Return the row of a photo, made where it is new."""
        return self._photos.setdefault(name, len(self._photos))

    def group(self, name: str, kind: Kind, vocabulary: Iterable[str] = ()) -> int:
        """Return the index of a group, made where it is new; a vocabulary keeps its order."""
        name = clean_name(name)
        folded = fold_name(name)
        if folded not in self._group_index:
            self._group_index[folded] = len(self.groups)
            self._group_names.append(name)
            self.groups[name] = kind
            self._labels.append({})
            self._fixed_order.append(False)
        index = self._group_index[folded]
        for label in vocabulary:
            self._fixed_order[index] = True
            self.label(index, label)
        return index

    def label(self, group: int, name: str) -> str:
        """Return the folded name of a label, which joins the group's vocabulary."""
        folded = self._folded.get(name)
        if folded is None:
            folded = self._folded[name] = fold_name(name)
        if folded and folded not in self._labels[group]:
            self._labels[group][folded] = clean_name(name)
        return folded

    def decide(self, row: int, group: int, name: str, verdict: Verdict, line: int) -> None:
        """Note a verdict on (photo, label).

        Said twice it counts once, and a certain verdict beats an unsure one. Contradictions are
        problems, and what came first stays.
        """
        folded = self.label(group, name)
        if not folded:
            self.problems.append((line, f"{name!r} is no name for a label"))
            return
        key = (row, group, folded)
        before = self._decisions.get(key, verdict)
        if before == Verdict.UNSURE and verdict != before:
            before = verdict
        if verdict not in (before, Verdict.UNSURE):
            self.problems.append((line, f"both yes and no are said of {name}; the first counts"))
            return
        if verdict == Verdict.CONFIRMED and self._is_second_choice(row, group, folded, line):
            return
        self._decisions[key] = before

    def _is_second_choice(self, row: int, group: int, folded: str, line: int) -> bool:
        name = self._group_names[group]
        if self.groups[name] != "single":
            return False
        chosen = self._chosen.setdefault((row, group), folded)
        if chosen == folded:
            return False
        first, second = self._labels[group][chosen], self._labels[group][folded]
        self.problems.append((line, f"{name} is both {first} and {second}; the first counts"))
        return True

    def label_set(self, group: int, labels: Sequence[str]) -> int:
        """Return a number for `cover` that stands for these labels of a group."""
        folded = (self.label(group, name) for name in labels)
        self._sets.append((group, tuple(dict.fromkeys(name for name in folded if name))))
        return len(self._sets) - 1

    def cover(self, row: int, group: int, label_set: int = -1) -> None:
        """Note that a photo was looked at in full: for the whole vocabulary, or a label set."""
        if not self.partial:
            self._covered[row, group] = label_set

    def split(self, row: int, value: str, line: int) -> None:
        """Note the part a photo belongs to; an empty value says nothing."""
        if value and self._splits.setdefault(row, value) != value:
            self.problems.append((line, f"the split is {self._splits[row]} before and {value} now"))

    def forget_drawn_parts(self) -> None:
        """Drop the splits if they are the parts that this program draws, not the user's own."""
        if DRAWN_PARTS.issuperset(self._splits.values()):
            self._splits.clear()

    def finish(self, ignored: Iterable[str] = ()) -> ImportTable:
        """Return everything taken in as one table."""
        vocabularies = [self._ordered(index) for index in range(len(self.groups))]
        places = [{folded: at for at, folded in enumerate(words)} for words in vocabularies]
        decided = [
            (row, group, places[group][folded], verdict)
            for (row, group, folded), verdict in self._decisions.items()
        ]
        columns = np.array(decided, np.int32).reshape(-1, 4).T
        numbers: dict[tuple[int, int], int] = {}
        covered = [
            (row, numbers.setdefault((group, label_set), len(numbers)))
            for (row, group), label_set in self._covered.items()
        ]
        covered_columns = np.array(covered, np.int32).reshape(-1, 2).T
        offered = [
            LabelSet(group, tuple(places[group][folded] for folded in words))
            for group, label_set in numbers
            for words in [vocabularies[group] if label_set < 0 else self._sets[label_set][1]]
        ]
        return ImportTable(
            source=self.source,
            photo_names=list(self._photos),
            groups=self.groups,
            vocabulary={
                name: [self._labels[index][folded] for folded in vocabularies[index]]
                for index, name in enumerate(self._group_names)
            },
            rows=columns[0],
            group_index=columns[1],
            label_index=columns[2],
            verdicts=columns[3].astype(np.int8),
            covered_rows=covered_columns[0],
            covered_sets=covered_columns[1],
            label_sets=offered,
            splits=[self._splits.get(row) for row in range(len(self._photos))],
            problems=self.problems,
            ignored=list(ignored),
            synonyms=self.synonyms,
            parents=self.parents,
            gates=self.gates,
        )

    def _ordered(self, group: int) -> list[str]:
        """Return the folded labels of a group: in the given order, else by the alphabet."""
        names = self._labels[group]
        if self._fixed_order[group]:
            return list(names)
        return sorted(names, key=lambda folded: names[folded].casefold())
