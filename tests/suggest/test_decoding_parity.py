"""Reduced decoding shows the model the same as decoding in full, whatever the file's form."""

import csv
import io
import random

import numpy as np
import pytest
from decoding_reference import Eye, reference_input
from PIL import Image

from tagger.imaging.decode import read_photo
from tagger.imaging.model_input import apply_preprocessing, model_input

ORIENTATION = 0x0112
UNDO = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def eye(starter):
    return Eye(starter)


@pytest.fixture(scope="module")
def photo(test_data):
    """A camera photo of 1,424 x 949 pixels: large enough to be decoded reduced."""
    with Image.open(test_data / "originals" / "canon-eos-450d.jpg") as image:
        return image.convert("RGB").reduce(3)


def saved(image, kind="JPEG", **options):
    out = io.BytesIO()
    image.save(out, kind, **({"quality": 92} if kind in ("JPEG", "WEBP") else {}) | options)
    return out.getvalue()


def turned(image, orientation):
    """Return a JPEG stored so that its EXIF orientation turns it upright again."""
    method = UNDO[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return saved(image.transpose(method) if method is not None else image, exif=exif.tobytes())


def forms(image):
    """Return the same photo in every form that decoders treat in a way of their own."""
    deep = (np.asarray(image.convert("L")).astype(np.uint16) * 257).astype(np.uint16)
    seen_through = image.copy()
    seen_through.putalpha(255)
    return {
        **{f"orientation {number}": turned(image, number) for number in UNDO},
        "progressive": saved(image, progressive=True),
        "no subsampling": saved(image, subsampling=0),
        "cmyk": saved(image.convert("CMYK")),
        "png": saved(image, "PNG", compress_level=1),
        "alpha": saved(seen_through, "PNG", compress_level=1),
        "palette": saved(image.quantize(256), "PNG", compress_level=1),
        "16-bit grey": saved(Image.fromarray(deep), "PNG", compress_level=1),
        "grey": saved(image.convert("L")),
        "tiff": saved(image, "TIFF"),
        "webp": saved(image, "WEBP"),
        "bmp": saved(image, "BMP"),
        "jpeg 2000": saved(image, "JPEG2000", quality_mode="rates", quality_layers=[8]),
        "avif": saved(image, "AVIF", quality=90),
    }


@pytest.mark.slow
def test_camera_originals_look_the_same_reduced_and_in_full(eye, test_data):
    paths = sorted((test_data / "originals").glob("*.jpg"))
    reduced = [model_input(path, eye.input) for path in paths]
    cosines, agreement = eye.likeness(reduced, [reference_input(p, eye.input) for p in paths])
    assert len(cosines) == 10
    assert cosines.mean() >= 0.995
    assert cosines.min() >= 0.97
    assert agreement >= 0.9


@pytest.mark.slow
def test_everyday_photos_keep_their_top_suggestion(eye, test_data):
    paths = sorted((test_data / "everyday" / "photos").rglob("*.jp*g"))
    paths = random.Random(10).sample(paths, 100)
    ours = [model_input(path, eye.input) for path in paths]
    cosines, agreement = eye.likeness(ours, [reference_input(p, eye.input) for p in paths])
    assert agreement >= 0.98
    assert cosines.min() >= 0.97


@pytest.mark.slow
def test_every_form_of_a_large_photo_looks_like_the_photo(eye, photo, tmp_path):
    """Through files with an extension that lies, since content decides."""
    found = forms(photo)
    plain = reference_input(saved(photo), eye.input)
    grey = reference_input(saved(photo.convert("L")), eye.input)
    ours = []
    for number, data in enumerate(found.values()):
        path = tmp_path / f"{number}.{('jpg', 'png', 'heic')[number % 3]}"
        path.write_bytes(data)
        ours.append(model_input(path, eye.input))
    wanted = [grey if "grey" in name else plain for name in found]
    cosines, _ = eye.likeness(ours, wanted)
    far = {
        name: float(cosine) for name, cosine in zip(found, cosines, strict=True) if cosine < 0.97
    }
    assert not far
    assert cosines.mean() >= 0.99


@pytest.mark.slow
def test_odd_files_look_the_same_reduced_and_in_full(eye, test_data):
    with (test_data / "awkward" / "expected.csv").open(encoding="utf-8", newline="") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["readable"] == "yes"]
    paths = [
        test_data / "awkward" / name for name in names if (test_data / "awkward" / name).is_file()
    ]
    assert len(paths) > 40
    reduced, full = [], []
    for path in paths:
        reduced.append(model_input(path, eye.input))
        full.append(apply_preprocessing(read_photo(path), eye.input))
    cosines, _ = eye.likeness(reduced, full)
    far = {p.name: float(c) for p, c in zip(paths, cosines, strict=True) if not c >= 0.97}
    assert not far
