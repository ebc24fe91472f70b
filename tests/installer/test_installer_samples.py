"""The sample photos come out of wheels whole, alone, and once."""

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from installer import samples


def jpeg(colour: str) -> bytes:
    """A small JPEG of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), colour).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with two of the sample photos between other things."""
    path = tmp_path / "skimage-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("skimage/data/rocket.jpg", jpeg("navy"))
        archive.writestr("skimage/data/chelsea.png", jpeg("tan"))
        archive.writestr("skimage/data/brick.png", jpeg("red"))
        archive.writestr("skimage/data/__init__.py", "")
        archive.writestr("../escape.jpg", jpeg("black"))
    return path


def test_only_the_photographs_are_taken(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    assert samples.extract(wheel, folder) == 2
    assert sorted(path.name for path in folder.iterdir()) == ["chelsea.png", "rocket.jpg"]
    assert (folder / "rocket.jpg").read_bytes() == jpeg("navy")
    assert not (tmp_path / "escape.jpg").exists()


def test_a_photo_that_is_there_is_left_alone(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "rocket.jpg").write_bytes(b"mine")
    samples.extract(wheel, folder)
    assert (folder / "rocket.jpg").read_bytes() == b"mine"


def test_a_complete_folder_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "user_data_folder", lambda: tmp_path)
    monkeypatch.setattr(samples, "_fetch", lambda folder: pytest.fail("fetched"))
    folder = tmp_path / "samples" / "photos"
    folder.mkdir(parents=True)
    samples.write_readme(folder)
    assert samples.ensure() == folder


def test_an_interrupted_fetch_is_finished_the_next_time(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "user_data_folder", lambda: tmp_path)
    monkeypatch.setattr(samples, "_fetch", lambda folder: [wheel])
    folder = tmp_path / "samples" / "photos"
    folder.mkdir(parents=True)
    (folder / "rocket.jpg").write_bytes(jpeg("navy"))
    assert samples.ensure() == folder
    assert (folder / "chelsea.png").is_file()


def test_readme_tells_whose_every_photo_is(tmp_path: Path) -> None:
    samples.write_readme(tmp_path)
    text = (tmp_path / samples.README).read_text("utf-8")
    for sample in samples.SAMPLES:
        assert f"{sample.name}: {sample.subject}. {sample.origin}." in text
    assert len({sample.name for sample in samples.SAMPLES}) == len(samples.SAMPLES)
