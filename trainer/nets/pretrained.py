"""Where pretrained weights come from: an installed package, a file, the hub; else nowhere."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from tagger.core.errors import TaggerError
from tagger.library.places import user_folder
from trainer.nets.bodies import InputFacts
from trainer.nets.download import DownloadError, fetch
from trainer.nets.key_maps import matched
from trainer.nets.presets import Preset

Triple = tuple[float, float, float]

OFFLINE = "TAGGER_OFFLINE"
"""Set to 1, nothing is downloaded."""

HUB = "HF_ENDPOINT"
HUB_DEFAULT = "https://huggingface.co"
HUB_FILE = "model.safetensors"

_LITE_MEAN: Triple = (127 / 255,) * 3
_LITE_STD: Triple = (128 / 255,) * 3


class WeightsError(TaggerError):
    """Pretrained weights cannot be read, are not the expected ones, or do not fit."""


@dataclass(frozen=True)
class Origin:
    """Where weights are from.

    Attributes:
        kind: `package`, `file`, `hub` or `none` (random numbers).
        path: the file.
        source: package name or address.
    """

    kind: Literal["package", "file", "hub", "none"]
    path: Path | None = None
    source: str = ""


def find_weights(preset: Preset, facts: InputFacts, wanted: str, sha256: str) -> Origin | None:
    """Find the weights of a backbone; None where none are wanted or can be had.

    Args:
        preset: the backbone.
        facts: where its weights are published.
        wanted: `auto`, `none`, `hub`, or the path of a file.
        sha256: that the file must begin with; "" = not checked.

    Raises:
        WeightsError: a file was named that is missing or another one, or `hub` was asked for and
            cannot be reached.
    """
    if wanted == "none":
        return None
    if wanted not in ("auto", "hub"):
        path = Path(wanted).expanduser()
        _check_hash(path, sha256)
        return Origin("file", path, str(path))
    if wanted == "auto" and preset.package:
        found = importlib.util.find_spec(preset.package)
        if found is not None and found.submodule_search_locations:
            folder = Path(found.submodule_search_locations[0])
            file = next(iter(sorted(folder.rglob("*.pth"))), None)
            if file is not None:
                return Origin("package", file, preset.package)
    try:
        return _from_hub(preset, facts)
    except DownloadError as error:
        if wanted == "hub":
            raise WeightsError(str(error)) from error
        return None


def _from_hub(preset: Preset, facts: InputFacts) -> Origin:
    if facts.hub:
        base = os.environ.get(HUB, HUB_DEFAULT).rstrip("/")
        url, name = f"{base}/{facts.hub}/resolve/main/{HUB_FILE}", f"{preset.model}.safetensors"
    elif facts.url:
        url, name = facts.url, f"{preset.model.replace('/', '-')}{Path(facts.url).suffix}"
    else:
        raise DownloadError(f"No weights of {preset.model} are published.")
    offline = os.environ.get(OFFLINE) == "1"
    path = fetch(url, user_folder("weights") / name, offline=offline)
    return Origin("hub", path, url)


def _check_hash(path: Path, sha256: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest() if sha256 else ""
    except OSError as error:
        reason = error.strerror or error
        raise WeightsError(f"The weights file {path} cannot be read: {reason}.") from error
    if not found.startswith(sha256.lower()):
        raise WeightsError(
            f"The weights file {path} is not the expected one: its SHA-256 begins with "
            f"{found[:12]}, not {sha256[:12]}."
        )


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a file of named tensors, safetensors or torch's own; nothing in it is executed.

    Raises:
        WeightsError: it cannot be read, or holds something else.
    """
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise WeightsError(f"The weights file {path} cannot be read: {_line(error)}") from error
    except (pickle.UnpicklingError, safetensors.SafetensorError) as error:
        raise WeightsError(f"The weights file {path} was refused: {_line(error)}") from error
    for key in ("state_dict", "model", "model_state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(f"The weights file {path} holds no named tensors.")
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not tensors:
        raise WeightsError(f"The weights file {path} holds no named tensors.")
    return tensors


def load_weights(net: nn.Module, origin: Origin) -> tuple[Triple | None, Triple | None]:
    """Load weights into a network, whatever names they go by.

    Returns:
        mean and standard deviation of the pixels if these weights want others than the network's
        configuration says.

    Raises:
        WeightsError: tensors are missing or of another shape.
    """
    assert origin.path is not None
    tensors = read_tensors(origin.path)
    found = matched(tensors, net.state_dict())
    if found.missing:
        raise WeightsError(
            f"The weights file {origin.path} does not fit: {len(found.missing)} tensors are "
            f"missing or of another shape, such as {sorted(found.missing)[0]}."
        )
    net.load_state_dict(found.tensors, strict=True)
    return (_LITE_MEAN, _LITE_STD) if found.layout == "lite" else (None, None)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
