"""Photos of every kind come out upright and in colour, and what cannot be read says why."""

import contextlib
import csv
import io
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from tagger.core.errors import TaggerError
from tagger.imaging.container import container_facts
from tagger.imaging.decode import PhotoProblem, read_photo

ABOVE_PILLOWS_LIMIT = "large-200-megapixel.png"


def rows(test_data: Path) -> list[dict[str, str]]:
    with (test_data / "awkward" / "expected.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["file"] != ABOVE_PILLOWS_LIMIT]


def as_jpeg(**options: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((96, 64), 60).convert("RGB").save(out, "JPEG", **options)
    return out.getvalue()


def test_odd_files_open_or_fail_as_the_answer_sheet_says(test_data: Path) -> None:
    for row in rows(test_data):
        path = test_data / "awkward" / row["file"]
        if row["readable"] == "yes":
            pixels = read_photo(path)
            assert pixels.dtype == np.uint8, row["file"]
            assert pixels.shape == (int(row["height"]), int(row["width"]), 3), row["file"]
        else:
            with pytest.raises(PhotoProblem):
                read_photo(path)


def test_reduced_decoding_refuses_the_same_files(test_data: Path) -> None:
    for row in rows(test_data):
        path = test_data / "awkward" / row["file"]
        try:
            pixels = read_photo(path, at_least=(24, 24))
        except PhotoProblem:
            assert row["readable"] == "no", row["file"]
        else:
            assert row["readable"] == "yes", row["file"]
            width, height = int(row["width"]), int(row["height"])
            assert min(width, 24) <= pixels.shape[1] <= width
            assert min(height, 24) <= pixels.shape[0] <= height


def test_every_problem_is_one_plain_sentence_without_the_path(test_data: Path) -> None:
    for row in rows(test_data):
        if row["readable"] == "yes":
            continue
        with pytest.raises(PhotoProblem) as caught:
            read_photo(test_data / "awkward" / row["file"])
        reason = str(caught.value)
        assert isinstance(caught.value, TaggerError)
        assert reason.endswith(".")
        assert len(reason) < 120
        assert row["file"] not in reason
        assert not any(word in reason for word in ("Error", "0x", "buffer", "None")), reason


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("zero-bytes.jpg", "damaged", "empty"),
        ("html.jpg", "not_a_picture", "web page"),
        ("text.jpg", "not_a_picture", "text file"),
        ("drawing.svg", "not_a_picture", "SVG"),
        ("jpeg-xl.jxl", "unreadable", "JPEG XL"),
        ("twelve-bit.jpg", "unreadable", "12 bits"),
        ("float32.tif", "unreadable", "TIFF"),
        ("truncated-half.jpg", "damaged", "cut off"),
        ("truncated.png", "damaged", "cut off"),
        ("bomb-1600-megapixel.png", "too_large", "250 megapixels"),
        ("bomb-declared-65500.jpg", "too_large", "65,500"),
        ("bad-width.bmp", "damaged", "damaged"),
    ],
)
def test_the_reason_names_what_is_wrong(test_data: Path, name: str, kind: str, words: str) -> None:
    with pytest.raises(PhotoProblem) as caught:
        read_photo(test_data / "awkward" / name)
    assert caught.value.kind == kind
    assert words in str(caught.value)


