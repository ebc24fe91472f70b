"""The rows of the side bar: states of photos, then groups and labels with their counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tagger.app.models.desk import Desk
from tagger.app.models.filters import Filter, PhotoState
from tagger.app.models.tally import LabelCount
from tagger.core.names import fold_name
from tagger.core.schema import Group, Label


@dataclass(frozen=True, slots=True)
class SidebarRow:
    """One row; exactly one of `state`, `group`, `label` is set, or none in a note.

    Attributes:
        suggested, confirmed: numbers of photos; for a state `confirmed` is the only one.
        open: whether a group's labels are listed below it.
    """

    text: str
    state: PhotoState | None = None
    group: int | None = None
    label: int | None = None
    suggested: int = 0
    confirmed: int = 0
    open: bool = False

    @property
    def key(self) -> tuple[str | None, int | None, int | None]:
        """What makes the row the same row after its counts changed."""
        return (self.state.name if self.state else None, self.group, self.label)


class Sidebar:
    """Computes the rows.

    Attributes:
        search: what was typed to find a label.
        closed: nums of groups whose labels are not listed.
        show_all: also list labels that no photo has.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.search = ""
        self.closed: set[int] = set()
        self.show_all = False

    def rows(self) -> list[SidebarRow]:
        """Return the rows as they are now."""
        found = [] if self.search.strip() else self._state_rows()
        schema = self.desk.session.library.facts.schema
        for group in schema.groups.values():
            found += self._group_rows(group, schema.labels_of(group.num))
        if self.search.strip() and not found:
            found.append(SidebarRow("No label of that name."))
        return found

    def _state_rows(self) -> list[SidebarRow]:
        desk = self.desk
        present = desk.session.library.photos.present
        flags = desk.flags
        counts = {
            PhotoState.ALL: present,
            PhotoState.UNSEEN: flags.unseen,
            PhotoState.SUGGESTED: desk.tally.suggestions > 0,
            PhotoState.UNREVIEWED: ~flags.reviewed,
            PhotoState.REVIEWED: flags.reviewed,
            PhotoState.UNSURE: flags.unsure,
            PhotoState.AUDIT: desk.session.audit,
        }
        rows = []
        for state, marks in counts.items():
            count = int(np.count_nonzero(marks & present)) if len(marks) == len(present) else 0
            rare = state in (PhotoState.UNSURE, PhotoState.AUDIT)
            if count or not rare or desk.photos.filter.state is state:
                rows.append(SidebarRow(state.value, state=state, confirmed=count))
        return rows

    def _group_rows(self, group: Group, labels: list[Label]) -> list[SidebarRow]:
        wanted = fold_name(self.search)
        chosen = self.desk.photos.filter.label
        rows = []
        for label in labels:
            count = self.desk.tally.of(label.num)
            if wanted:
                shown = wanted in fold_name(label.name) or any(
                    wanted in fold_name(text) for text in label.synonyms
                )
            else:
                shown = self.show_all or self._in_use(label, count) or label.num == chosen
            if shown:
                rows.append(
                    SidebarRow(
                        label.name,
                        label=label.num,
                        suggested=count.suggested,
                        confirmed=count.confirmed,
                    )
                )
        rows.sort(key=lambda row: fold_name(row.text))
        if wanted and not rows:
            return []
        is_open = bool(wanted) or group.num not in self.closed
        head = SidebarRow(group.name, group=group.num, open=is_open)
        return [head, *(rows if is_open else [])]

    def _in_use(self, label: Label, count: LabelCount) -> bool:
        return bool(count.suggested or count.confirmed or count.rejected or count.unsure)

    def filter_of(self, row: SidebarRow) -> Filter | None:
        """Return the filter that a row stands for, None for a note."""
        folder = self.desk.photos.filter.folder
        if row.state is not None:
            return Filter(row.state, folder=folder)
        if row.label is not None:
            return Filter(label=row.label, folder=folder)
        if row.group is not None:
            return Filter(group=row.group, folder=folder)
        return None

    def is_chosen(self, row: SidebarRow) -> bool:
        """Say whether a row is the one the photos on show are chosen by."""
        now = self.desk.photos.filter
        if now.label is not None:
            return row.label == now.label
        if now.group is not None:
            return row.group == now.group
        return row.state is now.state
