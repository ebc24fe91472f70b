"""Which ONNX Runtime fits this machine: the CUDA one, or the ordinary one for the CPU.

The CUDA packages are made with CUDA 13: they need an NVIDIA driver of version 580 or newer and a
card of compute capability 7.5 or newer (Turing), and are published for 64-bit Intel and AMD only.
Installed without a usable GPU they would cost 2 GB and log errors at each start.
"""

from __future__ import annotations

import ctypes
import platform
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installer.console import ask

OLDEST_DRIVER = 580
OLDEST_CARD = 7.5
KERNEL_MODULE = Path("/proc/driver/nvidia/version")
QUERY = "--query-gpu=name,driver_version,compute_cap"


@dataclass(frozen=True)
class Gpu:
    """What was found: whether the CUDA packages would run, and the sentence that says why."""

    usable: bool
    sentence: str


def detect(
    *,
    ask: Callable[..., tuple[int, str]] = ask,
    has_driver_library: Callable[[str], bool] | None = None,
    kernel_module: Path = KERNEL_MODULE,
    system: str | None = None,
    machine: str | None = None,
) -> Gpu:
    """Look for an NVIDIA GPU that the CUDA packages can use; every argument is for tests."""
    system, machine = system or platform.system(), machine or platform.machine()
    if system == "Darwin":
        return _no("on macOS there are no CUDA packages")
    if machine.lower() not in ("x86_64", "amd64"):
        return _no(f"there are no CUDA packages for {machine} processors")
    library = "nvcuda.dll" if system == "Windows" else "libcuda.so.1"
    loads = (has_driver_library or _loads)(library)
    code, output = ask(["nvidia-smi", QUERY, "--format=csv,noheader"], timeout_s=20)
    if code == 0:
        return _judge_cards(output, loads, library)
    if code == 127 and loads and kernel_module.is_file():
        return _judge_driver(kernel_module.read_text(errors="replace"))
    if code == 127:
        return _no("no NVIDIA GPU was found")
    return _judge_failure(output, ask)


def _judge_cards(output: str, loads: bool, library: str) -> Gpu:
    """Judge the lines `NAME, DRIVER, CAPABILITY` that nvidia-smi printed, one per card."""
    cards = [[cell.strip() for cell in line.split(",")] for line in output.splitlines()]
    cards = [card for card in cards if len(card) >= 3]
    if not cards:
        return _no("the NVIDIA driver is here, but lists no GPU")
    fitting = [card for card in cards if _number(card[2]) >= OLDEST_CARD]
    name, driver, capability = (fitting or cards)[0][:3]
    if _number(driver) < OLDEST_DRIVER:
        return _old_driver(driver, f"the {name}")
    if not fitting:
        return _no(
            f"the {name} has compute capability {capability}, and CUDA 13 needs "
            f"{OLDEST_CARD} or newer (Pascal and Volta cards are left out)"
        )
    if not loads:
        return _no(f"the {name} is here, but the driver's library {library} cannot be loaded")
    return Gpu(True, f"NVIDIA GPU found: {name}, driver {driver}; ONNX Runtime comes with CUDA.")


def _judge_driver(kernel_module: str) -> Gpu:
    """Judge by the kernel module's own words where nvidia-smi is not installed."""
    found = re.search(r"\s(\d{3,}\.[\d.]+)", kernel_module)
    if found is None:
        return _no("an NVIDIA driver is here, but it does not tell its version")
    if _number(found[1]) < OLDEST_DRIVER:
        return _old_driver(found[1], "the NVIDIA GPU")
    return Gpu(True, f"NVIDIA driver {found[1]} found; ONNX Runtime comes with CUDA.")


def _judge_failure(output: str, ask: Callable[..., tuple[int, str]]) -> Gpu:
    """nvidia-smi is here but refused the question: an old one, or a driver that does not run."""
    code, plain = ask(
        ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], timeout_s=20
    )
    cells = [cell.strip() for cell in plain.partition("\n")[0].split(",")]
    if code == 0 and len(cells) == 2:
        return _old_driver(cells[1], f"the {cells[0]}")
    lines = output.split("\n")
    return _no(f"nvidia-smi answered: {lines[0].strip() or 'nothing'}")


def _old_driver(driver: str, card: str) -> Gpu:
    return _no(
        f"{card} has driver {driver}, and CUDA 13 needs {OLDEST_DRIVER} or newer; "
        "update the driver and run the set-up again to use it"
    )


def _no(reason: str) -> Gpu:
    return Gpu(False, f"Suggestions will run on the processor: {reason}.")


def _number(text: str) -> float:
    found = re.match(r"\d+(\.\d+)?", text)
    return float(found[0]) if found else 0.0


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
