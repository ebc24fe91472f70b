"""Starting the benchmark in a child and waiting for its figures. No ONNX Runtime here."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tagger.bundle.packing import unpack_bundle
from tagger.suggest.client import SuggesterError, suggester_command
from tagger.suggest.protocol import BENCH, messages

_PATIENCE = 5.0


def run_bench(
    folder: Path,
    bundle: Path,
    *,
    provider: str = "auto",
    photos: int | None = None,
    seconds: float = 60.0,
    on_progress: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measure how fast suggestions come for a folder of photos, starting from nothing.

    Blocks for a little more than `seconds`. The photos' folder and the user data folder are only
    read; what the benchmark writes lies in a temporary folder that is gone at the end. Whichever
    of the two processes survives the other deletes it.

    Args:
        folder: photos.
        bundle: folder of a model, or a packed one.
        provider: `auto`, or a key of `tagger.suggest.providers.PROVIDERS`.
        photos: take at most so many different photos; None takes all.
        seconds: how long to measure.
        on_progress: gets a sentence now and then.

    Returns:
        The figures; see `tagger.suggest.bench`.

    Raises:
        SuggesterError: it could not be done; the message says why.
        BundleError: the packed model cannot be unpacked.
    """
    work = Path(tempfile.mkdtemp(prefix="tagger-bench-"))
    try:
        if bundle.is_file():
            unpacked = work / "bundle"
            unpacked.mkdir()
            unpack_bundle(bundle, unpacked)
            bundle = unpacked
        request = {
            "folder": os.path.abspath(folder),
            "bundle": os.path.abspath(bundle),
            "work": str(work),
            "provider": provider,
            "photos": photos,
            "seconds": seconds,
        }
        return _asked(request, work, on_progress)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _surroundings(work: Path) -> dict[str, str]:
    """Return variables that let the child, and the libraries it uses, write below `work` only."""
    return {"TAGGER_DATA_DIR": str(work / "user-data")} | dict.fromkeys(
        ("TMPDIR", "TEMP", "TMP"), str(work)
    )


def _asked(
    request: dict[str, Any], work: Path, on_progress: Callable[[str], None]
) -> dict[str, Any]:
    child = subprocess.Popen(
        [*suggester_command(), BENCH],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | _surroundings(work),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        with contextlib.suppress(OSError):
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
        for message in messages(child.stdout):
            if message["type"] == "progress":
                on_progress(message["text"])
            elif message["type"] == "error":
                raise SuggesterError(message["message"])
            elif message["type"] == "bench":
                return message["figures"]
    finally:
        with contextlib.suppress(OSError):
            child.stdin.close()  # without its parent it stops, and tidies up
        try:
            child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()
    raise SuggesterError(
        "The benchmark ended without figures. The lines above say more; if memory ran out, close "
        "other programs and try again."
    )
