"""Quick retraining, from a person's labels to a bundle the tagger reads."""

import json

import numpy as np
import pytest

from tagger.bundle.heads import head_scores, read_heads
from tagger.bundle.spec import CARD_FILE, MODEL_FILE
from tagger.bundle.validate import validate_bundle
from tagger.core.decisions import Verdict
from tagger.core.verdict import BETTER, CANNOT_TELL, NOT_WORSE
from tagger.imaging.model_input import model_input
from tagger.library.cache import EmbeddingStore
from tagger.library.runs import read_run
from tagger.library.schema_edit import add_group, add_label, find_or_add_label
from tests.trainer.conftest import copied
from trainer.missing import NothingToLearn
from trainer.quick.run import retrain
from trainer.session import open_session

WORDS = (BETTER, NOT_WORSE, CANNOT_TELL)


def confirm(library, group_name, label_name, slots, verdict=Verdict.CONFIRMED):
    """Confirm a label on photos by hand, adding group and label where they are missing."""
    draft = library.draft(f"{label_name}")
    group = library.facts.schema.group_named(group_name)
    if group is None or not group.adopted:
        group = add_group(library, draft, group_name, "multi")
    label = find_or_add_label(library, draft, group.num, label_name)
    draft.decide(slots, label.num, verdict)
    draft.commit().saved.result()
    return label.num


def training_photos(library):
    """Slots of the photos whose split is train, ascending."""
    rows = library.catalog.rows("SELECT slot FROM photo WHERE split = 'train' ORDER BY slot")
    return [slot for (slot,) in rows]


@pytest.fixture(scope="module")
def retrained_template(scenes_template, tmp_path_factory):
    place = copied(scenes_template, tmp_path_factory.mktemp("retrained"))
    with pytest.MonkeyPatch.context() as patch, place.open() as library:
        patch.setenv("TAGGER_DATA_DIR", str(place.data))
        return place, retrain(library, place.store)


@pytest.fixture
def retrained(retrained_template, tmp_path, monkeypatch):
    """A library that was retrained once, and what came of it."""
    place, outcome = retrained_template
    own = copied(place, tmp_path / "retrained")
    monkeypatch.setenv("TAGGER_DATA_DIR", str(own.data))
    return own, outcome


def test_trainer_writes_what_the_tagger_reads(retrained):
    place, outcome = retrained
    folder = place.store.folder(outcome.spec.bundle_id)
    spec = validate_bundle(folder)
    tags = next(group for group in spec.groups if group.name == "tags")
    names = {label.name for label in tags.labels}
    assert {"sea", "sunset", "desert", "mountains", "trees"} <= names
    assert "dog" in names, "what the starter knew stays known"
    assert {group.name for group in spec.groups} >= {"tags", "breed", "garment"}
    assert set(tags.operating_points) == {"balanced", "few_mistakes", "miss_little"}
    assert tags.calibration["method"] == "platt"
    assert tags.calibration["data"] == "out-of-fold"
    assert spec.dataset["photos"] == len(spec.dataset["fingerprints"]) > 100
    assert spec.dataset["decisions"] > spec.dataset["photos"], "several labels a photo"
    card = (folder / CARD_FILE).read_text("utf-8")
    assert f"with {spec.dataset['decisions']} decisions" in card
    assert set(spec.dataset["fingerprints"]) <= set(card.split())


def test_new_bundle_shares_the_embeddings_of_its_parent(retrained):
    place, outcome = retrained
    with place.open() as library:
        assert outcome.spec.space_id == library.bundle.space_id
        assert outcome.spec.parent == library.bundle.bundle_id


def test_retraining_activates_nothing(retrained):
    place, outcome = retrained
    with place.open() as library:
        assert library.active_bundle_id != outcome.spec.bundle_id
        assert library.previous_bundle_id() is None


def test_graph_and_numbers_agree_on_real_photos(retrained):
    place, outcome = retrained
    folder = place.store.folder(outcome.spec.bundle_id)
    run = open_session((folder / MODEL_FILE).read_bytes())
    with place.open() as library:
        slots = np.flatnonzero(library.photos.present)[:12]
        paths = [library.photo_path(int(slot)) for slot in slots]
        store = EmbeddingStore.open(library.places.cache, outcome.spec.space_id, 1280)
        kept = store.read(slots)
    pixels = np.stack([model_input(path, outcome.spec.preprocessing) for path in paths])
    outputs = run(pixels)
    for head in read_heads(folder):
        graph = outputs[f"scores/{head.group}"]
        assert np.abs(graph - head_scores(head, outputs["embedding"])).max() <= 1e-4
        assert np.abs(graph - head_scores(head, kept)).max() <= 1e-3, "from the float16 cache"


