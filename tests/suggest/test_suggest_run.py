"""What a run over a library promises, with real photos and the real child process."""

import json
import os
import shutil

import bundle_makers
import numpy as np
import pytest
from suggest_helpers import copy_photos, scan_folder

from tagger.bundle.read import read_bundle
from tagger.core.preprocessing import Preprocessing
from tagger.imaging.model_input import model_input
from tagger.library.cache import EmbeddingStore, ScoreStore
from tagger.library.cache_problems import read_problems
from tagger.library.library import Library
from tagger.suggest.blocking import run_suggest
from tagger.suggest.client import SuggesterError


def stores(home, bundle):
    spec = read_bundle(bundle)
    cache = home / ".tagger" / "cache"
    space = EmbeddingStore.open(cache, spec.space_id, spec.embedding_size)
    return space, ScoreStore.open(cache, spec)


def photos_of(home):
    """Return slot → path of a library."""
    with Library.open(home) as library:
        return {int(slot): library.photo_path(int(slot)) for slot in library.photos.by_name}


def probability(logits):
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


def test_every_photo_gets_the_scores_that_the_graph_gives(make_library, starter):
    home = make_library(24)
    result = run_suggest(home, starter)
    assert (result.photos, result.done, result.skipped, result.problems) == (24, 24, 0, [])
    assert result.provider == "cpu"
    assert result.bundle == read_bundle(starter).bundle_id

    spec = read_bundle(starter)
    run = bundle_makers.run_folder(starter)
    space, scores = stores(home, starter)
    for slot, path in photos_of(home).items():
        wanted = run(model_input(path, spec.preprocessing)[None])
        kept = scores.of_photo(slot)
        for group in spec.groups:
            difference = np.abs(probability(kept[group.id]) - wanted[group.output][0]).max()
            assert difference <= 1e-3
        embedding = space.read(np.array([slot]))[0].astype(np.float32)
        assert embedding == pytest.approx(wanted["embedding"][0], abs=4e-3)


def test_the_answer_has_exactly_the_keys_of_the_command_line(make_library, tiny):
    answer = run_suggest(make_library(3), tiny).to_json()
    assert list(answer) == [
        "photos",
        "done",
        "skipped",
        "problems",
        "photos_per_s",
        "model_per_s",
        "provider",
        "bundle",
    ]
    assert answer["photos_per_s"] > 0
    assert answer["model_per_s"] > 0
    json.dumps(answer)


def test_finished_photos_are_not_done_again(make_library, tiny):
    home = make_library(20)
    assert run_suggest(home, tiny).done == 20
    again = run_suggest(home, tiny)
    assert (again.done, again.skipped, again.decoded) == (0, 20, 0)


def test_only_new_and_changed_photos_are_done(make_library, tiny, test_data):
    home = make_library(20)
    run_suggest(home, tiny)
    before = stores(home, tiny)[1].column("g-tags", 0)[:40].copy()
    photos = photos_of(home)
    changed, other = sorted(photos)[:2]
    photos[changed].write_bytes(photos[other].read_bytes() + b"\0")
    copy_photos(test_data / "dogs", home, 5)
    scan_folder(home)
    result = run_suggest(home, tiny)
    assert (result.photos, result.done, result.skipped) == (25, 6, 19)
    after = stores(home, tiny)[1].column("g-tags", 0)
    assert after[changed] == pytest.approx(after[other], abs=0.01)
    assert after[changed] != before[changed]


def test_scores_of_changed_photos_vanish_before_new_ones_are_there(make_library, tiny):
    home = make_library(4)
    run_suggest(home, tiny)
    photos = photos_of(home)
    slot = min(photos)
    photos[slot].write_bytes(b"no longer a photo")
    scan_folder(home)
    result = run_suggest(home, tiny)
    assert [problem["path"] for problem in result.problems] == [photos[slot].name]
    space, scores = stores(home, tiny)
    assert np.isnan(scores.of_photo(slot)["g-tags"]).all()
    assert not space.kept(np.array([slot]), np.array([1], np.uint64)).any()


def test_a_deleted_cache_is_computed_anew(make_library, tiny):
    home = make_library(12)
    run_suggest(home, tiny)
    before = stores(home, tiny)[1].column("g-breed", 1)[:20].copy()
    shutil.rmtree(home / ".tagger" / "cache")
    assert run_suggest(home, tiny).done == 12
    after = stores(home, tiny)[1].column("g-breed", 1)[:20]
    np.testing.assert_array_equal(before, after)


def test_spoiled_cache_files_are_computed_anew_without_an_error(make_library, tiny):
    home = make_library(12)
    run_suggest(home, tiny)
    cache = home / ".tagger" / "cache"
    for path in cache.rglob("*.bin"):
        path.write_bytes(path.read_bytes()[:5000])
    (cache / "cache.sqlite").write_bytes(b"x" * 100)
    result = run_suggest(home, tiny)
    assert (result.done, result.problems) == (12, [])


def test_broken_photos_are_listed_and_the_good_ones_done(make_library, tiny, test_data):
    home = make_library(10)
    awkward = test_data / "awkward"
    for name in ("truncated-half.jpg", "zero-bytes.jpg", "text.jpg", "corrupt-all-nulls.jpg"):
        shutil.copy(awkward / name, home / name)
    os.mkfifo(home / "pipe.jpg")
    (home / "loop.jpg").symlink_to(home / "loop.jpg")
    scan_folder(home)
    result = run_suggest(home, tiny)
    assert (result.photos, result.done) == (16, 10)
    assert {problem["path"] for problem in result.problems} == {
        "truncated-half.jpg",
        "zero-bytes.jpg",
        "text.jpg",
        "corrupt-all-nulls.jpg",
        "pipe.jpg",
        "loop.jpg",
    }
    assert all(problem["reason"].endswith(".") for problem in result.problems)
    assert len(read_problems(home / ".tagger" / "cache")) == 6


