"""Read a bundle, quickly: what the program needs every day, without checking all of it."""

from __future__ import annotations

from pathlib import Path

from tagger.bundle.errors import BundleError
from tagger.bundle.files import read_json
from tagger.bundle.ids import space_id
from tagger.bundle.spec import SPEC_FILE, BundleSpec
from tagger.bundle.spec_rules import check_spec


def read_bundle(folder: Path) -> BundleSpec:
    """Read `bundle.json` and check it in itself; graph and heads are not looked at.

    The id of the embedding space is that of this program's pixel pipeline, so that embeddings made
    by an older one are not mixed with new ones.

    Raises:
        BundleError: missing, damaged, from a newer program, or with a field that makes no sense.
    """
    if not folder.is_dir():
        raise BundleError(f"{folder} is not a folder: a model bundle is a folder with {SPEC_FILE}")
    spec = BundleSpec.from_json(read_json(folder / SPEC_FILE))
    check_spec(spec)
    space = space_id(spec.backbone_hash, spec.preprocessing)
    return spec.with_ids(spec.bundle_id, space, spec.backbone_hash)
