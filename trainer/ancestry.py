"""Where a library's active bundle comes from: its parent, its root, and who was trained on what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.errors import BundleError
from tagger.bundle.heads import Head, read_heads, with_bias
from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import BundleStore
from tagger.core.errors import TaggerError
from tagger.library.facts import load_schema
from tagger.library.library import Library
from tagger.library.model_link import ensure_mapping, nums_needed
from tagger.library.roles import signature_of, trained_signatures

DISTILLED_KEY = "distilled"
"""In `producer` of a bundle with a fine-tuned backbone: the root whose heads were made to fit."""

SHIFTS_KEY = "shifts"
"""There too: root's label id (or `none_of`) → what its logit is moved by on that backbone."""


class NoModel(TaggerError):
    """The library has no model yet, or it is gone."""


@dataclass(frozen=True)
class Model:
    """A bundle on disk with its heads, and which library label each of its labels is.

    Attributes:
        spec: content of bundle.json.
        folder: where it lies.
        heads: by group id.
        nums: bundle label id → num of the library's label.
    """

    spec: BundleSpec
    folder: Path
    heads: dict[str, Head]
    nums: dict[str, int]


@dataclass(frozen=True)
class Ancestry:
    """What a new bundle grows out of.

    Attributes:
        parent: the active bundle.
        root: the model whose scores serve as prior, or None. It and all before it never saw this
            library, and its embedding space is the parent's. Usually the starter.
        trained: uint64, signatures of all photos that the parent and its ancestors were trained on.
        deep: uint64, signatures of the photos that the backbone itself was fine-tuned on.
        shifts: what the root's heads are moved by, because they are made for another backbone.
    """

    parent: Model
    root: Model | None
    trained: NDArray[np.uint64]
    deep: NDArray[np.uint64]
    shifts: Mapping[str, float] = field(default_factory=dict)


def find_ancestry(library: Library, store: BundleStore) -> Ancestry:
    """Find parent and root of the bundle that a library uses now.

    Raises:
        NoModel: there is none, or it was deleted.
    """
    bundle_id = library.active_bundle_id
    if bundle_id is None:
        raise NoModel(
            f"No model has looked at the photos of {library.places.home} yet: compute suggestions "
            "for them first."
        )
    try:
        return ancestry_of(library, store, store.get(bundle_id))
    except BundleError as error:
        raise NoModel(
            f"The model {bundle_id[:12]} that {library.places.home} uses cannot be read ({error}): "
            "choose another one first."
        ) from error


def ancestry_of(library: Library, store: BundleStore, spec: BundleSpec) -> Ancestry:
    """Find the root of a bundle and what its line was trained on, as seen from a library.

    Raises:
        BundleError: one of the bundles cannot be read.
    """
    parent = _model(library, store, spec)
    line = _line(store, parent.spec)
    root = _root(line, library, parent.spec.space_id)
    shifts = {} if root is None else _shifts(line, root, parent.spec.space_id)
    return Ancestry(
        parent=parent,
        root=None if root is None else shifted(_model(library, store, root), shifts),
        trained=trained_signatures(line),
        deep=_deep_signatures(line),
        shifts=shifts,
    )


def none_of(group: str) -> str:
    """Return what stands for *none of these* of a group beside ids of labels."""
    return f"{group}/none"


def shifted(model: Model, shifts: Mapping[str, float]) -> Model:
    """Return a model whose heads add something to the logits of some labels (by id)."""
    heads = dict(model.heads)
    for group in model.spec.groups:
        if group.id not in heads:
            continue
        moved = [shifts.get(label.id, 0.0) for label in group.labels]
        if heads[group.id].has_null:
            moved.append(shifts.get(none_of(group.id), 0.0))
        if any(moved):
            heads[group.id] = with_bias(heads[group.id], np.array(moved, np.float32))
    return replace(model, heads=heads)


def _line(store: BundleStore, spec: BundleSpec) -> list[BundleSpec]:
    """Return a bundle and its ancestors as far as they are still there, youngest first."""
    known = {other.bundle_id: other for other in store.list()}
    line = [spec]
    while (parent := known.get(line[-1].parent or "")) is not None and parent not in line:
        line.append(parent)
    return line


def _root(line: Sequence[BundleSpec], library: Library, space: str) -> BundleSpec | None:
    """Return the youngest bundle of the unspoilt beginning of the line, if its heads fit the space.

    In a library whose first model was made in another library that is that model, not the starter
    it came from: it never saw this library either, and knows more. Its heads fit its own space,
    and spaces that were fine-tuned so that they go on fitting.
    """
    unspoilt = None
    for spec in reversed(line):
        if _saw(spec, library):
            break
        unspoilt = spec
    if unspoilt is None:
        return None
    distilled = [spec.producer.get(DISTILLED_KEY) for spec in line if spec.space_id == space]
    fits = unspoilt.space_id == space or unspoilt.bundle_id in distilled
    return unspoilt if fits else None


def _shifts(line: Sequence[BundleSpec], root: BundleSpec, space: str) -> dict[str, float]:
    """Return what the root's heads are moved by on the backbone in use."""
    if root.space_id == space:
        return {}
    kept = next((spec.producer.get(SHIFTS_KEY) for spec in line if spec.space_id == space), None)
    return {str(k): float(v) for k, v in kept.items()} if isinstance(kept, dict) else {}


def _saw(spec: BundleSpec, library: Library) -> bool:
    if spec.dataset.get("library") == library.library_id:
        return True
    return bool(np.isin(trained_signatures([spec]), library.photos.signature).any())


def _deep_signatures(line: Sequence[BundleSpec]) -> NDArray[np.uint64]:
    """Return the photos that the backbones of this line were fine-tuned on."""
    texts: set[str] = set()
    for spec in line:
        listed = spec.dataset.get("fine_tuned_on", [])
        texts.update(str(text) for text in listed if isinstance(listed, list))
    return np.array(sorted(signature_of(text) for text in texts), np.uint64)


def _model(library: Library, store: BundleStore, spec: BundleSpec) -> Model:
    nums = _mapping(library, spec)
    if not nums:
        first = library.reserve_nums(nums_needed(spec))
        ensure_mapping(library.catalog, load_schema(library.catalog, everything=True), spec, first)
        nums = _mapping(library, spec)
    folder = store.folder(spec.bundle_id)
    return Model(spec, folder, {head.group: head for head in read_heads(folder)}, nums)


def _mapping(library: Library, spec: BundleSpec) -> dict[str, int]:
    """Return bundle label id → num of the library's label, as far as the library keeps it."""
    sql = "SELECT bundle_label, label FROM mapping WHERE bundle = ?"
    return dict(library.catalog.rows(sql, (spec.bundle_id,)))
