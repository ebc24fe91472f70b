"""Adding a foreign model from a program that must not load ONNX Runtime: window, command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import BundleStore
from tagger.suggest.asking import ask_child
from tagger.suggest.protocol import ADD


def add_foreign(
    path: Path,
    store: BundleStore,
    options: Mapping[str, Any],
    on_note: Callable[[str], None] | None = None,
) -> BundleSpec:
    """Make a bundle of a foreign model in a child process, put it into the store and return it.

    Blocks for some seconds: a window calls it on a thread of its own.

    Args:
        path: an ONNX file, or a folder with one (also a bundle or `.tagmodel` file).
        store: where the bundle goes.
        options: as in `tagger.bundle.foreign.model.OPTIONS`, and `labels`, the label list where
            it does not lie beside the model.
        on_note: gets a sentence for each thing that was assumed, or that the model cannot do.

    Raises:
        SuggesterError: the model cannot be used; the sentence says why and names the file.
    """
    given = dict(options)
    labels = given.pop("labels", None)
    request = {
        "path": str(path.absolute()),
        "bundles": str(store.root.absolute()),
        "labels": None if labels is None else str(Path(labels).absolute()),
        "options": given,
    }
    answer = ask_child([ADD], request)
    for note in answer["notes"]:
        if on_note:
            on_note(note)
    return store.get(answer["bundle"])
