"""The house stays as it was drawn: layers, size of files, docstrings, nothing that is not ours."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
LONGEST = 450
LARGEST_BYTES = 1_000_000
OUR_PICTURES = ("docs/screenshots/", "resources/icons/")
PHOTOS = {
    *(".jpg", ".jpeg", ".jp2", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff"),
    *(".heic", ".heif", ".avif", ".dng", ".cr2", ".nef", ".arw"),
}
WEIGHTS = {".onnx", ".pt", ".pth", ".npz", ".npy", ".safetensors", ".ckpt", ".h5", ".tagmodel"}
# in halves, so that this file does not name what it forbids
REGISTRIES = [
    "".join(halves)
    for halves in (
        ("pypi.", "org"),
        ("python", "hosted."),
        ("download.py", "torch."),
        ("registry.npm", "js."),
        ("deb.deb", "ian."),
    )
]
LOCAL_FOLDERS = re.compile(r"(?<![\w.~/-])/(work|root|opt)/\w")


def tracked() -> list[str]:
    """The paths of the repository, as git lists them."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(CHECKOUT), "ls-files", "-z"],
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = listed.stdout.decode().split("\0")
    return [name for name in names if name and (CHECKOUT / name).is_file()]


def sources() -> list[Path]:
    """All Python files of the repository."""
    return [CHECKOUT / name for name in tracked() if name.endswith(".py")]


def test_imports_go_one_way() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(program), "--no-cache"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_is_longer_than_one_subject() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in sources()}
    assert {str(path): lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path) for path in sources() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in sources() if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


def test_no_photos_and_no_weights_are_committed() -> None:
    foreign = [
        name
        for name in tracked()
        if Path(name).suffix.lower() in PHOTOS | WEIGHTS and not name.startswith(OUR_PICTURES)
    ]
    assert foreign == []


def test_no_large_file_is_committed() -> None:
    large = [name for name in tracked() if (CHECKOUT / name).stat().st_size > LARGEST_BYTES]
    assert large == []


def test_no_file_names_a_registry_or_a_folder_of_some_machine() -> None:
    found = []
    for name in tracked():
        text = (CHECKOUT / name).read_bytes().decode("utf-8", "replace")
        hosts = [host for host in REGISTRIES if host in text]
        folders = [match[0] for match in LOCAL_FOLDERS.finditer(text)]
        found += [(name, word) for word in hosts + folders]
    assert found == []
