"""Make a bundle of a foreign model, checked by numbers against the model as it came."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tagger.bundle.card import model_card
from tagger.bundle.errors import BundleError
from tagger.bundle.foreign.find import find_foreign
from tagger.bundle.foreign.groups import ForeignGroup, foreign_groups
from tagger.bundle.foreign.heads import Cut, cut_heads, cuts
from tagger.bundle.foreign.labels import read_labels
from tagger.bundle.foreign.model import ForeignModel
from tagger.bundle.foreign.reference import Reference, open_reference
from tagger.bundle.golden import OpenSession, Prepare
from tagger.bundle.graph import load_model, model_bytes
from tagger.bundle.head_graph import attach_heads
from tagger.bundle.heads import Head
from tagger.bundle.spec import SPEC_FILE, BundleSpec
from tagger.bundle.store import BundleStore
from tagger.bundle.write import make_bundle

TOLERANCE = 1e-4
"""Largest difference of a score from the model as it came, float32."""

COARSE_TOLERANCE = 5e-3
"""The same for models that calculate in float16."""


@dataclass(frozen=True)
class Adapted:
    """A foreign model that came in.

    Attributes:
        spec: its bundle.
        notes: sentences for the user: what was assumed, what it cannot do.
    """

    spec: BundleSpec
    notes: tuple[str, ...]


def adapt_model(
    foreign: ForeignModel, folder: Path, prepare: Prepare, open_session: OpenSession
) -> Adapted:
    """Write a bundle for a foreign model into `folder`.

    The graph gets nodes in front that take `image`; its last layer becomes heads, so that the model
    can be retrained quickly; and the result is compared with the model as it came.

    Args:
        foreign: the model, its labels and how to use it.
        folder: where the bundle goes; a folder of that name is replaced.
        prepare: this program's preprocessing.
        open_session: runs a graph.

    Raises:
        BundleError: the model cannot be used; the sentence says why and names the file.
    """
    labels = read_labels(foreign.labels)
    model = load_model(foreign.onnx, weights_beside=True)
    reference = open_reference(foreign, model, labels, prepare, open_session)
    if reference.link == "softmax":  # it goes over all labels, so they are one group
        foreign = replace(foreign, drop_categories=True)
    digest = hashlib.sha256(foreign.onnx.read_bytes()).hexdigest()
    groups = foreign_groups(labels, foreign, reference.kind, digest)
    cut, heads = _best_cut(reference, groups, open_session)
    notes = (*reference.notes, *cut.notes)
    spec = BundleSpec(
        name=foreign.name or foreign.onnx.stem,
        preprocessing=reference.preprocessing,
        groups=tuple(item.group for item in groups),
        embedding_size=1,  # filled in from the graph
        producer=_producer(foreign, cut, notes, digest),
        licence=foreign.licence,
        attribution=foreign.attribution,
    )
    card = model_card(spec, what=_what(foreign), notes=notes)
    made = make_bundle(folder, spec, cut.backbone, heads, card, prepare, open_session)
    return Adapted(made, notes)


def add_model(
    path: Path,
    store: BundleStore,
    prepare: Prepare,
    open_session: OpenSession,
    *,
    labels: Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Adapted:
    """Add whatever lies at `path` to the store: a bundle, or a foreign model.

    Args:
        path: a bundle folder, a `.tagmodel` file, an ONNX file, or a folder with one.
        store: where the bundle goes.
        prepare: this program's preprocessing.
        open_session: runs a graph.
        labels: label list of a foreign model, where it does not lie beside it.
        options: of a foreign model, as in `foreign.model.OPTIONS`; None values are ignored.

    Raises:
        BundleError: it is neither, or cannot be used; the sentence says why and names the file.
    """
    is_bundle = (path / SPEC_FILE).is_file() if path.is_dir() else path.suffix.lower() != ".onnx"
    if is_bundle:
        return Adapted(store.add(path), ())
    foreign = find_foreign(path, labels=labels, options=options)
    with tempfile.TemporaryDirectory(prefix="adapt-") as place:
        adapted = adapt_model(foreign, Path(place) / "bundle", prepare, open_session)
        return replace(adapted, spec=store.add(Path(place) / "bundle"))


def _best_cut(
    reference: Reference, groups: Sequence[ForeignGroup], open_session: OpenSession
) -> tuple[Cut, list[Head]]:
    """Return the first way of cutting that gives the scores of the model as it came."""
    allowed = COARSE_TOLERANCE if reference.coarse else TOLERANCE
    problems = []
    for cut in cuts(reference):
        heads = cut_heads(cut, groups, reference.link)
        try:
            difference = _difference(cut, heads, reference, groups, open_session)
        except Exception as error:  # whatever the runtime raises: this cut does not work
            problems.append(" ".join(str(error).split())[:200])
            continue
        if difference <= allowed:
            return cut, heads
        problems.append(f"scores differ by {difference:.4f}")
    raise BundleError(
        f"{reference.file} could not be brought into a form that answers as it does itself: "
        f"{problems[-1]}"
    )


def _difference(
    cut: Cut,
    heads: Sequence[Head],
    reference: Reference,
    groups: Sequence[ForeignGroup],
    open_session: OpenSession,
) -> float:
    """Return the largest difference of a score; NaN where the graph gives that."""
    run = open_session(model_bytes(attach_heads(cut.backbone, heads)))
    outputs = run(reference.pixels)
    return max(
        float(np.abs(outputs[item.group.output] - reference.scores[:, item.columns]).max())
        for item in groups
    )


def _producer(
    foreign: ForeignModel, cut: Cut, notes: tuple[str, ...], digest: str
) -> dict[str, Any]:
    return {
        "program": "tagger adapter",
        "source": foreign.source or foreign.onnx.name,
        "file": foreign.onnx.name,
        "file_sha256": digest,
        "labels": foreign.labels.name,
        "embedding": cut.embedding,
        "notes": list(notes),
    }


def _what(foreign: ForeignModel) -> str:
    source = foreign.source or f"the file `{foreign.onnx.name}`"
    return (
        f"A model that was made elsewhere ({source}) and brought into this program's form. "
        "On synthetic pictures it answers as the file itself does."
    )