def test_bombs_are_refused_before_memory_is_taken(test_data: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("bomb-1600-megapixel.png", "bomb-declared-65500.jpg", "bad-width.bmp"):
        with pytest.raises(PhotoProblem):
            read_photo(test_data / "awkward" / name)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 50_000_000


@pytest.mark.slow
def test_two_hundred_megapixels_open(test_data: Path) -> None:
    pixels = read_photo(test_data / "awkward" / ABOVE_PILLOWS_LIMIT, at_least=(448, 448))
    assert pixels.shape[0] >= 448
    assert pixels.shape[1] == pytest.approx(2 * pixels.shape[0], rel=0.01)


def test_all_eight_orientations_look_the_same(test_data: Path) -> None:
    folder = test_data / "awkward"
    upright = read_photo(folder / "orientation-1.jpg").astype(int)
    for number in range(2, 9):
        turned = read_photo(folder / f"orientation-{number}.jpg").astype(int)
        assert np.abs(turned - upright).mean() < 8, number
    for name in ("orientation-6.png", "orientation-6.tif", "orientation-8.webp"):
        turned = Image.fromarray(read_photo(folder / name)).resize((240, 360))
        assert np.abs(np.asarray(turned).astype(int) - upright).mean() < 12, name


def test_heif_is_turned_once_and_avif_as_its_container_says(test_data: Path) -> None:
    arrow = read_photo(test_data / "heic" / "arrow-turned.heic", at_least=(300, 400))
    assert arrow.shape[0] > arrow.shape[1]
    ink = arrow.mean(axis=2) < 80
    spread = [int(np.ptp(np.flatnonzero(line))) if line.any() else 0 for line in ink]
    assert np.argmax(spread) < len(spread) / 2  # the broad head of an arrow that points up
    fields = [
        read_photo(test_data / "heic" / name).astype(int)
        for name in ("turned-3.avif", "turned-1-mirrored.avif")
    ]
    assert fields[0].shape == fields[1].shape == (427, 640, 3)
    assert np.abs(fields[0] - fields[1]).mean() < 8


def test_exif_turns_heif_whose_container_is_silent(test_data: Path) -> None:
    path = test_data / "heic" / "iphone-7-exif6-stored-sideways.heic"
    assert not container_facts(path.read_bytes()).turns
    assert container_facts((test_data / "heic" / "arrow-turned.heic").read_bytes()).turns
    pixels = read_photo(path, at_least=(60, 80))
    assert pixels.shape[0] > pixels.shape[1]
    sky, water = pixels[: pixels.shape[0] // 4], pixels[-pixels.shape[0] // 8 :]
    assert sky[..., 2].mean() > water[..., 2].mean() + 40


def test_every_heif_and_avif_opens(test_data: Path) -> None:
    for path in (test_data / "heic").iterdir():
        assert read_photo(path, at_least=(64, 64)).std() > 10, path.name


def test_damaged_heif_metadata_does_not_end_the_process(test_data: Path) -> None:
    data = bytearray((test_data / "heic" / "pug-empty-icc.heic").read_bytes())
    assert data[392:396] == b"mime"
    data[392] = 0x85  # ends pi-heif's own plug-in with a segmentation fault
    assert read_photo(io.BytesIO(bytes(data))).shape == (900, 1025, 3)


def test_reduced_photo_shows_the_same_and_stays_large_enough(test_data: Path) -> None:
    for name in ("originals/samsung-galaxy-s2.jpg", "heic/cat-20mp.avif"):
        full = Image.fromarray(read_photo(test_data / name))
        small = read_photo(test_data / name, at_least=(448, 448))
        assert min(small.shape[:2]) >= 448
        assert small.shape[0] < full.height / 2
        size = (56, 56)
        difference = np.asarray(full.resize(size)).astype(int) - np.asarray(
            Image.fromarray(small).resize(size)
        )
        assert np.abs(difference).mean() < 1


def test_channels_are_red_green_blue(tmp_path: Path) -> None:
    for ending in ("png", "jpg", "bmp", "tif", "webp", "avif", "jp2", "gif"):
        path = tmp_path / f"red.{ending}"
        Image.new("RGB", (40, 30), (250, 20, 60)).save(path)
        assert np.abs(read_photo(path).mean(axis=(0, 1)) - (250, 20, 60)).max() < 8, ending


def test_any_kind_of_source_gives_the_same_pixels(test_data: Path) -> None:
    path = test_data / "awkward" / "orientation-8.jpg"
    expected = read_photo(path)
    with path.open("rb") as file:
        assert np.array_equal(read_photo(file), expected)
    assert np.array_equal(read_photo(bytes(path)), expected)
    assert np.array_equal(read_photo(str(path)), expected)


def test_cut_anywhere_never_gives_anything_but_a_photo_or_a_problem(test_data: Path) -> None:
    names = ("progressive.jpg", "tiled.tif", "orientation-8.webp", "jpeg2000.jp2", "animated.gif")
    for name in names:
        data = (test_data / "awkward" / name).read_bytes()
        for size in np.linspace(0, len(data) - 1, 25).astype(int):
            with contextlib.suppress(PhotoProblem):
                assert read_photo(io.BytesIO(data[:size])).ndim == 3


def test_pillow_is_left_as_it_was(test_data: Path) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    read_photo(test_data / "heic" / "bird-burst-4-images.heic")
    assert limit == Image.MAX_IMAGE_PIXELS
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_decoding_in_threads_gives_the_same_pixels(test_data: Path) -> None:
    paths = [test_data / "originals" / "nokia-8.3-5g.jpg", test_data / "awkward" / "display-p3.jpg"]
    expected = [read_photo(path, at_least=(200, 200)) for path in paths]
    wrong: list[int] = []

    def work() -> None:
        for index, path in enumerate(paths):
            if not np.array_equal(read_photo(path, at_least=(200, 200)), expected[index]):
                wrong.append(index)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_exif_that_is_garbage_leaves_the_photo_alone() -> None:
    data = as_jpeg(exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert read_photo(io.BytesIO(data)).shape == (64, 96, 3)
