"""The annotation file: canonical, whole or not at all, never over somebody else's work."""

import json
import os
import queue
import shutil

import jsonschema
import pytest

from tagger.core.decisions import Verdict, verdicts_of
from tagger.library.annotation_read import AnnotationError, read_annotations, take_in
from tagger.library.library import Library
from tagger.library.mirror import Mirror, restore_from_file, write_mirror, write_whole
from tagger.library.scan import scan


def decide(library, slot, label, verdict=Verdict.CONFIRMED):
    draft = library.draft("test")
    draft.decide(slot, label, verdict, scores=0.93)
    draft.commit()


def mirrored(library):
    state = write_mirror(library.places, library.catalog)
    return json.loads(state.path.read_bytes())


def test_the_file_says_what_was_decided(library, tags, breeds):
    decide(library, 1, tags["dog"])
    decide(library, 1, tags["cat"], Verdict.REJECTED)
    decide(library, 1, breeds["Pug"])
    decide(library, 2, tags["animal"], Verdict.UNSURE)
    data = mirrored(library)
    photo = data["photos"][0]
    assert photo["path"] == "a/0.jpg"
    assert photo["confirmed"] == {"tags": ["dog"], "breed": ["Pug"]}
    assert photo["rejected"] == {"tags": ["cat"]}
    assert photo["reviewed"] == {"breed": "s1"}
    assert data["label_sets"] == {"s1": {"breed": ["Pug", "Husky"]}}
    assert photo["why"][0][:3] == ["tags", "dog", "person"]
    assert data["photos"][1]["unsure"] == {"tags": ["animal"]}
    assert len(data["photos"]) == 5
    assert "confirmed" not in data["photos"][4]


def test_the_file_keeps_to_its_json_schema(library, tags, breeds, request):
    decide(library, 1, tags["dog"])
    decide(library, 2, breeds["Pug"])
    schema = request.config.rootpath / "resources" / "schemas" / "tagger-annotations-1.json"
    jsonschema.validate(mirrored(library), json.loads(schema.read_text()))


def test_writing_again_without_a_change_leaves_the_bytes(library, tags):
    decide(library, 1, tags["dog"])
    mirrored(library)
    before = library.places.annotations.read_bytes()
    write_mirror(library.places, library.catalog, force=True)
    assert library.places.annotations.read_bytes() == before


def test_a_change_by_others_is_noticed_and_not_overwritten(library, tags):
    decide(library, 1, tags["dog"])
    mirrored(library)
    path = library.places.annotations
    changed = path.read_text().replace('"dog"]', '"dog", "cat"]', 1)
    path.write_text(changed)
    decide(library, 2, tags["dog"])
    state = write_mirror(library.places, library.catalog)
    assert state.conflict
    assert str(path) in state.sentence
    assert path.read_text() == changed
    take_in(library, path)
    assert verdicts_of(library.facts.decisions.column(tags["cat"], 6))[1] == 1
    assert verdicts_of(library.facts.decisions.column(tags["dog"], 6)).tolist()[:3] == [0, 1, 0]
    library.undo()
    assert verdicts_of(library.facts.decisions.column(tags["dog"], 6)).tolist()[:3] == [0, 1, 1]


def test_a_foreign_file_of_that_name_is_left_alone(library, tags):
    path = library.places.annotations
    path.write_text('{"format": "something else"}')
    decide(library, 1, tags["dog"])
    state = write_mirror(library.places, library.catalog)
    assert path.read_text() == '{"format": "something else"}'
    assert state.path.name == "tagger-annotations-2.json"
    assert "left alone" in state.sentence
    assert read_annotations(state.path)["photos"]


def test_a_folder_moved_without_its_catalog_brings_its_work_back(library, tags, breeds, tmp_path):
    decide(library, 1, tags["dog"])
    decide(library, 2, breeds["Husky"])
    draft = library.draft("split")
    draft.set_split([1, 2], ["train", "val"])
    draft.commit()
    before = mirrored(library)
    moved = tmp_path / "moved"
    shutil.copytree(library.places.home, moved, ignore=shutil.ignore_patterns(".tagger"))
    with Library.open(moved) as other:
        scan(other)
        other.reload_photos()
        assert "decisions of 5 photos" in restore_from_file(other)
        after = mirrored(other)
    for name in ("confirmed", "reviewed", "split"):
        for old, new in zip(before["photos"], after["photos"], strict=True):
            assert old.get(name) == new.get(name), name
    assert before["photos"][0]["why"] == after["photos"][0]["why"]
    assert before["schema"] == after["schema"]


def test_a_file_cut_in_half_is_named_and_kept(library, tags):
    decide(library, 1, tags["dog"])
    mirrored(library)
    path = library.places.annotations
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    with pytest.raises(AnnotationError, match="not complete JSON") as caught:
        take_in(library, path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == half


def test_a_newer_format_is_refused(tmp_path):
    path = tmp_path / "new.json"
    path.write_text('{"format": "tagger-annotations", "version": 2}')
    with pytest.raises(AnnotationError, match="newer version"):
        read_annotations(path)


def test_the_mirror_writes_by_itself_and_at_close(library, tags):
    mirror = Mirror(library)
    decide(library, 1, tags["dog"])
    mirror.touch()
    mirror.close()
    assert '"confirmed": {"tags": ["dog"]}' in library.places.annotations.read_text()


def test_the_mirror_outlives_a_folder_that_is_out_of_reach(library, tags, folder, monkeypatch):
    monkeypatch.setattr("tagger.library.mirror._QUIET_SECONDS", 0.02)
    monkeypatch.setattr("tagger.library.mirror._AGAIN_SECONDS", 0.05)
    states = queue.SimpleQueue()
    elsewhere = folder.with_name("unplugged")
    folder.rename(elsewhere)
    mirror = Mirror(library, states.put)
    state = states.get(timeout=10)
    assert (state.failed, state.sentence) == (True, "")
    assert not folder.exists(), "nothing is made in its place"
    elsewhere.rename(folder)
    decide(library, 1, tags["dog"])
    while states.get(timeout=10).failed:
        pass
    assert '"confirmed": {"tags": ["dog"]}' in library.places.annotations.read_text()
    mirror.close()


def test_a_name_that_is_not_utf8_comes_back(tmp_path, folder):
    odd = os.fsencode(folder) + b"/caf\xe9.jpg"
    shutil.copy(folder / "a" / "0.jpg", odd)
    with Library.open(folder) as library:
        scan(library)
        library.reload_photos()
        entry = next(p for p in mirrored(library)["photos"] if "path_bytes" in p)
    assert entry["path_bytes"] == "Y2Fm6S5qcGc="


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "file.json"
    write_whole(path, ["old"])

    def broken():
        yield "new"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_whole(path, broken())
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.json"]
