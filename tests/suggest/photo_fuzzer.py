"""Photos of every format, damaged in every way a seed can think of.

By hand, for more than the tests do: `python tests/suggest/photo_fuzzer.py DATA FOLDER COUNT SEED`
fills FOLDER, and `tagger suggest FOLDER` shows what becomes of it.
"""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

KEPT = (
    "awkward/arithmetic.jpg",
    "awkward/progressive.jpg",
    "awkward/cmyk.jpg",
    "awkward/gain-map.jpg",
    "awkward/broken-exif.jpg",
    "awkward/broken-icc.jpg",
    "awkward/two-frames.mpo",
    "awkward/animated.apng",
    "awkward/animated.gif",
    "awkward/animated.webp",
    "awkward/gray-alpha.png",
    "awkward/gray-16bit.png",
    "awkward/rgb-16bit.png",
    "awkward/palette-transparency.png",
    "awkward/orientation-6.png",
    "awkward/orientation-8.webp",
    "awkward/jpeg-in-tiff.tif",
    "awkward/float-gray.tif",
    "awkward/lab.tif",
    "awkward/lzw.tif",
    "awkward/tiled.tif",
    "awkward/multipage.tif",
    "awkward/rgb-16bit.tif",
    "awkward/rgb565.bmp",
    "awkward/rle8.bmp",
    "awkward/jpeg2000.jp2",
    "heic/pug-invalid-id.heic",
    "heic/pug-empty-icc.heic",
    "heic/turned-3.avif",
)
"""Files of the test data that are damaged as they are."""

_MADE = (
    ("jpg", {"quality": 90}),
    ("jpg", {"quality": 80, "progressive": True, "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}),
    ("png", {}),
    ("webp", {"lossless": True}),
    ("webp", {"quality": 80}),
    ("gif", {}),
    ("tif", {"compression": "tiff_lzw"}),
    ("tif", {"compression": "tiff_adobe_deflate"}),
    ("tif", {"compression": "packbits"}),
    ("bmp", {}),
    ("avif", {"speed": 10}),
    ("jp2", {}),
)
"""Formats of which the test data has no small photo: extension and how it is saved."""


def sources(data):
    """Return the undamaged files: (extension, content)."""
    found = [((data / name).suffix, (data / name).read_bytes()) for name in KEPT]
    photo = next((data / "everyday").rglob("*.jpeg"))
    with Image.open(photo) as opened:
        small = opened.convert("RGB").resize((120, 80))
    for extension, options in _MADE:
        out = io.BytesIO()
        small.save(out, Image.registered_extensions()[f".{extension}"], **options)
        found.append((f".{extension}", out.getvalue()))
    return found


def damaged(content, random):
    """Return a copy of a file with some injuries, often only one."""
    data = bytearray(content)
    for _ in range(int(random.geometric(0.4))):
        _WAYS[int(random.integers(len(_WAYS)))](data, random)
    return bytes(data)


def _spot(data, random):
    """Return a place: mostly anywhere, often in the header, where damage does most harm."""
    end = len(data) if random.random() < 0.6 else min(len(data), 400)
    return int(random.integers(0, max(1, end)))


def _flip(data, random):
    if data:
        data[_spot(data, random)] ^= 1 << int(random.integers(8))


def _replace(data, random):
    at = _spot(data, random)
    data[at : at + 1] = random.bytes(1)


def _extreme_number(data, random):
    at = _spot(data, random)
    number = [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\xff\xff"]
    data[at : at + 4] = number[int(random.integers(5))]


def _cut_off(data, random):
    if random.random() < 0.4:
        del data[_spot(data, random) :]


def _cut_out(data, random):
    at = _spot(data, random)
    del data[at : at + int(random.integers(1, 200))]


def _double(data, random):
    at = _spot(data, random)
    data[at:at] = data[at : at + int(random.integers(1, 500))]


def _blank(data, random):
    at = _spot(data, random)
    length = min(int(random.integers(1, 2000)), len(data) - at)
    data[at : at + length] = bytes(length)


_WAYS = (_flip, _flip, _replace, _replace, _extreme_number, _cut_off, _cut_out, _double, _blank)


def fill(data, folder, count, seed):
    """Fill a folder with so many damaged photos; the same seed gives the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    originals = sources(data)
    for number in range(count):
        extension, content = originals[number % len(originals)]
        name = f"{seed}-{number:05d}{extension}"
        (folder / name).write_bytes(damaged(content, random))


if __name__ == "__main__":
    fill(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
