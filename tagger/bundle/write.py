"""Write a bundle folder, all of it or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import onnx

from tagger.bundle.files import write_folder, write_json
from tagger.bundle.golden import OpenSession, Prepare, check_heads_give_golden, make_golden
from tagger.bundle.golden_files import FLOAT, QUANTIZED, Golden, write_golden
from tagger.bundle.graph import is_quantized, model_bytes
from tagger.bundle.head_graph import attach_heads, backbone_hash, embedding_size
from tagger.bundle.head_rules import check_heads
from tagger.bundle.heads import Head, write_heads
from tagger.bundle.ids import bundle_id, space_id
from tagger.bundle.model_rules import check_model
from tagger.bundle.spec import CARD_FILE, MODEL_FILE, SPEC_FILE, BundleSpec
from tagger.bundle.spec_rules import check_spec
from tagger.core.names import utc_now


def make_bundle(
    folder: Path,
    spec: BundleSpec,
    backbone: onnx.ModelProto,
    heads: Sequence[Head],
    card: str,
    prepare: Prepare,
    open_session: OpenSession,
) -> BundleSpec:
    """Attach heads to a backbone, make the golden pictures and write the bundle.

    Args:
        folder: where it goes; a folder of that name is replaced.
        spec: ids, embedding size and date are filled in.
        backbone: `image` -> `embedding`; heads it already has are replaced.
        heads: one per group of the spec, in any order.
        card: text of `card.md`.
        prepare: this program's preprocessing.
        open_session: runs the finished graph.

    Raises:
        BundleError: the parts do not fit, or the folder cannot be written.
    """
    by_group = {head.group: head for head in heads}
    ordered = [by_group[group.id] for group in spec.groups if group.id in by_group]
    model = attach_heads(backbone, ordered)
    spec = replace(spec, embedding_size=embedding_size(model))
    check_spec(spec)
    check_heads(heads, spec)
    arithmetic = QUANTIZED if is_quantized(model) else FLOAT
    golden = make_golden(spec, prepare, open_session(model_bytes(model)), heads, arithmetic)
    return write_bundle(folder, spec, model, heads, golden, card)


def write_bundle(
    folder: Path,
    spec: BundleSpec,
    model: onnx.ModelProto,
    heads: Sequence[Head],
    golden: Golden,
    card: str,
) -> BundleSpec:
    """Write a bundle and return its spec with ids and date filled in.

    Everything is checked before anything is written, and the folder appears at once, complete.

    Args:
        folder: where it goes; a folder of that name is replaced.
        spec: what `bundle.json` is to say; the ids follow from the content.
        model: the graph with heads attached (`attach_heads`).
        heads: the same heads as numbers.
        golden: what `make_golden` gave for this graph.
        card: text of `card.md`.

    Raises:
        BundleError: the parts do not fit each other, or the folder cannot be written.
    """
    check_spec(spec)
    check_heads(heads, spec)
    check_model(model, spec)
    check_heads_give_golden(golden, spec, tuple(heads))
    content = model_bytes(model)
    backbone = backbone_hash(model)
    spec = replace(spec, created=spec.created or utc_now()).with_ids(
        bundle_id(content, heads, spec), space_id(backbone, spec.preprocessing), backbone
    )

    def fill(temporary: Path) -> None:
        (temporary / MODEL_FILE).write_bytes(content)
        write_heads(temporary, heads)
        write_golden(temporary, golden)
        (temporary / CARD_FILE).write_text(card.rstrip() + "\n", encoding="utf-8")
        write_json(temporary / SPEC_FILE, spec.to_json())

    write_folder(folder, fill)
    return spec
