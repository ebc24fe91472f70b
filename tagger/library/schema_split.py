"""A new label of a single group that takes over a part of an existing one, as one act."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tagger.core.decisions import is_confirmed
from tagger.core.schema import Label
from tagger.library.draft import Draft
from tagger.library.library import Library
from tagger.library.schema_edit import SchemaError, add_label


def split_label(
    library: Library, source: int, names: Sequence[str], *, parent: int | None = None
) -> int:
    """Add labels that were part of another one until now, as one act.

    Returns:
        how many photos return to review.

    Raises:
        SchemaError: the group is not a single one, or a name is empty or in use.
    """
    old = library.facts.schema.labels[source]
    returning = len(confirmed_photos(library, source))
    draft = library.draft(f"Split {listed_names(names)} from “{old.name}”")
    for name in names:
        put_split(library, draft, source, name, parent=parent)
    draft.commit()
    return returning


def put_split(
    library: Library, draft: Draft, source: int, name: str, *, parent: int | None = None
) -> Label:
    """Add a label to a draft and let the photos of the one it was part of return to review.

    Their confirmation of `source` and their review of the group are taken away, so that they are
    asked again; rejections stay. A parent that is not given is that of `source`.

    Raises:
        SchemaError: the group is not a single one, or the name is empty or in use.
    """
    old = library.facts.schema.labels[source]
    group = library.facts.schema.groups[old.group]
    if group.kind != "single":
        raise SchemaError(
            f"“{group.name}” allows several labels for a photo: a new one needs no splitting."
        )
    made = add_label(
        library, draft, group.num, name, parent=old.parent if parent is None else parent
    )
    photos = confirmed_photos(library, source)
    for photo in photos.tolist():
        draft.put_row("decision", photo, source, None)
    draft.unreview(photos, group.num)
    return made


def confirmed_photos(library: Library, label: int) -> NDArray[np.int64]:
    """Return the slots of the photos in which a label is confirmed."""
    photos, codes = library.facts.decisions.of_label(label)
    return photos[is_confirmed(codes)].astype(np.int64)


def listed_names(names: Sequence[str], most: int = 5) -> str:
    """Return names as they stand in the description of an act: `“a”, “b” and 12 more`."""
    quoted = [f"“{name.strip()}”" for name in names]
    if len(quoted) > most:
        quoted[most - 1 :] = [f"{len(quoted) - most + 1:,} more"]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))