def test_held_out_figures_improve_and_the_verdict_says_so(retrained):
    _, outcome = retrained
    result = outcome.result
    assert result["after"]["tags"]["map"] > 0.85
    assert result["after"]["tags"]["micro_f1"] > result["before"]["tags"]["micro_f1"]
    assert result["verdict"] == BETTER
    assert result["recommended"] is True
    report = json.loads((outcome.run / "report.json").read_text())
    sea = report["groups"]["tags"]["labels"]["sea"]
    assert sea["low"] <= sea["difference"] <= sea["high"]
    assert sea["support"] > 20
    trees = report["groups"]["tags"]["labels"]["trees"]
    assert trees["new"] is True
    assert 0.5 < trees["after_low"] < trees["after"] < trees["after_high"] <= 1
    assert trees["support"] > 20
    assert "before" not in trees
    counts = report["groups"]["tags"]["diagnostics"]["counts"]["trees"]
    assert set(counts) == {"after"}
    assert counts["after"]["right"] > counts["after"]["missed"]
    assert report["parity"]["largest_difference"] <= 1e-4
    assert (report["parity"]["same_decisions"], report["parity"]["photos"]) == (1.0, 24)


def test_tensorboard_shows_how_it_was_chosen_and_what_came_out(retrained):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    _, outcome = retrained
    board = accumulator.EventAccumulator(str(outcome.run / "tensorboard"))
    board.Reload()
    chosen = [
        each.value
        for each in board.Scalars("loss on photos left out by freedom of the weights/tags")
    ]
    assert len(chosen) == 4
    assert all(0 < loss < 10 for loss in chosen)
    (judged,) = board.Scalars("judged after/tags/map")
    assert judged.value == pytest.approx(outcome.result["after"]["tags"]["map"], abs=1e-6)
    assert judged.step == outcome.spec.dataset["photos"]


def test_figures_are_those_that_evaluate_gives_once_the_model_is_used(retrained):
    place, outcome = retrained
    place.run("tagger", "models", "use", outcome.spec.bundle_id, "--library", place.home)
    place.result("tagger", "suggest", place.home)
    found = place.result("tagger", "evaluate", place.home, "--split", "val")["groups"]["tags"]
    ours = outcome.result["after"]["tags"]
    for name in ("map", "map_all", "micro_f1", "macro_f1", "samples_f1"):
        assert found[name] == pytest.approx(ours[name], abs=0.005), name
    assert found["support"] == ours["support"]


def test_nothing_is_learned_twice(retrained):
    place, outcome = retrained
    with place.open() as library:
        library.use_bundle(outcome.spec)
        with pytest.raises(NothingToLearn, match="Nothing has changed"):
            retrain(library, place.store)


def test_second_training_starts_from_the_root_and_pools_earlier_out_of_fold_scores(retrained):
    place, first = retrained
    with place.open() as library:
        library.use_bundle(first.spec)
        confirm(library, "tags", "desert", training_photos(library)[:12])
        second = retrain(library, place.store)
    report = json.loads((second.run / "report.json").read_text())
    assert report["parent"] == first.spec.bundle_id
    assert report["root"] == first.spec.parent
    assert report["groups"]["tags"]["pooled"] is True
    assert report["groups"]["tags"]["photos"] > second.result["after"]["tags"]["support"]
    assert second.result["verdict"] in (NOT_WORSE, BETTER)


