"""The lock files: complete, hashed, at one version each, and free of anybody's addresses."""

import re
import tomllib
from pathlib import Path

import pytest

from installer.lock import entries
from installer.parts import TEST, TRAINING, locks_for
from installer.places import CHECKOUT, REQUIREMENTS

TOGETHER = ("base", "cpu", "gpu", "starter", "training", "torch", "test")
HASHED = sorted({*TOGETHER, "samples", "uv"})


def locked(name: str) -> dict[str, str]:
    """The entries of a lock by package name."""
    return entries((REQUIREMENTS / f"{name}.txt").read_text("utf-8"))


def versions(name: str) -> dict[str, set[str]]:
    """The versions that a lock pins, by package name; several where systems differ."""
    return {
        package: set(re.findall(rf"(?m)^{re.escape(package)}==([^ ;]+)", entry))
        for package, entry in locked(name).items()
    }


def normal(requirement: str) -> tuple[str, str]:
    """(package name as locks write it, exact version) of a requirement."""
    name, _, version = requirement.partition(";")[0].strip().partition("==")
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower(), version


@pytest.mark.parametrize("name", HASHED)
def test_every_entry_is_pinned_with_hashes(name: str) -> None:
    found = locked(name)
    assert found
    for package, entry in found.items():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), package
    text = (REQUIREMENTS / f"{name}.txt").read_text("utf-8")
    starts = re.findall(r"(?m)^[^\s#].*", text)
    assert all("==" in line for line in starts), starts


def test_every_dependency_of_the_program_is_in_the_base_lock() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = versions("base")
    for requirement in project["dependencies"]:
        name, version = normal(requirement)
        assert pinned[name] == {version}, requirement


@pytest.mark.parametrize("source", sorted(REQUIREMENTS.glob("*.in")), ids=lambda path: path.stem)
def test_every_source_line_is_in_its_lock(source: Path) -> None:
    pinned = versions(source.stem) | (versions("torch") if source.stem == "training" else {})
    lines = [line for line in source.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert lines
    for line in lines:
        name, version = normal(line)
        assert pinned[name] == {version}, line


def test_locks_that_meet_in_one_environment_agree() -> None:
    seen: dict[str, tuple[str, set[str]]] = {}
    for name in TOGETHER:
        for package, found in versions(name).items():
            first, before = seen.setdefault(package, (name, found))
            assert found == before, f"{package}: {first}.txt {before}, {name}.txt {found}"


def test_only_training_brings_torch() -> None:
    heavy = {"torch", "torchvision", "triton", "timm"}
    for name in ("base", "cpu", "starter", "test"):
        assert not heavy & locked(name).keys(), name
    assert {"torch", "torchvision"} <= locked("torch").keys()
    assert "torch" not in locked("training")


def test_both_builds_of_torch_are_the_same_version() -> None:
    pins = dict(
        normal(line)
        for line in (REQUIREMENTS / "torch-cpu.txt").read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
    assert {name: {version} for name, version in pins.items()} == {
        name: versions("torch")[name] for name in ("torch", "torchvision")
    }


@pytest.mark.parametrize("path", sorted(REQUIREMENTS.iterdir()), ids=lambda path: path.name)
def test_no_lock_names_an_address(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"--(extra-)?(default-)?(index|find-links)", text)


@pytest.mark.parametrize("cuda", [False, True])
@pytest.mark.parametrize("extras", [(), (TRAINING,), (TEST,), (TEST, TRAINING)])
def test_one_onnx_runtime_and_one_torch_are_chosen(cuda: bool, extras: tuple[str, ...]) -> None:
    for torch in ("cpu", "default"):
        names = [path.stem for path in locks_for(extras, cuda=cuda, torch=torch)]
        assert ("gpu" in names) is cuda
        assert ("cpu" in names) is not cuda
        assert ("torch-cpu" in names) is (TRAINING in extras and torch == "cpu")
        assert ("torch" in names) is (TRAINING in extras and torch == "default")
        assert all((REQUIREMENTS / f"{name}.txt").is_file() for name in names)
