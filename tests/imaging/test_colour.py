"""Colours come out as the photographer saw them, whatever way they are stored."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagger.imaging.decode import read_photo


def saved(image: Image.Image, ending: str, **options: object) -> io.BytesIO:
    out = io.BytesIO()
    image.save(out, ending, **options)
    out.seek(0)
    return out


def gray_ramp(dtype: type, top: float) -> np.ndarray:
    return np.tile(np.linspace(0, top, 64), (16, 1)).astype(dtype)


@pytest.mark.parametrize(
    ("values", "ending"),
    [
        (gray_ramp(np.uint16, 65535), "PNG"),
        (gray_ramp(np.uint16, 65535), "TIFF"),
        (gray_ramp(np.uint16, 4095), "TIFF"),
        (gray_ramp(np.float32, 1), "TIFF"),
        (gray_ramp(np.float32, 255), "TIFF"),
        (gray_ramp(np.float32, 9e6), "TIFF"),
        (gray_ramp(np.int32, 65535), "TIFF"),
    ],
)
def test_deep_gray_turns_neither_white_nor_black(values: np.ndarray, ending: str) -> None:
    pixels = read_photo(saved(Image.fromarray(values), ending))
    expected = np.linspace(0, 255, 64)
    assert np.abs(pixels[8, :, 1].astype(float) - expected).max() <= 1.5


def test_dark_16_bit_png_stays_dark() -> None:
    pixels = read_photo(saved(Image.fromarray(gray_ramp(np.uint16, 2000)), "PNG"))
    assert pixels.max() == 8


def test_float_with_gaps_opens() -> None:
    values = gray_ramp(np.float32, 1)
    values[0, :3] = (np.nan, np.inf, -np.inf)
    pixels = read_photo(saved(Image.fromarray(values), "TIFF"))
    assert pixels[8, -1, 0] == 255
    assert pixels[0, 0, 0] == 0


def test_odd_depths_show_the_picture_they_were_made_from(test_data: Path) -> None:
    folder = test_data / "awkward"
    size = (160, 107)
    names = ("tiled.tif", "gray-16bit.png", "float-gray.tif", "rgb-16bit.png", "cmyk.jpg")
    pictures = [
        np.asarray(Image.fromarray(read_photo(folder / name)).convert("L").resize(size)).astype(int)
        for name in names
    ]
    for name, picture in zip(names[1:], pictures[1:], strict=True):
        assert np.abs(picture - pictures[0]).mean() < 6, name


def test_what_is_transparent_shows_the_background() -> None:
    for mode in ("RGBA", "LA", "P"):
        image = Image.new("RGBA", (20, 20), (10, 20, 30, 0)).convert(mode)
        for background in ((255, 255, 255), (0, 128, 255)):
            pixels = read_photo(saved(image, "PNG"), background=background)
            assert np.array_equal(pixels[5, 5], background), mode


def test_half_transparent_is_mixed_with_the_background() -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    assert np.abs(read_photo(saved(image, "PNG")).astype(int) - 127).max() <= 1


def test_wide_gamut_is_brought_to_srgb(test_data: Path) -> None:
    for name in ("adobe-rgb.jpg", "display-p3.jpg"):
        path = test_data / "awkward" / name
        plain = np.asarray(Image.open(path).convert("RGB")).astype(int)
        pixels = read_photo(path).astype(int)
        saturation = [np.ptp(picture, axis=2).mean() for picture in (plain, pixels)]
        assert saturation[1] > saturation[0] * 1.03, name
        assert abs(plain.mean() - pixels.mean()) < 12, name


def test_srgb_profile_changes_nothing(test_data: Path) -> None:
    path = test_data / "originals" / "lge-nexus-5x.jpg"
    assert "sRGB".encode("utf-16-be") in Image.open(path).info["icc_profile"]
    assert np.array_equal(read_photo(path), np.asarray(Image.open(path)))


def test_a_profile_that_does_not_fit_is_ignored(test_data: Path) -> None:
    profile = Image.open(test_data / "awkward" / "display-p3.jpg").info["icc_profile"]
    image = Image.linear_gradient("L")
    for options in ({"icc_profile": profile}, {"icc_profile": b"nonsense" * 40}):
        pixels = read_photo(saved(image, "PNG", **options))
        assert np.array_equal(pixels[..., 0], np.asarray(image))


def test_lab_and_palette_have_their_colours(test_data: Path) -> None:
    assert read_photo(test_data / "awkward" / "lab.tif").min() > 240
    palette = Image.new("RGB", (30, 30), (200, 40, 90)).convert("P")
    assert np.abs(read_photo(saved(palette, "GIF")).mean((0, 1)) - (200, 40, 90)).max() < 40
