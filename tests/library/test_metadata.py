"""Keywords that are in photos already come in as their owners know them."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from timing import cpu_seconds

from tagger.imaging.decode import read_photo
from tagger.library.metadata import PhotoKeywords, read_keywords

EXPECTED = {
    "mongolia.jpeg": ("Mongolia", "Ôvôrhangaj", "Хужирт"),
    "digikam.jpg": ("Berlin", "Shop"),
    "portrait-regions.jpg": ("Marie Curie", "Pierre Curie"),
    "prairie_falcon.jpg": (
        "SFAN",
        "PINN",
        "raptors",
        "Events",
        "birds",
        "monitoring",
        "prairie falcons",
    ),
    "tanners_ridge.jpg": (
        "Big Meadows",
        "Landscape",
        "Tanners Ridge Overlook",
        "Overlook",
        "Place",
    ),
    "photoshop.jpg": ("desk", "coffee", "compuer", "computer"),
    "ladybug.jpg": ("Ladybug",),
    "iptc-only.jpg": ("cactus", "ever", "lang", "alo", "sonne"),
    "iptc-umlaut.jpg": ("Marienkäfer",),
    "label-blau.jpg": (),
    "rating-3.jpg": ("from-digikam-style", "from-lightroom-style"),
    "harvest.jpg": ("Harvest", "Europe", "Wales", "field", "places"),
    "xpkeywords-hebrew.jpg": ("עברית (Hebrew)",),
    "iptc-xmp-differ.jpg": ("RIGHT1of2-XMP-Keywords", "RIGHT2of2-XMP-Keywords"),
    "subject.png": ("TestSubject",),
    "subject.webp": ("TestSubject",),
    "subject.tiff": ("TestSubject",),
}

XMP = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description rdf:about="">
 <dc:subject><rdf:Bag><rdf:li>%s</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize("name", EXPECTED)
def test_real_photos_give_the_keywords_their_programs_show(test_data: Path, name: str):
    assert read_keywords(test_data / "xmp" / name).subjects == EXPECTED[name]


def test_every_photo_of_the_set_is_expected(test_data: Path):
    photos = {p.name for p in (test_data / "xmp").iterdir() if p.suffix != ".xmp"}
    assert photos == set(EXPECTED)


def test_broken_off_sidecar_is_reported_by_name_and_stops_nothing(test_data: Path):
    found = read_keywords(test_data / "xmp" / "label-blau.jpg")
    assert found.problem is not None
    assert "label-blau.jpg.xmp" in found.problem
    assert "breaks off" in found.problem


def test_whole_photos_have_no_problem(test_data: Path):
    for name in EXPECTED:
        if name != "label-blau.jpg":
            assert read_keywords(test_data / "xmp" / name).problem is None, name


def test_keyword_null_is_dropped(test_data: Path):
    photo = test_data / "originals" / "canon-eos-5d-mark-3.jpg"
    assert read_keywords(photo) == PhotoKeywords()


def test_automatic_tags_of_darktable_are_dropped_but_equal_words_of_the_user_stay(tmp_path: Path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xd9")
    text = (XMP % "jpg</rdf:li><rdf:li>format</rdf:li><rdf:li>darktable|changed").replace(
        "</dc:subject>",
        '</dc:subject><lr:hierarchicalSubject xmlns:lr="http://ns.adobe.com/lightroom/1.0/">'
        "<rdf:Bag><rdf:li>darktable|format|jpg</rdf:li><rdf:li>kinds|jpg</rdf:li></rdf:Bag>"
        "</lr:hierarchicalSubject>",
    )
    (tmp_path / "a.xmp").write_text(text)
    assert read_keywords(photo).subjects == ("jpg",)


def test_leaves_of_a_hierarchy_count_where_subjects_are_missing(tmp_path: Path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xd9")
    text = (XMP % "Places|Wales").replace("dc:subject", "lr:hierarchicalSubject")
    text = text.replace("xmlns:dc=", 'xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmlns:dc=')
    (tmp_path / "a.jpg.xmp").write_text(text)
    assert read_keywords(photo).subjects == ("Wales",)


def test_both_sidecars_are_merged_and_each_name_comes_once(tmp_path: Path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xd9")
    (tmp_path / "a.jpg.xmp").write_text(XMP % " Sea  side </rdf:li><rdf:li>dog")
    wide = (XMP % "sea_side</rdf:li><rdf:li>Übung").replace("UTF-8", "UTF-16")
    (tmp_path / "a.xmp").write_bytes(wide.encode("utf-16"))
    assert read_keywords(photo) == PhotoKeywords(("Sea side", "dog", "Übung"))


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>' + XMP[39:] % "&b;",
        "",
        "no xml at all",
        "\0\0\0",
        "<a>" * 20_000,
    ],
)
def test_hostile_and_senseless_sidecars_are_problems(tmp_path: Path, text: str):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xd9")
    (tmp_path / "a.xmp").write_text(text)
    found = read_keywords(photo)
    assert found.subjects == ()
    assert found.problem is not None
    assert "a.xmp" in found.problem


def test_sidecar_of_absurd_size_is_reported_unread(tmp_path: Path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xd9")
    with open(tmp_path / "a.xmp", "wb") as file:
        file.truncate(1 << 34)
    assert "larger than 16 MB" in (read_keywords(photo).problem or "")


def test_names_that_are_not_utf8_work(tmp_path: Path, test_data: Path):
    name = os.fsencode(tmp_path) + b"/latin1-\xe9\xff.jpg"
    shutil.copyfile(test_data / "xmp" / "digikam.jpg", name)
    with open(name + b".xmp", "wb") as file:
        file.write(b"cut")
    found = read_keywords(name)
    assert found.subjects == ("Berlin", "Shop")
    assert "latin1-\\xe9\\xff.jpg.xmp" in (found.problem or "")


def test_missing_photo_and_pipe_are_problems_not_hangs(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "not a file" in (read_keywords(tmp_path / "pipe.jpg").problem or "")
    assert "not there" in (read_keywords(tmp_path / "gone.jpg").problem or "")


def test_awkward_and_heic_files_never_raise(test_data: Path):
    for folder in ("awkward", "heic", "raw", "originals"):
        for path in (test_data / folder).iterdir():
            assert read_keywords(path).subjects == (), path.name


def test_damaged_photos_never_raise(test_data: Path, tmp_path: Path):
    rng = np.random.default_rng(1)
    sources = [test_data / "xmp" / name for name in ("mongolia.jpeg", "subject.tiff")]
    sources += [test_data / "xmp" / name for name in ("subject.png", "subject.webp")]
    sources.append(test_data / "heic" / "turned-3.avif")
    target = tmp_path / "x.jpg"
    for source in sources:
        whole = np.frombuffer(source.read_bytes()[:20_000], np.uint8)
        for _ in range(60):
            data = whole.copy()
            places = rng.integers(0, min(len(data), 2000), 12)
            data[places] = rng.integers(0, 256, 12)
            target.write_bytes(data[: rng.integers(1, len(data))].tobytes())
            assert isinstance(read_keywords(target), PhotoKeywords)


def test_looking_for_keywords_takes_a_small_part_of_decoding_the_photo(test_data: Path):
    photos = sorted((test_data / "everyday" / "photos").iterdir())[:100]
    looking = cpu_seconds(lambda: [read_keywords(photo) for photo in photos])
    assert looking < cpu_seconds(lambda: [read_photo(photo) for photo in photos]) / 3
