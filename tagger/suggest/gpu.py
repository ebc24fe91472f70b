"""Which NVIDIA GPUs this machine has, found without loading any CUDA library."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NEEDED_DRIVER = 580
"""First driver that runs CUDA 13."""

NEEDED_COMPUTE = 7.5
"""First compute capability that CUDA 13 and its cuDNN serve: Turing. Pascal and Volta are out."""

NO_GPU = "No NVIDIA GPU was found."

_DRIVER_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


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


def found_gpus() -> list[Gpu]:
    """Return the NVIDIA GPUs; empty without one. Takes at most a few seconds."""
    listed = _from_smi()
    if listed:
        return listed
    if not _driver_loads():
        return []
    return [Gpu("NVIDIA GPU", _driver_of_kernel())]


def hindrance(gpus: list[Gpu]) -> str:
    """Return why none of these can run CUDA 13, with the remedy; empty if one can."""
    if not gpus:
        return NO_GPU
    reasons = [_hindrance(gpu) for gpu in gpus]
    return "" if "" in reasons else reasons[0]


def _hindrance(gpu: Gpu) -> str:
    if gpu.compute and gpu.compute < NEEDED_COMPUTE:
        return (
            f"{gpu.name} is too old for CUDA 13, which needs a GPU of the Turing family or later."
        )
    major = re.match(r"\d+", gpu.driver)
    if major and int(major.group()) < NEEDED_DRIVER:
        return (
            f"The NVIDIA driver {gpu.driver} is too old: CUDA 13 needs {NEEDED_DRIVER} or later. "
            "Update the driver and restart the computer."
        )
    return ""


def parse_smi(text: str) -> list[Gpu]:
    """Read the answer of `nvidia-smi --query-gpu=name,driver_version,compute_cap`."""
    gpus = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 3 and re.match(r"\d+\.\d+", parts[1]):
            compute = float(parts[2]) if re.fullmatch(r"\d+(\.\d+)?", parts[2]) else 0.0
            gpus.append(Gpu(parts[0], parts[1], compute))
    return gpus


def _from_smi() -> list[Gpu]:
    command = ["nvidia-smi", "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=5, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return []
    return parse_smi(answer.stdout) if answer.returncode == 0 else []


def _driver_loads() -> bool:
    try:
        ctypes.CDLL(_DRIVER_LIBRARY)
    except OSError:
        return False
    return True


def _driver_of_kernel() -> str:
    try:
        text = Path("/proc/driver/nvidia/version").read_text()
    except OSError:
        return ""
    found = re.search(r"\s(\d+\.\d+(\.\d+)?)\s", text)
    return found.group(1) if found else ""
