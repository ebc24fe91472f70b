"""What the errors of GPU libraries mean: one table from their messages to plain words.

The patterns follow messages that people report to ONNX Runtime's tracker and those that its GPU
package prints here, without a GPU; `docs/providers.md` lists the sources.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SETUP = "python3 installer/bootstrap.py setup"
"""The command that brings what a provider lacks."""

_SO = r"lib[\w+-]+\.so(?:\.\d+)*"
_DLL = r"[\w+.-]+\.dll"
_LOST = "Restart the program; if it happens again, restart the computer or update the driver."


@dataclass(frozen=True)
class Failure:
    """What went wrong, for people.

    Attributes:
        kind: key of the table's entry, `other` where none fits.
        problem: what happened: a clause without a full stop.
        remedy: what to do, in sentences; empty if nothing is known.
    """

    kind: str
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return both as sentences."""
        return f"{self.problem}. {self.remedy}".strip()


@dataclass(frozen=True)
class _Entry:
    """A pattern, looked for in the whole message; its groups fill the words in."""

    kind: str
    pattern: str
    problem: str
    remedy: str


_TABLE = (
    _Entry(
        "memory",
        r"out of memory|failed to allocate memory|bad[_ ]alloc|_ALLOC_FAILED|8007000E"
        r"|not enough memory (?:resources|is available)|insufficient memory",
        "there is not enough memory free on it",
        "Close other programs that use it; a smaller batch is tried by itself.",
    ),
    _Entry(
        "driver-library",
        r"(?:libcuda\.so(?:\.1)?|nvcuda\.dll)\b[^\n]*(?:cannot open|missing|not found|126)",
        "the NVIDIA driver's own library is not there",
        "Install the NVIDIA driver (580 or later) and restart; under WSL install it in Windows "
        "only; in a container start the container with access to the GPU.",
    ),
    _Entry(
        "tensorrt",
        r"libnvinfer|libnvonnxparser|nvinfer_\d+\.dll|install TensorRT libraries",
        "TensorRT is not installed",
        "It is optional: choose Automatic to use CUDA, or install TensorRT 10 for CUDA 13.",
    ),
    _Entry(
        "system",
        r"GLIBC(?:XX)?_[\d.]+['’`]? not found|error 193\b|not a valid Win32 application"
        r"|invalid ELF header|wrong ELF class|symbol not found in flat namespace",
        "the installed libraries were made for another system",
        f"Update the system, or delete the folder .venv and run `{SETUP}`.",
    ),
    _Entry(
        "mixed-libraries",
        rf"undefined symbol: \S+|symbol \S+[ ,]+version \S+ not defined|error 127\b"
        rf"|CUDNN_STATUS_\w*VERSION_MISMATCH|(?P<library>{_SO}): version \S+ not found",
        "libraries of different CUDA or cuDNN versions are mixed",
        f"Take other CUDA folders out of LD_LIBRARY_PATH or PATH, then run `{SETUP}`.",
    ),
    _Entry(
        "library",
        rf"(?P<library>{_SO}): cannot open shared object|Could not load library (?P<other>{_SO})"
        rf"|\"(?P<dll>{_DLL})\" which is missing",
        "the library {library} is missing",
        f"Run `{SETUP}` to install it, and start the program again.",
    ),
    _Entry(
        "library",
        rf"(?:error|Error) 126\b[^\n]*?(?P<library>{_DLL})|LoadLibrary failed with error 126",
        "a library that {library} needs is missing; Windows does not say which",
        f"Run `{SETUP}`; if that does not help, install Microsoft's Visual C++ Redistributable.",
    ),
    _Entry(
        "old-driver",
        r"CUDA failure (?:35|222)\b|driver version is insufficient|unsupported toolchain"
        r"|cudaErrorInsufficientDriver",
        "the NVIDIA driver is too old for CUDA 13",
        "Update the driver to 580 or later and restart the computer.",
    ),
    _Entry(
        "half-updated-driver",
        r"CUDA failure 80[34]\b|Driver/library version mismatch"
        r"|unsupported display driver|forward compatibility was attempted",
        "the parts of the NVIDIA driver do not fit together, as after an update",
        "Restart the computer.",
    ),
    _Entry(
        "no-kernel",
        r"no kernel image|NoKernelImageForDevice|CUDA failure (?:209|98)\b|sm_\d+ is not comp",
        "this ONNX Runtime holds no code for this graphics card",
        "CUDA 13 serves cards of the Turing family (2018) and later; update the program for "
        "cards newer than it.",
    ),
    _Entry(
        "no-device",
        r"no CUDA-capable device|CUDA failure (?:100|101)\b|CUDA_ERROR_NO_DEVICE"
        r"|invalid device ordinal",
        "the NVIDIA driver shows no graphics card",
        "Look whether `nvidia-smi` lists it. Under WSL update Windows and its driver, and remove "
        "Linux's own; in a container start the container with access to the GPU; see that "
        "CUDA_VISIBLE_DEVICES is not set.",
    ),
    _Entry(
        "permission",
        r"CUDA failure (?:304|801)\b|/dev/nvidia\S*[^\n]*denied|operation not permitted",
        "this user may not use the graphics card",
        "Ask for access to the files /dev/nvidia*, often by joining the group `video` or `render`.",
    ),
    _Entry(
        "busy",
        r"CUDA failure 46\b|all CUDA-capable devices are busy|devicesUnavailable",
        "another program keeps the graphics card to itself",
        "Close it, or set the card's compute mode to default with `nvidia-smi -c 0`.",
    ),
    _Entry(
        "device-lost",
        r"887A00(?:05|06|07|20)|device instance has been suspended|device (?:was )?removed"
        r"|DXGI_ERROR_DEVICE|will not respond to more commands|GPU is lost|fallen off the bus"
        r"|CUDA failure (?:214|700|702|710|715|716|717|718|719|999)\b|illegal memory access"
        r"|unspecified launch failure",
        "the graphics card or its driver stopped working",
        _LOST,
    ),
    _Entry(
        "cudnn",
        r"CUDNN_STATUS_NOT_INITIALIZED|Failed to initialize CUDNN|cudnnCreate"
        r"|CUDNN_FE failure|CUDNN failure \d+|CUDNN_STATUS_\w+",
        "NVIDIA's library cuDNN could not start or does not fit",
        f"Run `{SETUP}` to install the version that belongs here, and close other programs that "
        "use the card.",
    ),
    _Entry(
        "operator",
        r"Could not find an implementation for|NOT_IMPLEMENTED|Unsupported operator \S+"
        r"|not supported by the \S+ execution provider",
        "this model has steps that it cannot compute ({line})",
        "Use another model there, or the processor.",
    ),
    _Entry(
        "coreml",
        r"(?:Error|Failed)[^\n]*(?:compil|creat)\w*[^\n]*(?:CoreML|MLModel)|CoreML[^\n]*(?:Error|fail)",
        "Core ML could not prepare this model",
        "Update macOS; until then the processor is used.",
    ),
    _Entry(
        "engine",
        r"TensorRT EP (?:failed|execution|could not)[^\n]*|Failed to build (?:TensorRT )?engine",
        "TensorRT could not prepare this model",
        "Choose Automatic to use CUDA.",
    ),
    _Entry(
        "requirements",
        r"Failed to create CUDAExecutionProvider|Require cuDNN",
        "CUDA or cuDNN could not be loaded",
        f"Run `{SETUP}` to install them, and start the program again.",
    ),
)

