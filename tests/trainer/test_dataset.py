"""A run trains on an immutable revision of the decisions, and only on what it may."""

import json

import numpy as np

from tagger.bundle.files import read_arrays
from tagger.core.decisions import Verdict
from tagger.library.cache_hashes import HashStore
from tagger.library.roles import read_roles
from trainer.data import group_hash, lineage_entry, save_dataset
from trainer.gather import read_dataset

NOBODY = np.zeros(0, np.uint64)


def read(library, trained=NOBODY):
    return read_dataset(library, trained, np.ones(library.facts.slots, bool))


def test_suggesting_keeps_the_hash_of_every_photo(scenes):
    with scenes.open() as library:
        slots = np.flatnonzero(library.photos.present)
        store = HashStore.open(library.places.cache)
        hashes, kept = store.read(slots, library.photos.signature[slots])
    assert kept.all()
    assert len(set(hashes.tolist())) > 0.9 * len(slots)


def test_users_split_says_who_trains_and_who_judges(scenes):
    with scenes.open() as library:
        dataset = read(library)
        roles = read_roles(library)
    assert dataset.trains.sum() + dataset.judges.sum() == len(dataset) == 240
    assert (roles.split[dataset.slots[dataset.trains]] == "train").all()
    assert (roles.split[dataset.slots[dataset.judges]] == "val").all()


def test_test_split_and_trained_photos_are_left_out(scenes):
    with scenes.open() as library:
        before = read(library)
        held = before.slots[before.judges]
        draft = library.draft("Keep some for testing")
        draft.set_split(held[:10].tolist(), ["test"] * 10)
        draft.commit().saved.result()
        trained = library.photos.signature[held[10:15]]
        after = read(library, trained)
    assert after.judges.sum() == before.judges.sum() - 15
    assert not np.isin(held[:15], after.slots).any()


def test_revision_changes_with_a_decision_and_comes_back_with_undo(scenes):
    with scenes.open() as library:
        first = read(library)
        group = library.facts.schema.group_named("tags")
        sea = library.facts.schema.label_named(group.num, "sea")
        draft = library.draft("Decide")
        slot = first.slots[first.trains][0]
        verdict = first.groups[0].targets[first.trains][0, first.groups[0].labels.index(sea)]
        draft.decide([slot], sea.num, Verdict.REJECTED if verdict == 1 else Verdict.CONFIRMED)
        draft.commit().saved.result()
        second = read(library)
        library.undo()
        third = read(library)
    assert first.revision != second.revision
    assert first.revision == third.revision
    assert group_hash(first, first.groups[0]) == group_hash(third, third.groups[0])


def test_decisions_on_judging_photos_do_not_make_a_group_worth_learning_again(scenes):
    with scenes.open() as library:
        first = read(library)
        group = library.facts.schema.group_named("tags")
        sea = library.facts.schema.label_named(group.num, "sea")
        draft = library.draft("Decide")
        draft.decide(first.slots[first.judges], sea.num, Verdict.CONFIRMED)
        draft.commit().saved.result()
        second = read(library)
    assert group_hash(first, first.groups[0]) == group_hash(second, second.groups[0])


def test_saved_revision_holds_targets_and_counts(scenes, tmp_path):
    with scenes.open() as library:
        dataset = read(library)
    save_dataset(tmp_path, dataset)
    arrays = read_arrays(tmp_path / "dataset.npz")
    facts = json.loads((tmp_path / "dataset.json").read_text())
    data = dataset.groups[0]
    np.testing.assert_array_equal(arrays[f"targets/{data.group.id}"], data.targets)
    np.testing.assert_array_equal(arrays["signatures"], dataset.signatures)
    assert facts["revision"] == dataset.revision
    listed = {label["name"]: label for label in facts["groups"][0]["labels"]}
    at = [label.name for label in data.labels].index("sea")
    assert listed["sea"]["positives"] == (data.targets[dataset.trains][:, at] == 1).sum()


def test_lineage_names_own_photos_and_those_of_ancestors_apart(scenes):
    with scenes.open() as library:
        dataset = read(library)
    own = dataset.signatures[dataset.trains]
    stranger = np.array([12345], np.uint64)
    entry = lineage_entry(dataset, np.concatenate([own[:3], stranger]), "run")
    assert len(entry["fingerprints"]) == len(own)
    assert entry["ancestors"] == ["3930000000000000"]


def test_photos_nobody_looked_at_stand_against_a_label_that_was_only_confirmed(bare):
    with bare.open() as library:
        slots = np.flatnonzero(library.photos.present)
        group = library.facts.schema.group_named("tags")
        label = library.facts.schema.label_named(group.num, "dog")
        draft = library.draft("Confirm")
        draft.decide(slots[:20], label.num, Verdict.CONFIRMED)
        draft.commit().saved.result()
        dataset = read(library)
        data = dataset.groups[0]
    assert data.background.any()
    assert dataset.trains[data.background].all()
    assert not (data.background & data.touched).any()
    assert data.alone[[label.name for label in data.labels].index("dog")]


def test_photos_of_a_label_too_rare_to_be_judged_all_train(bare):
    with bare.open() as library:
        slots = np.flatnonzero(library.photos.present)
        group = library.facts.schema.group_named("tags")
        dog = library.facts.schema.label_named(group.num, "dog")
        first = read(library)
        assert not len(first)
        held = slots[read_roles(library).part[slots] == "held-out"]
        draft = library.draft("Confirm")
        draft.decide(held[:3], dog.num, Verdict.CONFIRMED)
        draft.commit().saved.result()
        few = read(library)
        moved = library.photos.signature[held[:3]]
        again = read(library, moved)
        draft = library.draft("Confirm")
        draft.decide(slots[:30], dog.num, Verdict.CONFIRMED)
        draft.commit().saved.result()
        many = read(library)
    assert few.trains[np.isin(few.slots, held[:3])].all()
    assert not few.judges.any()
    np.testing.assert_array_equal(few.signatures, again.signatures)
    assert again.trains[np.isin(again.slots, held[:3])].all(), "what once trained goes on training"
    assert many.judges[np.isin(many.slots, held)].sum() > 0, "with enough photos some judge"


def test_the_users_split_is_never_moved(scenes):
    with scenes.open() as library:
        group = library.facts.schema.group_named("tags")
        dog = library.facts.schema.label_named(group.num, "dog")
        before = read(library)
        held = before.slots[before.judges][:3]
        draft = library.draft("Confirm")
        draft.decide(held, dog.num, Verdict.CONFIRMED)
        draft.commit().saved.result()
        after = read(library)
    assert after.judges[np.isin(after.slots, held)].all()