def test_photos_that_ancestors_were_trained_on_never_judge(retrained):
    place, first = retrained
    with place.open() as library:
        library.use_bundle(first.spec)
        slots = np.flatnonzero(library.photos.present)
        draft = library.draft("Judge with everything")
        draft.set_split(slots.tolist()[: len(slots) // 2], ["val"] * (len(slots) // 2))
        draft.commit().saved.result()
        second = retrain(library, place.store)
    judged = second.result["after"]["tags"]["support"]
    assert judged == first.result["after"]["tags"]["support"]
    assert second.spec.dataset["ancestors"], "what only the ancestor saw is remembered"


def test_undone_mistakes_do_not_live_on(retrained):
    place, before = retrained
    with place.open() as library:
        slots = np.flatnonzero(library.photos.present)
        confirm(library, "tags", "dog", training_photos(library)[:40])
        library.use_bundle(retrain(library, place.store).spec)
        library.undo()
        after = retrain(library, place.store)
        heads = [
            {head.group: head for head in read_heads(place.store.folder(spec.bundle_id))}
            for spec in (before.spec, after.spec)
        ]
        rows = EmbeddingStore.open(library.places.cache, before.spec.space_id, 1280).read(slots)
    for group in heads[0]:
        first, last = (head_scores(by_group[group], rows) for by_group in heads)
        np.testing.assert_allclose(first, last, atol=1e-5)


def test_a_label_the_user_added_is_learned_from_confirmations_alone(bare):
    with bare.open() as library:
        slots = np.flatnonzero(library.photos.present)
        num = confirm(library, "mood", "calm", slots[:6])
        outcome = retrain(library, bare.store)
        label_id = library.facts.schema.labels[num].id
    mood = next(group for group in outcome.spec.groups if group.name == "mood")
    assert [label.id for label in mood.labels] == [label_id]
    assert mood.labels[0].positives is not None
    head = next(
        h for h in read_heads(bare.store.folder(outcome.spec.bundle_id)) if h.group == mood.id
    )
    rows = EmbeddingStore.open(bare.home / ".tagger" / "cache", outcome.spec.space_id, 1280)
    scores = head_scores(head, rows.read(slots))[:, 0]
    suggested = scores >= mood.labels[0].default_threshold
    assert scores[:6].mean() > scores[6:].mean()
    assert suggested.mean() < 0.5, "not suggested for everything"
    report = json.loads((outcome.run / "report.json").read_text())
    assert any(line.startswith("`calm` has ") for line in report["missing"])


def test_groups_without_decisions_are_kept_as_they_are(retrained):
    place, outcome = retrained
    parent = {h.group: h for h in read_heads(place.store.folder(outcome.spec.parent))}
    child = {h.group: h for h in read_heads(place.store.folder(outcome.spec.bundle_id))}
    for group in ("starter-breed", "starter-garment"):
        for name, array in parent[group].arrays.items():
            np.testing.assert_array_equal(array, child[group].arrays[name])


def test_single_group_learns_its_labels_and_none_of_these(garments):
    with garments.open() as library:
        group = library.facts.schema.group_named("garment")
        confirmed = [n.num for n in library.facts.schema.labels_of(group.num)]
        training = training_photos(library)
        draft = library.draft("None of these")
        for slot in training[:10]:
            for num in confirmed:
                if library.facts.decisions.codes(np.array([slot]), num)[0]:
                    draft.decide([slot], num, Verdict.NONE)
        draft.review(training[:10], group.num)
        draft.commit().saved.result()
        outcome = retrain(library, garments.store)
    made = next(group for group in outcome.spec.groups if group.name == "garment")
    assert made.has_null
    assert made.calibration["method"] == "temperature"
    before, after = (outcome.result[key]["garment"]["accuracy"] for key in ("before", "after"))
    assert after > before + 0.2


def test_no_labels_is_said_in_a_sentence(bare):
    run = bare.data / "own"
    command = ("trainer", "quick", "--library", bare.home, "--run", run, "--json")
    done = bare.run(*command, check=False)
    assert done.returncode == 1
    assert "confirm some first" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert read_run(run).state.phase == "failed", "the folder was made, and says how it ended"


def test_photos_without_suggestions_are_said_in_a_sentence(scenes):
    with scenes.open() as library:
        cache = library.places.cache
    for path in cache.glob("embeddings/*/current"):
        path.unlink()
    done = scenes.run("trainer", "quick", "--library", scenes.home, check=False)
    assert done.returncode == 1
    assert "compute suggestions first" in done.stderr


def test_command_tells_progress_and_imports_no_torch(scenes):
    script = (
        "import sys; from trainer.__main__ import main;"
        f"code = main(['quick', '--library', {str(scenes.home)!r}, '--json']);"
        "loaded = {'torch', 'timm', 'sklearn', 'scipy', 'PySide6'} & set(sys.modules);"
        "print(sorted(loaded), code)"
    )
    done = scenes.run("timeit", "-n", "1", "-r", "1", script)
    lines = done.stdout.splitlines()
    assert lines[1] == "[] 0"
    result = json.loads(lines[0])
    assert set(result) == {
        "fit_s", "total_s", "before", "after", "verdict", "recommended", "reasons", "bundle",
        "run", "report",
    }  # fmt: skip
    assert result["verdict"] in WORDS
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert all(set(t) == {"event", "stage", "fraction", "message"} for t in told)
    fractions = [t["fraction"] for t in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_aim_moves_the_default_thresholds(scenes):
    with scenes.open() as library:
        specs = {
            aim: retrain(library, scenes.store, aim=aim).spec
            for aim in ("few_mistakes", "miss_little")
        }
    chosen = {
        aim: np.mean(
            [
                label.default_threshold
                for group in spec.groups
                for label in group.labels
                if group.name == "tags" and label.name in ("sea", "sunset", "trees", "desert")
            ]
        )
        for aim, spec in specs.items()
    }
    assert chosen["few_mistakes"] > chosen["miss_little"] + 0.1


def test_group_that_is_not_to_be_learned_is_left_alone(bare):
    with bare.open() as library:
        slots = np.flatnonzero(library.photos.present)
        draft = library.draft("Keywords")
        group = add_group(library, draft, "Keywords", "multi", learned=False)
        label = add_label(library, draft, group.num, "holiday")
        draft.decide(slots[:10], label.num, Verdict.CONFIRMED)
        draft.commit().saved.result()
        with pytest.raises(NothingToLearn, match="Keywords"):
            retrain(library, bare.store)
