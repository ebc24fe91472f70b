"""A bundle is used only after this machine, on the provider in use, gave its golden answers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import onnxruntime as ort

from tagger.bundle.spec import BundleSpec
from tagger.core.preprocessing import PIPELINE_VERSION
from tagger.imaging.model_input import model_input
from tagger.suggest.engine import Engine
from tagger.suggest.providers import Provider
from tagger.suggest.remembered import recall, remember


def ensure_valid(folder: Path, spec: BundleSpec, state: str) -> None:
    """Validate a bundle completely, unless these very files passed before.

    Raises:
        BundleError: it is malformed; names the field.
    """
    if recall("valid", spec.bundle_id) == state:
        return
    from tagger.bundle.validate import validate_bundle  # brings onnx, needed once per bundle

    validate_bundle(folder)
    remember("valid", spec.bundle_id, state)


def ensure_golden(
    folder: Path, spec: BundleSpec, state: str, engine: Engine, provider: Provider
) -> None:
    """Check a bundle's golden answers, unless these very files gave them here before.

    Raises:
        BundleError: the golden folder is damaged.
        GoldenMismatch: it answers otherwise than on its maker's machine; says how.
    """
    key = f"{spec.bundle_id} {provider.key} {ort.__version__} pipeline {PIPELINE_VERSION}"
    if recall("golden", key) == state:
        return
    from tagger.bundle.golden import check_golden

    check_golden(folder, model_input, engine.run)
    remember("golden", key, state)


def state_of(folder: Path) -> str:
    """Return a digest of what `bundle.json` says and of every file's name, size and time."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    digest.update((folder / "bundle.json").read_bytes())
    return digest.hexdigest()
