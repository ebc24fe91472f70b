"""The CUDA packages come only where they would run, and a sentence says why not."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from installer.gpu import Gpu, detect

MISSING = (127, "")
TALKS_TO_NO_DRIVER = (
    9,
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\nMake sure…",
)


def find(
    answer: tuple[int, str],
    *,
    plain: tuple[int, str] = MISSING,
    loads: bool = True,
    kernel_module: Path = Path("nowhere"),
    system: str = "Linux",
    machine: str = "x86_64",
) -> Gpu:
    """Detect with nvidia-smi answering `answer`, and `plain` when not asked for capability."""
    return detect(
        ask=answering(answer, plain),
        has_driver_library=lambda name: loads,
        kernel_module=kernel_module,
        system=system,
        machine=machine,
    )


def answering(full: tuple[int, str], plain: tuple[int, str]) -> Callable[..., tuple[int, str]]:
    def ask(command: Sequence[str], timeout_s: float) -> tuple[int, str]:
        assert command[0] == "nvidia-smi"
        return full if "compute_cap" in command[1] else plain

    return ask


def test_a_current_card_and_driver_get_cuda() -> None:
    gpu = find((0, "NVIDIA GeForce RTX 4090, 580.82.07, 8.9\n"))
    assert gpu.usable
    assert "RTX 4090" in gpu.sentence
    assert "580.82.07" in gpu.sentence


def test_one_fitting_card_of_two_is_enough() -> None:
    gpu = find((0, "Quadro P400, 580.10, 6.1\nNVIDIA L4, 580.10, 8.9\n"))
    assert gpu.usable
    assert "NVIDIA L4" in gpu.sentence


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((0, "Tesla T4, 535.104.05, 7.5\n"), "driver 535.104.05, and CUDA 13 needs 580"),
        ((0, "NVIDIA TITAN V, 580.82.07, 7.0\n"), "compute capability 7.0"),
        ((0, "No devices were found\n"), "lists no GPU"),
        (MISSING, "no NVIDIA GPU was found"),
        (TALKS_TO_NO_DRIVER, "couldn't communicate with the NVIDIA driver"),
        ((124, ""), "nvidia-smi answered: nothing"),
    ],
)
def test_otherwise_the_processor_is_chosen_and_the_reason_told(
    answer: tuple[int, str], why: str
) -> None:
    gpu = find(answer)
    assert not gpu.usable
    assert why in gpu.sentence


def test_a_driver_library_that_does_not_load_is_told() -> None:
    gpu = find((0, "NVIDIA L4, 580.10, 8.9\n"), loads=False)
    assert not gpu.usable
    assert "libcuda.so.1" in gpu.sentence


def test_an_nvidia_smi_too_old_for_the_question_is_an_old_driver() -> None:
    refusal = (2, 'Field "compute_cap" is not a valid field to query.\n')
    gpu = find(refusal, plain=(0, "Tesla K80, 450.51\n"))
    assert not gpu.usable
    assert "driver 450.51" in gpu.sentence


@pytest.mark.parametrize(
    ("words", "usable"),
    [
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release", True),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19", False),
        ("NVRM version: unknown", False),
    ],
)
def test_without_nvidia_smi_the_kernel_module_tells_the_driver(
    tmp_path: Path, words: str, usable: bool
) -> None:
    told = tmp_path / "version"
    told.write_text(words)
    assert find(MISSING, kernel_module=told).usable is usable
    assert not find(MISSING, kernel_module=told, loads=False).usable


@pytest.mark.parametrize(("system", "machine"), [("Darwin", "arm64"), ("Linux", "aarch64")])
def test_where_no_cuda_packages_exist_none_are_taken(system: str, machine: str) -> None:
    gpu = find((0, "NVIDIA L4, 580.10, 8.9\n"), system=system, machine=machine)
    assert not gpu.usable
