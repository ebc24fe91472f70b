"""The one validator: a bundle is sound in every part, or refused with a sentence."""

from __future__ import annotations

from pathlib import Path

from tagger.bundle.errors import BundleError
from tagger.bundle.golden import check_heads_give_golden
from tagger.bundle.golden_files import read_golden
from tagger.bundle.graph import load_model
from tagger.bundle.head_graph import backbone_hash
from tagger.bundle.head_rules import check_heads
from tagger.bundle.heads import read_heads
from tagger.bundle.ids import bundle_id
from tagger.bundle.model_rules import check_model
from tagger.bundle.read import read_bundle
from tagger.bundle.spec import MODEL_FILE, BundleSpec


def validate_bundle(folder: Path) -> BundleSpec:
    """Check a bundle completely, without running its graph, and return its spec.

    Raises:
        BundleError: the first thing that is wrong, naming the file and the field.
    """
    spec = read_bundle(folder)
    model = load_model(folder / MODEL_FILE)
    check_model(model, spec)
    heads = read_heads(folder)
    check_heads(heads, spec)
    golden = read_golden(folder, spec)
    check_heads_give_golden(golden, spec, heads)
    if backbone_hash(model) != spec.backbone_hash:
        raise BundleError("bundle.json: backbone_hash is not that of model.onnx: it was changed")
    content = (folder / MODEL_FILE).read_bytes()
    if bundle_id(content, heads, spec) != spec.bundle_id:
        raise BundleError(
            "bundle.json: bundle_id does not follow from model.onnx, heads.npz, preprocessing and "
            "label ids: the bundle was changed after it was made"
        )
    return spec
