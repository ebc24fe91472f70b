"""Exported CSV files hold every photo, are safe in a spreadsheet and are read back right."""

import csv
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tagger.bundle.spec import BundleGroup, BundleLabel, BundleSpec
from tagger.core.decisions import Verdict
from tagger.core.preprocessing import Preprocessing
from tagger.library.cache import ScoreStore
from tagger.library.exporting import ExportError, export_long, export_wide
from tagger.library.importing import import_file
from tagger.library.library import Library
from tagger.library.scan import scan
from tagger.library.schema_edit import add_group, add_label
from tagger.library.score_table import ScoreTable
from tagger.library.tables import TableOptions


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def opened(folder: Path) -> Library:
    library = Library.open(folder)
    scan(library)
    library.reload_photos()
    return library


def confirmed(library: Library) -> set[tuple[bytes, str, int]]:
    photos, labels, codes = library.facts.decisions.everything()
    titles = [library.facts.schema.title(num) for num in labels.tolist()]
    paths = [library.photos.path(slot) for slot in photos.tolist()]
    return set(zip(paths, titles, (codes & 3).tolist(), strict=True))


def decide(library: Library, given: dict[tuple[int, int], Verdict]) -> None:
    draft = library.draft("By hand")
    for (slot, label), verdict in given.items():
        draft.decide(slot, label, verdict)
    draft.commit()


def test_wide_has_one_row_per_photo_and_one_column_per_group(
    library: Library, tmp_path: Path, tags: dict, breeds: dict
):
    given = {(1, tags["cat"]): Verdict.CONFIRMED, (1, tags["dog"]): Verdict.CONFIRMED}
    given |= {(1, breeds["Pug"]): Verdict.CONFIRMED, (2, tags["dog"]): Verdict.REJECTED}
    decide(library, given)
    assert export_wide(library, tmp_path / "out.csv") == 5
    found = rows(tmp_path / "out.csv")
    assert list(found[0]) == ["photo", "tags", "breed", "split"]
    assert len(found) == 5
    first = library.photos.path(1).decode()
    assert next(row for row in found if row["photo"] == first)["tags"] == "dog;cat"
    assert next(row for row in found if row["photo"] == first)["breed"] == "Pug"
    assert sum(bool(row["tags"]) for row in found) == 1
    assert sorted(row["photo"] for row in found) == [row["photo"] for row in found]


def test_long_has_one_row_per_decision_and_every_photo(
    library: Library, tmp_path: Path, tags: dict
):
    given = {(1, tags["cat"]): Verdict.REJECTED, (1, tags["dog"]): Verdict.CONFIRMED}
    decide(library, given | {(1, tags["animal"]): Verdict.UNSURE})
    assert export_long(library, tmp_path / "out.csv") == 5
    found = rows(tmp_path / "out.csv")
    assert list(found[0]) == ["photo", "group", "label", "verdict", "score"]
    mine = [row for row in found if row["photo"] == library.photos.path(1).decode()]
    assert [(row["group"], row["label"], row["verdict"]) for row in mine] == [
        ("tags", "dog", "confirmed"),
        ("tags", "cat", "rejected"),
        ("tags", "animal", "unsure"),
    ]
    assert len({row["photo"] for row in found}) == 5
    assert all(not row["label"] for row in found if row not in mine)


@pytest.fixture
def scored(library: Library, tags: dict):
    """The library with a bundle of two groups and scores for all photos but slot 5."""
    groups = (
        BundleGroup("g1", "tags", "multi", (BundleLabel("l1", "dog"), BundleLabel("l2", "sky"))),
        BundleGroup(
            "g2", "breed", "single", (BundleLabel("l3", "Pug"), BundleLabel("l4", "Husky"))
        ),
    )
    spec = BundleSpec(
        name="test",
        preprocessing=Preprocessing(8, 8),
        groups=groups,
        embedding_size=4,
        space_id="s" * 32,
        parent=None,
        bundle_id="b" * 32,
    )
    store = ScoreStore.open(library.places.cache, spec, writable=True)
    slots = np.arange(1, 5)
    scores = {
        "g1": np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.01, 0.02]]),
        "g2": np.array([[0.7, 0.3], [0.4, 0.6], [0.5, 0.4], [0.9, 0.05]]),
    }
    store.write(slots, scores, np.arange(1, 5, dtype=np.uint64))
    store.close()
    library.use_bundle(spec)
    return library


def test_scores_stand_in_the_long_table_for_every_pair_that_has_one(
    scored: Library, tmp_path: Path, tags: dict
):
    decide(scored, {(1, tags["dog"]): Verdict.CONFIRMED, (5, tags["dog"]): Verdict.REJECTED})
    export_long(scored, tmp_path / "out.csv", ScoreTable(scored.facts))
    found = rows(tmp_path / "out.csv")
    assert sum(bool(row["score"]) for row in found) == 16
    first = scored.photos.path(1).decode()
    by_label = {row["label"]: row for row in found if row["photo"] == first}
    assert float(by_label["dog"]["score"]) == pytest.approx(0.9, abs=1e-3)
    assert by_label["dog"]["verdict"] == "confirmed"
    assert by_label["Pug"]["verdict"] == ""
    fifth = [row for row in found if row["photo"] == scored.photos.path(5).decode()]
    assert [(row["label"], row["verdict"], row["score"]) for row in fifth] == [
        ("dog", "rejected", "")
    ]


