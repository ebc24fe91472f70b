"""What a photo's header says is read quickly and never stops anything."""

import csv
import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagger.imaging.decode import read_photo
from tagger.imaging.exif import time_of
from tagger.imaging.facts import PhotoFacts, photo_facts, photo_hashes, small_hashes

ROTATED, MODEL, CHANGED, TAKEN = 0x0112, 0x0110, 0x0132, 0x9003


def with_exif(ending: str, fields: dict[int, object], taken: str | None = None) -> bytes:
    exif = Image.Exif()
    exif.update(fields)
    if taken:
        exif.get_ifd(0x8769)[TAKEN] = taken
    out = io.BytesIO()
    Image.linear_gradient("L").resize((60, 40)).convert("RGB").save(out, ending, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "size", "camera", "taken"),
    [
        ("samsung-galaxy-s2.jpg", (2448, 3264), "SAMSUNG GT-I9100", "2012-12-31"),
        ("canon-eos-450d.jpg", (4272, 2848), "Canon EOS 450D", "2008-04-15"),
        ("leica-t.jpg", (3264, 4928), "LEICA CAMERA AG LEICA T (Typ 701)", "2014-04-24"),
    ],
)
def test_camera_photos_tell_size_time_and_camera(
    test_data: Path, name: str, size: tuple[int, int], camera: str, taken: str
) -> None:
    facts = photo_facts(test_data / "originals" / name)
    assert (facts.width, facts.height) == size
    assert facts.camera == camera
    assert facts.taken is not None
    assert time.strftime("%Y-%m-%d", time.gmtime(facts.taken)) == taken


def test_size_is_that_of_the_decoded_photo(test_data: Path) -> None:
    with (test_data / "awkward" / "expected.csv").open() as file:
        for row in csv.DictReader(file):
            facts = photo_facts(test_data / "awkward" / row["file"])
            if row["readable"] == "yes":
                assert (facts.width, facts.height) == (int(row["width"]), int(row["height"]))
    for path in (test_data / "heic").iterdir():
        height, width = read_photo(path).shape[:2]
        assert (photo_facts(path).width, photo_facts(path).height) == (width, height), path.name


@pytest.mark.parametrize("ending", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_format_tells_time_and_camera(ending: str) -> None:
    when = "2024:02:29 23:59:58"
    fields = {MODEL: "X100", ROTATED: 6}
    data = with_exif(ending, fields | ({CHANGED: when} if ending == "TIFF" else {}), when)
    facts = photo_facts(io.BytesIO(data))
    assert facts.camera == "X100"
    assert facts.taken == 1709251198.0
    assert (facts.width, facts.height) == (40, 60)
    assert read_photo(io.BytesIO(data)).shape == (60, 40, 3)


def test_exif_behind_the_pixels_of_a_png_counts() -> None:
    data = with_exif("PNG", {ROTATED: 8})
    at, pixels, end = (data.index(kind) - 4 for kind in (b"eXIf", b"IDAT", b"IEND"))
    assert at < pixels
    late = data[:at] + data[pixels:end] + data[at:pixels] + data[end:]
    assert photo_facts(io.BytesIO(late)).orientation == 8
    assert read_photo(io.BytesIO(late)).shape == (60, 40, 3)


def test_time_falls_back_and_nonsense_is_no_time() -> None:
    data = with_exif("JPEG", {CHANGED: "2001:01:01 00:00:00"}, "0000:00:00 00:00:00")
    assert photo_facts(io.BytesIO(data)).taken == 978307200.0
    assert time_of("2001:01:01 00:00:00", "25") == 978307200.25
    for nonsense in ("", "    :  :     :  :  ", "2001:13:01 00:00:00", "yesterday"):
        assert time_of(nonsense) is None


def test_facts_never_raise(test_data: Path) -> None:
    data = (test_data / "originals" / "canon-eos-450d.jpg").read_bytes()[:20_000]
    random = np.random.default_rng(1)
    for _ in range(300):
        broken = bytearray(data)
        for at in random.integers(2, 2_000, 20):
            broken[at] = random.integers(0, 256)
        assert isinstance(photo_facts(io.BytesIO(bytes(broken))), PhotoFacts)
    assert photo_facts(io.BytesIO(b"")) == PhotoFacts()


def test_facts_take_no_decoding(test_data: Path) -> None:
    path = test_data / "originals" / "canon-eos-5d-mark-3.jpg"
    best = min(_seconds(photo_facts, path) for _ in range(20))
    assert best < _seconds(read_photo, path) / 20


def _seconds(work: object, path: Path) -> float:
    start = time.perf_counter()
    work(path)  # type: ignore[operator]
    return time.perf_counter() - start


def test_content_hash_survives_edits_of_metadata(test_data: Path) -> None:
    data = (test_data / "awkward" / "progressive.jpg").read_bytes()
    tagged = data[:2] + b"\xff\xfe\x00\x0ehello world!" + data[2:]
    assert photo_hashes(io.BytesIO(data)) == photo_hashes(io.BytesIO(tagged))


def test_perceptual_hash_is_near_for_twins_and_far_for_others(test_data: Path) -> None:
    original = Image.open(test_data / "originals" / "sony-dsc-h9.jpg")
    out = io.BytesIO()
    original.resize((900, 675)).save(out, "JPEG", quality=60)
    path = test_data / "originals" / "sony-dsc-h9.jpg"
    content, look = photo_hashes(path)
    other_content, twin = photo_hashes(io.BytesIO(out.getvalue()))
    _, stranger = photo_hashes(test_data / "originals" / "leica-t.jpg")
    assert content != other_content
    assert len(content) == 16
    assert (look ^ twin).bit_count() <= 6
    assert (look ^ stranger).bit_count() > 16


def test_hashes_fit_their_sizes() -> None:
    content, look = small_hashes(np.zeros((1, 1, 3), np.uint8))
    assert len(content) == 16
    assert 0 <= look < 2**64
