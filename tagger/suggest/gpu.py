"""Which NVIDIA GPUs can compute here, found without loading any CUDA library but the driver's."""

from __future__ import annotations

import ctypes
import platform
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagger.suggest.cards import Ask, Card, ask

NEEDED_DRIVER = 580
"""First driver that runs CUDA 13."""

NEEDED_COMPUTE = 7.5
"""First compute capability that CUDA 13 and its cuDNN serve: Turing. Pascal and Volta are out."""

NO_GPU = "No NVIDIA GPU was found."

KERNEL_MODULE = Path("/proc/driver/nvidia/version")

DRIVER_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"

_SMI = ("nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi")

_FAMILIES = (
    (2.0, "Fermi", r"\bGF1\d\d|GTX [45]\d\d\b"),
    (3.0, "Kepler", r"\bGK\d\d\d|GTX [67]\d\d\b|Tesla K\d"),
    (5.0, "Maxwell", r"\bGM\d\d\d|GTX (?:9\d\d|750)\b|Tesla M\d"),
    (6.0, "Pascal", r"\bGP1\d\d|GTX 10\d\d|GT 10\d\d|TITAN X|Quadro G?P\d|Tesla P\d"),
    (7.0, "Volta", r"\bGV1\d\d|TITAN V|V100|Quadro GV"),
    (7.5, "Turing", r"\bTU1\d\d|GTX 16\d\d|RTX 20\d\d|TITAN RTX|Tesla T4|Quadro RTX"),
    (8.0, "Ampere", r"\bGA1\d\d|RTX 30\d\d|RTX A\d|\bA\d0\d?\b"),
    (8.9, "Ada", r"\bAD1\d\d|RTX 40\d\d|\bL[42]0?S?\b"),
    (9.0, "Hopper", r"\bGH1\d\d|H[12]00"),
    (10.0, "Blackwell", r"\bGB[12]\d\d|RTX 50\d\d|B[12]00"),
)
"""First compute capability, name, and how chips and cards of the family are called."""


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU.

    Attributes:
        name: as the driver calls it.
        driver: version of the driver, such as `580.65.06`; empty if unknown.
        compute: compute capability, such as 8.9; 0 if unknown.
    """

    name: str
    driver: str = ""
    compute: float = 0.0


def found_gpus(
    *,
    ask: Ask = ask,
    loads: Callable[[str], bool] | None = None,
    kernel_module: Path = KERNEL_MODULE,
) -> list[Gpu]:
    """Return the NVIDIA GPUs that a driver serves; empty without. Arguments are for tests."""
    for program in _SMI:
        for fields in ("name,driver_version,compute_cap", "name,driver_version"):
            listed = parse_smi(ask([program, f"--query-gpu={fields}", "--format=csv,noheader"]))
            if listed:
                return listed
    if not (loads or _loads)(DRIVER_LIBRARY):
        return []
    version = _driver_of_kernel(kernel_module)
    return [Gpu("NVIDIA GPU", version)] if version or _is_wsl() else []


def hindrance(gpus: Sequence[Gpu], cards: Sequence[Card] = ()) -> str:
    """Return why no NVIDIA GPU can run CUDA 13, with the remedy; empty if one can.

    Args:
        gpus: those that a driver serves.
        cards: those that the system lists.
    """
    built_in = [card for card in cards if card.vendor == "NVIDIA"]
    if not gpus and not built_in:
        return NO_GPU
    reasons = [_hindrance(gpu) for gpu in gpus]
    if not gpus:
        reasons = [_too_old(card.name) or _without_driver(card) for card in built_in]
    return "" if "" in reasons else reasons[0]


def family_of(name: str, compute: float = 0.0) -> tuple[str, float]:
    """Return a GPU's family and its compute capability, by that or by its name; else ("", 0)."""
    if compute:
        fitting = [family for least, family, _ in _FAMILIES if least <= compute]
        return (fitting[-1] if fitting else ""), compute
    for least, family, names in _FAMILIES:
        if re.search(names, name, re.IGNORECASE):
            return family, least
    return "", 0.0


def parse_smi(text: str) -> list[Gpu]:
    """Read the answer of `nvidia-smi --query-gpu=name,driver_version[,compute_cap]`."""
    gpus = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) in (2, 3) and re.match(r"\d+\.\d+", parts[1]):
            known = len(parts) == 3 and re.fullmatch(r"\d+(\.\d+)?", parts[2])
            gpus.append(Gpu(parts[0], parts[1], float(parts[2]) if known else 0.0))
    return gpus


def _hindrance(gpu: Gpu) -> str:
    if old := _too_old(gpu.name, gpu.compute):
        return old
    major = re.match(r"\d+", gpu.driver)
    if major and int(major.group()) < NEEDED_DRIVER:
        return (
            f"The NVIDIA driver {gpu.driver} of the {gpu.name} is too old: CUDA 13 needs "
            f"{NEEDED_DRIVER} or later. Update the driver and restart the computer."
        )
    return ""


def _too_old(name: str, compute: float = 0.0) -> str:
    family, known = family_of(name, compute)
    if not known or known >= NEEDED_COMPUTE:
        return ""
    kind = f" (family {family})" if family else ""
    return (
        f"{name}{kind} is too old for CUDA 13, which leaves out everything before the Turing "
        "family. The processor is used; nothing can be installed to change that."
    )


def _without_driver(card: Card) -> str:
    how = {
        "Windows": "Get the driver from NVIDIA's site",
        "Linux": "Install the package of your distribution (such as `nvidia-driver`)",
    }.get(platform.system(), "Install the driver")
    return (
        f"{card.name} is built in, but no NVIDIA driver runs. {how}, version {NEEDED_DRIVER} or "
        "later, and restart the computer."
    )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _driver_of_kernel(path: Path) -> str:
    try:
        text = path.read_text()
    except OSError:
        return ""
    found = re.search(r"\s(\d+\.\d+(\.\d+)?)\s", text)
    return found.group(1) if found else ""


def _is_wsl() -> bool:
    return Path("/dev/dxg").exists()