def test_low_scores_and_all_but_the_best_can_be_left_out_but_decisions_stay(
    scored: Library, tmp_path: Path, tags: dict
):
    decide(scored, {(1, tags["cat"]): Verdict.REJECTED, (4, tags["dog"]): Verdict.CONFIRMED})
    export_long(scored, tmp_path / "out.csv", ScoreTable(scored.facts, min_score=0.45, top=1))
    found = [(row["photo"], row["label"]) for row in rows(tmp_path / "out.csv")]
    names = [scored.photos.path(slot).decode() for slot in range(6)]
    assert set(found) == {
        (names[1], "dog"), (names[1], "Pug"), (names[1], "cat"),
        (names[2], "sky"), (names[2], "Husky"),
        (names[3], "dog"), (names[3], "Pug"),
        (names[4], "Pug"), (names[4], "dog"),
        (names[5], ""),
    }  # fmt: skip


def test_scores_by_name_serve_the_annotation_file(scored: Library):
    table = ScoreTable(scored.facts, min_score=0.5)
    assert table.by_name(1) == {
        "tags": {"dog": pytest.approx(0.9, abs=1e-3)},
        "breed": {"Pug": pytest.approx(0.7, abs=1e-3)},
    }
    assert table.by_name(5) == {}
    assert ScoreTable(Library.open(scored.places.home).facts).by_name(1) == {}


NAMES = ["=1+1", "AC;DC", ";", "@x", "-5", "+5", "'=a", "a, b", 'say "x"', "plain", "Ünï"]
FILES = [b"=1+1.jpg", b"--help.jpg", b"'-.jpg", b"comma,semi;quote'.jpg", b"new\nline.jpg"]
FILES += [b"carriage\rreturn.jpg", b"latin1-\xe9\xff.jpg", b' "q".jpg ', b"back\\slash.jpg"]
FILES += ["Käfer.jpg".encode(), b"\ttab.jpg"]


@pytest.fixture
def awkward(folder: Path, tmp_path: Path):
    """A library with awkward names of photos and labels, all of them decided."""
    home = tmp_path / "awkward"
    home.mkdir()
    for number, name in enumerate(FILES):
        source = sorted(folder.glob("*/*.jpg"))[number % 5]
        shutil.copyfile(source, os.fsencode(home) + b"/" + name)
    with opened(home) as library:
        draft = library.draft("Schema")
        tags = add_group(library, draft, "tags", "multi")
        kind = add_group(library, draft, "=kind", "single")
        nums = [add_label(library, draft, tags.num, name).num for name in NAMES if name != ";"]
        ones = [add_label(library, draft, kind.num, name).num for name in NAMES if name != ";"]
        for at, slot in enumerate(library.photos.by_name.tolist()):
            for label in nums[at : at + 3]:
                draft.decide(slot, label, Verdict.CONFIRMED)
            draft.decide(slot, ones[at % len(ones)], Verdict.CONFIRMED)
        draft.set_split(library.photos.by_name.tolist(), ["=val"] * len(FILES))
        draft.commit()
        yield library


@pytest.mark.parametrize("export", [export_wide, export_long])
def test_awkward_names_are_neutral_in_spreadsheets_and_read_back_right(
    awkward: Library, tmp_path: Path, export
):
    target = tmp_path / "out.csv"
    assert export(awkward, target) == len(FILES)
    with open(target, newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
    before = confirmed(awkward)
    home = awkward.places.home
    awkward.close()
    shutil.rmtree(home / ".tagger")
    with opened(home) as again:
        result = import_file(again, target, TableOptions(single=("=kind",)))
        assert (result.missing, result.ambiguous, result.problems) == ([], {}, [])
        assert confirmed(again) == before
        if export is export_wide:
            assert {s for (s,) in again.catalog.rows("SELECT split FROM photo")} == {"=val"}


def test_a_photo_that_vanished_is_exported_while_it_holds_decisions(
    library: Library, tmp_path: Path, tags: dict
):
    decide(library, {(1, tags["dog"]): Verdict.CONFIRMED})
    for slot in (1, 2):
        library.photo_path(slot).unlink()
    scan(library)
    library.reload_photos()
    assert export_wide(library, tmp_path / "out.csv") == 4


def test_what_cannot_be_written_is_one_sentence_and_leaves_nothing(
    library: Library, tmp_path: Path
):
    with pytest.raises(ExportError, match="is a folder"):
        export_wide(library, tmp_path)
    with pytest.raises(ExportError, match="could not be written"):
        export_wide(library, tmp_path / "gone" / "out.csv")


def test_real_lists_survive_export_and_import(test_data: Path, tmp_path: Path):
    home = tmp_path / "dogs"
    shutil.copytree(test_data / "dogs", home)
    with opened(home) as library:
        import_file(library, home / "labels.csv")
        before = confirmed(library)
        export_wide(library, tmp_path / "wide.csv")
        export_long(library, tmp_path / "long.csv")
    original = {row["photo"]: (row["breed"], row["split"]) for row in rows(home / "labels.csv")}
    exported = {row["photo"]: (row["breed"], row["split"]) for row in rows(tmp_path / "wide.csv")}
    assert exported == original
    for name in ("wide.csv", "long.csv"):
        shutil.rmtree(home / ".tagger")
        with opened(home) as again:
            import_file(again, tmp_path / name)
            assert confirmed(again) == before
            assert again.facts.schema.group_named("breed").kind == "single"
