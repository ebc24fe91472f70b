"""New groups and labels as acts of their own, as the window and the command line make them."""

from __future__ import annotations

from collections.abc import Sequence

from tagger.core.schema import Group, Kind
from tagger.library.library import Library
from tagger.library.schema_edit import add_group, add_label
from tagger.library.schema_split import confirmed_photos, listed_names

_NAMED = 3


def new_group(
    library: Library, name: str, kind: Kind, labels: Sequence[str] = (), gate: int | None = None
) -> Group:
    """Make a group, perhaps with its first labels, as one act.

    Raises:
        SchemaError: a name is empty or in use.
    """
    draft = library.draft(f"Add group “{name.strip()}”")
    group = add_group(library, draft, name, kind, gate=gate)
    for each in labels:
        add_label(library, draft, group.num, each)
    draft.commit()
    return group


def new_labels(
    library: Library, group: int, names: Sequence[str], parent: int | None = None
) -> None:
    """Add labels that stand beside those of the group, as one act.

    Raises:
        SchemaError: a name is empty or in use.
    """
    draft = library.draft(f"Add {listed_names(names, _NAMED)}")
    for name in names:
        add_label(library, draft, group, name, parent=parent)
    draft.commit()


def split_sources(library: Library, group: int) -> list[tuple[int, int]]:
    """Return what new labels of a single group may be split from: (label num, its photos).

    Only labels that are confirmed somewhere; nothing in a multi group, where labels stand beside
    each other.
    """
    schema = library.facts.schema
    if schema.groups[group].kind != "single":
        return []
    counted = [
        (label.num, len(confirmed_photos(library, label.num))) for label in schema.labels_of(group)
    ]
    return [(num, photos) for num, photos in counted if photos]