_NOISE = re.compile(r"\x1b\[[\d;]*m|^\S+ \S+ \[[EWF]:[^\]]*\] ?|^\*+.*$", re.MULTILINE)
_CODE = re.compile(r"^.*\[ONNXRuntimeError\] : \d+ : \w+ : ")


def explain(message: str) -> Failure:
    """Return what an error message, or the log of a failed start, comes to.

    Args:
        message: all that was said; the first entry of the table that fits it anywhere wins.
    """
    said = _NOISE.sub("", message)
    for entry in _TABLE:
        found = re.search(entry.pattern, said, re.IGNORECASE)
        if found:
            names = [value for value in found.groupdict().values() if value]
            words = {"library": names[0] if names else "it", "line": _first_line(found.string)}
            return Failure(entry.kind, entry.problem.format(**words), entry.remedy)
    return Failure("other", _first_line(said) or "no reason was given")


def is_memory(message: str) -> bool:
    """Say whether a message tells of too little memory: a smaller batch may help."""
    return explain(message).kind == "memory"


def is_device_lost(message: str) -> bool:
    """Say whether the device is gone: nothing can be computed on it until a new start."""
    return explain(message).kind == "device-lost"


def _first_line(text: str) -> str:
    lines = (_CODE.sub("", line).strip() for line in text.splitlines())
    return next((line for line in lines if line), "")[:300].rstrip(".")
