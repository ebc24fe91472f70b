"""Groups and labels with how often they were decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tagger.core.decisions import Verdict, verdicts_of
from tagger.core.schema import Group, Label
from tagger.library.library import Library


@dataclass(frozen=True)
class LabelLine:
    """One label with its decisions."""

    label: Label
    confirmed: int = 0
    rejected: int = 0
    unsure: int = 0

    @property
    def decisions(self) -> int:
        """Number of decisions of any verdict."""
        return self.confirmed + self.rejected + self.unsure


@dataclass(frozen=True)
class GroupLine:
    """One group with its labels.

    Attributes:
        reviewed: photos that were looked at in full.
    """

    group: Group
    labels: tuple[LabelLine, ...]
    reviewed: int = 0

    @property
    def decisions(self) -> int:
        """Number of decisions in the group."""
        return sum(line.decisions for line in self.labels)


def read_groups(library: Library) -> list[GroupLine]:
    """Return all groups in display order, with counts."""
    facts = library.facts
    _, labels, codes = facts.decisions.everything()
    found = {}
    for verdict in (Verdict.CONFIRMED, Verdict.REJECTED, Verdict.UNSURE):
        nums, counts = np.unique(labels[verdicts_of(codes) == verdict], return_counts=True)
        found[verdict] = dict(zip(nums.tolist(), counts.tolist(), strict=True))
    return [
        GroupLine(
            group,
            tuple(
                LabelLine(label, *(found[verdict].get(label.num, 0) for verdict in found))
                for label in facts.schema.labels_of(group.num)
            ),
            int(np.count_nonzero(facts.reviews.column(group.num, facts.slots))),
        )
        for group in facts.schema.groups.values()
    ]
