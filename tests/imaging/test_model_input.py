"""Suggester and trainer get the same pixels, and those that the model was made for."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tagger.core.preprocessing import Preprocessing
from tagger.imaging.decode import PhotoProblem, read_photo
from tagger.imaging.model_input import apply_preprocessing, model_input

FITS = ("squash", "crop", "pad")
FILTERS = ("bilinear", "bicubic", "lanczos", "area", "nearest")
PILLOW = dict(zip(FILTERS, (2, 3, 1, 4, 0), strict=True))
SQUASH = Preprocessing(224, 224)

specs = st.builds(
    Preprocessing,
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    fit=st.sampled_from(FITS),
    resize_to=st.sampled_from((0, 8, 40, 90)),
    pad_color=st.sampled_from((None, (255, 255, 255), (3, 200, 90))),
    interpolation=st.sampled_from(FILTERS),
    antialias=st.booleans(),
)


def noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 196, (height, width, 3), np.uint8)


@given(specs, st.integers(1, 130), st.integers(1, 130))
@settings(max_examples=150, deadline=None)
def test_shape_is_the_inputs_and_a_uniform_photo_stays_uniform(
    spec: Preprocessing, width: int, height: int
) -> None:
    colour = (3, 200, 90)
    spec = replace(spec, pad_color=spec.pad_color and colour)
    pixels = np.full((height, width, 3), colour, np.uint8)
    result = apply_preprocessing(pixels, spec)
    assert result.shape == (spec.height, spec.width, 3)
    assert result.dtype == np.uint8
    allowed = {colour, (0, 0, 0)} if spec.fit == "crop" and spec.resize_to else {colour}
    assert {tuple(pixel) for pixel in result.reshape(-1, 3).tolist()} <= allowed


@pytest.mark.parametrize("name", FILTERS)
def test_squash_is_pillows_resize(name: str) -> None:
    pixels = noise(97, 61)
    expected = Image.fromarray(pixels).resize((32, 48), PILLOW[name])
    result = apply_preprocessing(pixels, Preprocessing(32, 48, interpolation=name))
    assert np.array_equal(result, np.asarray(expected))


@pytest.mark.parametrize("size", [(97, 61), (61, 97), (40, 40), (300, 33)])
@pytest.mark.parametrize(("resize_to", "side"), [(36, 32), (32, 32), (20, 32), (0, 32)])
def test_crop_is_torchvisions_resize_and_centre_crop(
    size: tuple[int, int], resize_to: int, side: int
) -> None:
    pixels = noise(*size)
    spec = Preprocessing(side, side, fit="crop", resize_to=resize_to, interpolation="bicubic")
    short, long = min(size), max(size)
    shortest = resize_to or side
    longest = int(shortest * long / short)
    whole = (shortest, longest) if size[0] <= size[1] else (longest, shortest)
    image = Image.fromarray(pixels).resize(whole, Image.Resampling.BICUBIC)
    if min(whole) < side:  # torchvision fills up with black before it crops
        width, height = max(side, whole[0]), max(side, whole[1])
        canvas = Image.new("RGB", (width, height))
        canvas.paste(image, (max(0, (side - whole[0]) // 2), max(0, (side - whole[1]) // 2)))
        image = canvas
    left, top = (round((have - side) / 2) for have in image.size)
    expected = np.asarray(image.crop((left, top, left + side, top + side)))
    difference = np.abs(apply_preprocessing(pixels, spec).astype(int) - expected)
    assert difference.max() <= 2  # Pillow may filter rows first or columns first


@pytest.mark.parametrize("size", [(97, 61), (61, 97), (40, 40), (600, 20), (3, 200), (7, 5)])
@pytest.mark.parametrize("colour", [None, (255, 255, 255), (9, 99, 199)])
@pytest.mark.parametrize("name", ["bicubic", "lanczos", "area"])
def test_pad_is_filling_to_a_square_and_then_resizing(
    size: tuple[int, int], colour: tuple[int, int, int] | None, name: str
) -> None:
    pixels = noise(*size)
    side = max(size)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    margins = ((top, side - size[1] - top), (left, side - size[0] - left), (0, 0))
    if colour is None:
        square = np.pad(pixels, margins, mode="edge")
    else:
        square = np.full((side, side, 3), colour, np.uint8)
        square[top : top + size[1], left : left + size[0]] = pixels
    expected = Image.fromarray(square).resize((48, 48), PILLOW[name])
    spec = Preprocessing(48, 48, fit="pad", pad_color=colour, interpolation=name)
    difference = np.abs(apply_preprocessing(pixels, spec).astype(int) - np.asarray(expected))
    assert difference.max() <= 2


@pytest.mark.parametrize("name", ["bilinear", "bicubic"])
def test_without_antialiasing_it_is_opencvs_resize(name: str) -> None:
    cv2 = pytest.importorskip("cv2")
    pixels = np.asarray(Image.fromarray(noise(9, 7)).resize((180, 140)))
    spec = Preprocessing(37, 53, interpolation=name, antialias=False)
    method = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}[name]
    expected = cv2.resize(pixels, (37, 53), interpolation=method)
    difference = np.abs(apply_preprocessing(pixels, spec).astype(int) - expected)
    assert difference.max() <= 2


def test_a_small_photo_is_decoded_and_prepared_exactly(test_data: Path) -> None:
    path = next((test_data / "everyday" / "photos").iterdir())
    for fit in FITS:
        spec = replace(SQUASH, fit=fit)
        assert np.array_equal(model_input(path, spec), apply_preprocessing(read_photo(path), spec))


@pytest.mark.parametrize("fit", FITS)
def test_reduced_decoding_hardly_changes_the_input(test_data: Path, fit: str) -> None:
    spec = replace(SQUASH, fit=fit)
    for name in ("originals/canon-eos-450d.jpg", "originals/leica-t.jpg", "heic/cat-20mp.avif"):
        exact = apply_preprocessing(read_photo(test_data / name), spec).astype(int)
        difference = np.abs(model_input(test_data / name, spec) - exact)
        assert difference.mean() < 1, name


def test_eight_orientations_give_the_same_input(test_data: Path) -> None:
    folder = test_data / "awkward"
    first = model_input(folder / "orientation-1.jpg", SQUASH).astype(int)
    for number in range(2, 9):
        other = model_input(folder / f"orientation-{number}.jpg", SQUASH)
        assert np.abs(other - first).mean() < 6, number


def test_channels_stay_in_order() -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 30), (250, 20, 60)).save(out, "PNG")
    out.seek(0)
    assert np.array_equal(model_input(out, SQUASH)[100, 100], (250, 20, 60))


def test_what_is_transparent_shows_the_bundles_background() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (60, 30)).save(out, "PNG")
    out.seek(0)
    spec = replace(SQUASH, background=(1, 2, 3))
    assert np.array_equal(model_input(out, spec)[100, 100], (1, 2, 3))


@pytest.mark.parametrize("fit", FITS)
def test_a_very_long_strip_needs_little_memory(fit: str) -> None:
    spec = replace(SQUASH, fit=fit)
    result = apply_preprocessing(np.full((1, 60_000, 3), 255, np.uint8), spec)
    assert result.min() == 255


def test_a_broken_photo_says_so(test_data: Path) -> None:
    with pytest.raises(PhotoProblem, match="cut off"):
        model_input(test_data / "awkward" / "truncated-half.jpg", SQUASH)
