"""Which files are taken for photos."""

import csv
from pathlib import Path

import pytest

from tagger.imaging.formats import EXTENSIONS, HEAD_BYTES, is_candidate, needs_look, sniff

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"


@pytest.mark.parametrize(
    "name",
    [b"a.jpg", b"A.JPEG", b"x.y.HIF", b"-rf.png", b"\xff\xfe.webp", b"dot.jpg.", b"space.jpg "],
)
def test_known_extension_needs_no_look_inside(name: bytes) -> None:
    assert not needs_look(name)
    assert is_candidate(name, None)


@pytest.mark.parametrize("name", [b"a.txt", b"a.xmp", b"a.jpg.bak", b"a.cr2", b"labels.csv"])
def test_other_extension_is_no_photo_even_if_it_begins_like_one(name: bytes) -> None:
    assert not is_candidate(name, JPEG)


def test_without_extension_the_beginning_decides() -> None:
    assert is_candidate(b"NUL", JPEG)
    assert not is_candidate(b"README", b"Read me first")
    assert not is_candidate(b"unknown", None)
    assert not is_candidate(b".hidden", b"")


def test_every_readable_odd_photo_is_recognised_by_its_beginning(test_data: Path) -> None:
    rows = list(csv.DictReader((test_data / "awkward" / "expected.csv").open()))
    expected = {"JPEG": "jpeg", "MPO": "jpeg", "JPEG2000": "jp2"}
    for row in rows:
        if row["readable"] == "yes":
            head = (test_data / "awkward" / row["file"]).read_bytes()[:HEAD_BYTES]
            told = row["pillow"].split()[0]
            assert sniff(head) == expected.get(told, told.lower()), row["file"]


def test_heif_and_avif_are_told_apart(test_data: Path) -> None:
    for path in (test_data / "heic").iterdir():
        expected = "avif" if path.suffix == ".avif" else "heif"
        assert sniff(path.read_bytes()[:HEAD_BYTES]) == expected, path.name


def test_films_and_text_are_no_pictures() -> None:
    assert sniff(b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41") is None
    assert sniff(b"BMW owners' manual") is None
    assert sniff(b"") is None


def test_extensions_are_lower_case_with_their_dot() -> None:
    assert all(name == name.lower() and name.startswith(".") for name in EXTENSIONS)
