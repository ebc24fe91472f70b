"""Whether a graphics card lies idle that could compute suggestions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from tagger.suggest.cards import Card
from tagger.suggest.gpu import Gpu

SHORT = "Graphics card not used"

_DIRECTML = (
    "is not used: on Windows it needs the package onnxruntime-directml, which is not installed. "
    "Run `python -m pip install onnxruntime-directml==1.24.4` after "
    "`python -m pip uninstall onnxruntime` in the program's environment."
)


@dataclass(frozen=True)
class IdleGpu:
    """A graphics card that is there and not used.

    Attributes:
        key: changes with the card and the reason; a dismissal is kept for it.
        short: words for the status bar.
        sentence: which card, why, and what to do.
    """

    key: str
    short: str
    sentence: str


def idle_gpu(
    obtained: str,
    requested: str,
    system: str,
    gpus: Sequence[Gpu],
    cards: Sequence[Card],
    reasons: Sequence[str],
) -> IdleGpu | None:
    """Return the card that lies idle, or None.

    Args:
        obtained: key of the provider in use; empty if there is none.
        requested: what was asked for, `auto` or a key.
        system: as `platform.system` names it.
        gpus: NVIDIA GPUs that a driver serves.
        cards: graphics cards that the system lists.
        reasons: why no better provider is used.

    Cards of AMD and Intel under Linux are left out: there is nothing to install that uses them.
    """
    if obtained not in ("cpu", ""):
        return None
    vendors = {"Windows": ("NVIDIA", "AMD", "Intel", "Qualcomm"), "Darwin": ("Apple", "AMD")}
    known = [card for card in cards if card.vendor in vendors.get(system, ("NVIDIA",))]
    name = gpus[0].name if gpus else known[0].name if known else ""
    if not name:
        return None
    if requested == "cpu":
        return _idle(name, f"{name} is not used: the preferences say that the processor is.")
    if reasons:
        return _idle(name, reasons[0])
    if system == "Windows":
        return _idle(name, f"{name} {_DIRECTML}")
    return _idle(name, f"{name} is not used; nothing says why.")


def _idle(name: str, sentence: str) -> IdleGpu:
    if name not in sentence:
        sentence = f"{name} is not used. {sentence}"
    key = hashlib.blake2b(f"{name}\0{sentence}".encode(), digest_size=8).hexdigest()
    return IdleGpu(key, SHORT, sentence)
