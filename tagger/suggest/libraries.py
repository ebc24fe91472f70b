"""Which packages and NVIDIA libraries ONNX Runtime needs for a GPU, and which of them are here."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

NEEDED_CUDA = 13
NEEDED_CUDNN = 9

RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml")
"""Packages that all fill the folder `onnxruntime`: one of them may be installed."""

_LINUX = (
    ("libcublasLt.so.13", "nvidia-cublas"),
    ("libcublas.so.13", "nvidia-cublas"),
    ("libcurand.so.10", "nvidia-curand"),
    ("libcufft.so.12", "nvidia-cufft"),
    ("libcudart.so.13", "nvidia-cuda-runtime"),
    ("libnvrtc.so.13", "nvidia-cuda-nvrtc"),
    ("libcudnn.so.9", "nvidia-cudnn-cu13"),
)
_WINDOWS = (
    ("cublasLt64_13.dll", "nvidia-cublas"),
    ("cublas64_13.dll", "nvidia-cublas"),
    ("cufft64_12.dll", "nvidia-cufft"),
    ("cudart64_13.dll", "nvidia-cuda-runtime"),
    ("cudnn64_9.dll", "nvidia-cudnn-cu13"),
)

Version = Callable[[str], str]
"""Name of a package to its installed version; empty if it is not installed."""


def installed(package: str) -> str:
    """Return the version of an installed package; empty if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def runtimes(version: Version = installed) -> dict[str, str]:
    """Return the ONNX Runtime packages installed here, with their versions."""
    return {name: found for name in RUNTIMES if (found := version(name))}


def cuda_versions(version: Version = installed) -> dict[str, str]:
    """Return the versions of CUDA and cuDNN among the packages; empty where missing."""
    return {"cuda": version("nvidia-cuda-runtime"), "cudnn": version("nvidia-cudnn-cu13")}


def first_missing(is_there: Callable[[str], bool] | None = None) -> tuple[str, str]:
    """Return the first NVIDIA library that is missing and its package; ("", "") if none is."""
    table = _WINDOWS if sys.platform == "win32" else _LINUX
    for library, package in table:
        if not (is_there or _is_there)(library):
            return library, package
    return "", ""


def _is_there(library: str) -> bool:
    """Whether a library lies among the installed packages, or the system can load it."""
    found = importlib.util.find_spec("onnxruntime")
    if found is not None and found.origin:
        packages = Path(found.origin).parents[1] / "nvidia"
        if packages.is_dir() and next(packages.rglob(library), None):
            return True
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