def test_problems_are_kept_and_tried_again_when_the_bytes_change(make_library, tiny, test_data):
    home = make_library(3)
    good = copy_photos(test_data / "dogs", home, 1)[0]
    content = good.read_bytes()
    good.write_bytes(content[: len(content) // 2])
    scan_folder(home)
    assert [p["path"] for p in run_suggest(home, tiny).problems] == [good.name]
    again = run_suggest(home, tiny)
    assert [p["path"] for p in again.problems] == [good.name], "still listed"
    assert (again.done, again.skipped, again.decoded) == (0, 3, 0)
    good.write_bytes(content)
    scan_folder(home)
    cured = run_suggest(home, tiny)
    assert (cured.done, cured.problems) == (1, [])
    assert read_problems(home / ".tagger" / "cache") == []


def test_a_photo_that_vanished_is_a_problem_until_it_is_back(make_library, tiny):
    home = make_library(5)
    photos = sorted(photos_of(home).values())
    hidden = home / ".hidden"
    photos[2].rename(hidden)
    result = run_suggest(home, tiny)
    assert result.done == 4
    assert [problem["path"] for problem in result.problems] == [photos[2].name]
    assert "no longer there" in result.problems[0]["reason"]
    hidden.rename(photos[2])
    back = run_suggest(home, tiny)
    assert (back.done, back.problems) == (1, [])


def test_a_file_changed_after_the_scan_is_not_vouched_for(make_library, tiny):
    home = make_library(5)
    photos = photos_of(home)
    slot = min(photos)
    photos[slot].write_bytes(photos[max(photos)].read_bytes())
    result = run_suggest(home, tiny)
    assert (result.done, result.changed, result.problems) == (4, 1, [])
    scan_folder(home)
    assert run_suggest(home, tiny).done == 1


def test_a_new_bundle_of_the_same_space_opens_no_photo(make_library, tmp_path, tiny):
    home = make_library(30)
    run_suggest(home, tiny)
    child = tmp_path / "child-bundle"
    bundle_makers.make(
        child,
        heads=[
            bundle_makers.linear("g-tags", 5, seed=21),
            bundle_makers.mlp("g-breed", 2, "single", seed=22),
            bundle_makers.linear("g-wear", 4, "single", seed=23, has_null=True),
        ],
    )
    assert read_bundle(child).space_id == read_bundle(tiny).space_id
    photos = photos_of(home)
    for path in photos.values():
        path.rename(path.with_suffix(".away"))
    result = run_suggest(home, child)
    assert (result.done, result.rescored, result.decoded, result.problems) == (30, 30, 0, [])

    run = bundle_makers.run_folder(child)
    scores = stores(home, child)[1]
    spec = read_bundle(child)
    for slot, path in list(photos.items())[:8]:
        pixels = model_input(path.with_suffix(".away"), spec.preprocessing)[None]
        wanted = run(pixels)
        kept = scores.of_photo(slot)
        for group in spec.groups:
            assert probability(kept[group.id]) == pytest.approx(wanted[group.output][0], abs=1e-3)


def test_a_bundle_of_another_space_is_decoded(make_library, tmp_path, tiny):
    home = make_library(8)
    run_suggest(home, tiny)
    other = tmp_path / "other-bundle"
    spec = bundle_makers.spec()
    bundle_makers.make(other, backbone=bundle_makers.backbone(seed=5), spec=spec)
    result = run_suggest(home, other)
    assert (result.done, result.decoded, result.rescored) == (8, 8, 0)
    assert run_suggest(home, tiny).done == 0, "the first one's scores are still there"


def test_names_of_every_kind_work(make_library, tiny, test_data):
    home = make_library(1)
    source = next((test_data / "dogs").rglob("*.jpg"))
    names = [b"-dash.jpg", b"caf\xe9.jpg", "n\u0303.jpg".encode(), b"a" * 240 + b".jpg", b"%41.JPG"]
    for name in names:
        shutil.copy(source, os.path.join(os.fsencode(home), name))
    (home / "broken \udce9.jpg").write_bytes(b"text")
    scan_folder(home)
    result = run_suggest(home, tiny)
    assert result.done == 6
    assert [problem["path"] for problem in result.problems] == ["broken \udce9.jpg"]


def test_an_unscanned_folder_is_an_error_in_a_sentence(tmp_path, tiny):
    (tmp_path / "new").mkdir()
    with pytest.raises(SuggesterError, match="open the folder in the program first"):
        run_suggest(tmp_path / "new", tiny)
    with pytest.raises(SuggesterError, match="does not exist"):
        run_suggest(tmp_path / "missing", tiny)


def test_an_empty_library_is_done_at_once(tmp_path, tiny):
    home = tmp_path / "empty"
    home.mkdir()
    scan_folder(home)
    result = run_suggest(home, tiny)
    assert (result.photos, result.done, result.problems) == (0, 0, [])


def test_other_preprocessing_is_obeyed(make_library, tmp_path):
    home = make_library(6)
    folder = tmp_path / "crop-bundle"
    from dataclasses import replace

    crop = Preprocessing(bundle_makers.WIDTH, bundle_makers.HEIGHT, "crop", 64)
    bundle_makers.make(folder, spec=replace(bundle_makers.spec(), preprocessing=crop))
    assert run_suggest(home, folder).done == 6
    run = bundle_makers.run_folder(folder)
    space, _ = stores(home, folder)
    slot, path = next(iter(photos_of(home).items()))
    wanted = run(model_input(path, crop)[None])["embedding"][0]
    assert space.read(np.array([slot]))[0].astype(np.float32) == pytest.approx(wanted, abs=2e-3)
