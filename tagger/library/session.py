"""Opening a folder in full: scan, annotation file, keywords, active bundle."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tagger.bundle.store import BundleStore
from tagger.core.errors import TaggerError
from tagger.library.carry_over import carry_over_thresholds
from tagger.library.keywords import import_keywords, keyword_problems, read_new_keywords
from tagger.library.library import Library
from tagger.library.mirror import restore_from_file
from tagger.library.places import user_folder
from tagger.library.scan import ScanResult, scan

Progress = Callable[[str, int, int], None]
"""stage, done, total."""


@dataclass
class Opened:
    """A library opened in full.

    Attributes:
        notes: sentences for the user (an annotation file taken in, folders that are unreadable).
        metadata_problems: photos whose keywords could not be read, with the reason.
    """

    library: Library
    scan: ScanResult
    notes: list[str] = field(default_factory=list)
    metadata_problems: list[tuple[Path, str]] = field(default_factory=list)


def bundle_store() -> BundleStore:
    """Return the user's bundles."""
    return BundleStore(user_folder("bundles"))


def open_folder(folder: Path, on_progress: Progress | None = None) -> Opened:
    """Open a folder as a library, bring it up to date and link the bundle it uses.

    Raises:
        TaggerError: the folder or its catalog cannot be opened.
    """
    report = on_progress or (lambda stage, done, total: None)
    library = Library.open(folder)
    found = scan(library, lambda done, total: report("scan", done, total))
    library.reload_photos()
    opened = Opened(library, found)
    opened.notes += [
        f"{path.decode('utf-8', 'replace') or folder}: {reason}"
        for path, reason in found.unreadable
    ]
    link_active_bundle(library)
    try:
        if note := restore_from_file(library):
            opened.notes.append(note)
    except TaggerError as error:
        opened.notes.append(str(error))
    keywords = read_new_keywords(
        library, found.changed, lambda done, total: report("keywords", done, total)
    )
    import_keywords(library, keywords)
    opened.metadata_problems = keyword_problems(library, keywords)
    return opened


def settle_model(library: Library) -> int:
    """Call when the active bundle's scores are complete: hand-set thresholds follow, once.

    Returns how many thresholds were set.
    """
    before = library.previous_bundle_id()
    if before is None or library.catalog.meta("settled_bundle") == library.bundle_id:
        return 0
    carried = 0
    with contextlib.suppress(TaggerError):  # the bundle before may have been deleted
        carried = carry_over_thresholds(library, bundle_store().get(before))
    library.catalog.set_meta("settled_bundle", library.bundle_id)
    return carried


def link_active_bundle(library: Library) -> str | None:
    """Link the bundle the library was last used with, else the default for new libraries.

    Returns its id, or None where no bundle is there yet.
    """
    store = bundle_store()
    for bundle_id in (library.active_bundle_id, store.default()):
        if bundle_id is None:
            continue
        try:
            library.use_bundle(store.get(bundle_id))
        except TaggerError:
            continue
        return bundle_id
    return None
