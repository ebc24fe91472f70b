"""Importing a list of labels is one act that keeps what people said and can be undone."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tagger.core.decisions import VERDICT_NAMES, Verdict, verdicts_of
from tagger.core.states import State, decided_states
from tagger.library.importing import import_file, import_table, was_imported
from tagger.library.library import Library
from tagger.library.mirror import write_mirror
from tagger.library.scan import scan
from tagger.library.schema_edit import add_group, add_label
from tagger.library.tables import TableError, TableOptions, read_table


def opened(folder: Path) -> Library:
    library = Library.open(folder)
    scan(library)
    library.reload_photos()
    return library


def said(library: Library) -> dict[str, list[str]]:
    """Photo → `group/label verdict` of all decisions, sorted."""
    found: dict[str, list[str]] = {}
    photos, labels, codes = library.facts.decisions.everything()
    for photo, label, verdict in zip(
        photos.tolist(), labels.tolist(), verdicts_of(codes).tolist(), strict=True
    ):
        name = os.fsdecode(library.photos.path(photo))
        text = f"{library.facts.schema.title(label)} {VERDICT_NAMES[Verdict(verdict)]}"
        found.setdefault(name, []).append(text)
    return {name: sorted(texts) for name, texts in found.items()}


def state(library: Library, photo: str, label: str) -> State:
    slots = {library.photos.path(s).decode(): s for s in library.photos.by_name.tolist()}
    nums = {library.facts.schema.title(num): num for num in library.facts.schema.labels}
    found = decided_states(library.facts, [nums[label]], np.array([slots[photo]]))
    return State(int(found[0, 0]))


def table(folder: Path, text: str, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.fixture
def dogs(test_data: Path, tmp_path: Path):
    home = tmp_path / "dogs"
    shutil.copytree(test_data / "dogs", home)
    with opened(home) as library:
        yield library


def test_a_real_list_comes_in_whole_and_complete(dogs: Library):
    result = import_file(dogs, dogs.places.home / "labels.csv")
    counts = {key: value for key, value in result.to_json().items() if isinstance(value, int)}
    assert counts == {"photos": 79, "decisions": 79, "missing": 0, "ambiguous": 0, "conflicts": 0}
    assert said(dogs)["photos/n02085936_Maltese_dog.jpg"] == ["breed/maltese_dog confirmed"]
    assert state(dogs, "photos/n02085936_Maltese_dog.jpg", "breed/papillon") == State.ABSENT
    splits = {split for (split,) in dogs.catalog.rows("SELECT split FROM photo")}
    assert splits == {"val"}


def test_one_import_is_one_act_and_undo_takes_all_of_it_back(dogs: Library):
    write_mirror(dogs.places, dogs.catalog)
    before = dogs.places.annotations.read_bytes()
    import_file(dogs, dogs.places.home / "labels.csv")
    assert [act.source for act in dogs.acts()] == ["import:labels.csv"]
    dogs.undo()
    write_mirror(dogs.places, dogs.catalog)
    assert dogs.places.annotations.read_bytes() == before
    dogs.redo()
    assert len(dogs.facts.decisions) == 79


def test_a_second_import_of_the_same_file_changes_nothing(dogs: Library):
    path = dogs.places.home / "labels.csv"
    assert not was_imported(dogs, read_table(path))
    import_file(dogs, path)
    again = import_file(dogs, path)
    assert (again.photos, again.decisions, again.act) == (79, 0, None)
    assert was_imported(dogs, read_table(path))


def test_an_import_survives_reopening(dogs: Library):
    import_file(dogs, dogs.places.home / "labels.csv")
    before = said(dogs)
    home = dogs.places.home
    dogs.close()
    with opened(home) as again:
        assert said(again) == before
        assert state(again, "photos/n02085936_Maltese_dog.jpg", "breed/papillon") == State.ABSENT


def test_missing_photos_are_named_and_the_rest_goes_in(library: Library, folder: Path):
    path = table(folder, "photo,labels\n0,dog;cat\nnot-there.jpg,dog\nb/3.jpg,dog\n")
    result = import_file(library, path)
    assert (result.photos, result.decisions) == (2, 3)
    assert result.missing == ["not-there.jpg"]
    assert said(library)["a/0.jpg"] == ["tags/cat confirmed", "tags/dog confirmed"]


def test_equal_file_names_are_ambiguous_and_none_is_chosen(library: Library, folder: Path):
    shutil.copyfile(folder / "b" / "1.jpg", folder / "a" / "1.jpg")
    scan(library)
    library.reload_photos()
    result = import_file(library, table(folder, "photo,labels\n1.jpg,dog;cat\n"))
    assert result.ambiguous == {"1.jpg": ["a/1.jpg", "b/1.jpg"]}
    assert (result.photos, result.decisions, result.act) == (0, 0, None)


def test_nothing_matched_is_no_act(library: Library, folder: Path):
    result = import_file(library, table(folder, "photo,labels\nx.jpg,dog;cat\n"))
    assert (result.photos, result.act, result.missing) == (0, None, ["x.jpg"])
    assert library.facts.schema.groups == {}


def test_labels_are_found_by_folded_name_and_by_synonym(library: Library, folder: Path, tags: dict):
    draft = library.draft("More")
    home = library.facts.schema.group_named("tags")
    add_label(library, draft, home.num, "Traffic Light", synonyms=["semaphore"])
    draft.commit()
    path = table(folder, "photo,labels\n0.jpg,DOG;traffic_light\n1.jpg,semaphore;new one\n")
    import_file(library, path)
    assert said(library) == {
        "a/0.jpg": ["tags/Traffic Light confirmed", "tags/dog confirmed"],
        "b/1.jpg": ["tags/Traffic Light confirmed", "tags/new one confirmed"],
    }
    assert len(library.facts.schema.labels) == 5


def test_what_a_list_never_knew_stays_unknown(library: Library, folder: Path, tags: dict):
    import_file(library, table(folder, "photo,labels\n0.jpg,dog;cat\n1.jpg,\n"))
    assert state(library, "b/1.jpg", "tags/dog") == State.ABSENT
    assert state(library, "b/1.jpg", "tags/animal") == State.UNTOUCHED
    assert state(library, "a/2.jpg", "tags/dog") == State.UNTOUCHED


def test_a_partial_list_leaves_the_rest_unknown(library: Library, folder: Path):
    path = table(folder, "photo,labels,maybe\n0.jpg,dog;cat,cow\n1.jpg,cat,\n")
    import_file(library, path, TableOptions(partial=True))
    assert state(library, "b/1.jpg", "tags/dog") == State.UNTOUCHED
    assert state(library, "a/0.jpg", "tags/cow") == State.UNSURE


def test_a_persons_verdict_is_kept_and_the_conflict_counted(
    library: Library, folder: Path, tags: dict, breeds: dict
):
    draft = library.draft("By hand")
    draft.decide(1, tags["dog"], Verdict.REJECTED)
    draft.decide(1, breeds["Pug"], Verdict.CONFIRMED)
    draft.commit()
    name = library.photos.path(1).decode()
    path = table(folder, f"photo,tags,breed,split\n{name},dog;cat,Husky,\n")
    result = import_file(library, path)
    assert (result.conflicts, result.decisions) == (2, 1)
    kept = ["breed/Pug confirmed", "tags/cat confirmed", "tags/dog rejected"]
    assert said(library)[name] == kept
    result = import_file(library, path, override=True)
    assert result.conflicts == 0
    turned = ["breed/Husky confirmed", "tags/cat confirmed", "tags/dog confirmed"]
    assert said(library)[name] == turned


def test_what_a_person_reviewed_and_did_not_give_is_a_verdict_too(
    library: Library, folder: Path, tags: dict
):
    home = library.facts.schema.group_named("tags").num
    draft = library.draft("Reviewed")
    draft.review([1], home)
    draft.commit()
    name = library.photos.path(1).decode()
    path = table(folder, f"photo,labels\n{name},dog;bird\n3.jpg,dog\n")
    result = import_file(library, path)
    assert result.conflicts == 1
    assert state(library, name, "tags/dog") == State.ABSENT
    assert state(library, name, "tags/bird") == State.CONFIRMED
    assert state(library, name, "tags/animal") == State.ABSENT
    sources = dict(library.catalog.rows("SELECT photo, source FROM reviewed"))
    assert sources[1] == "person"
    assert import_file(library, path, override=True).decisions == 1
    assert state(library, name, "tags/dog") == State.CONFIRMED


def test_a_group_of_another_kind_is_refused_in_one_sentence(
    library: Library, folder: Path, breeds: dict
):
    path = table(folder, "photo,labels\n0.jpg,Pug;Husky\n")
    with pytest.raises(TableError, match=r"labels\.csv.*breed.*one label per photo"):
        import_file(library, path, TableOptions(group="breed"))
    assert len(library.facts.decisions) == 0


def test_splits_alone_are_one_act(library: Library, folder: Path):
    path = table(folder, "image_name,split\n0.jpg,train\n1.jpg,my test\n", "split.csv")
    result = import_file(library, path)
    assert (result.photos, result.decisions) == (2, 0)
    stored = "SELECT split FROM photo WHERE split IS NOT NULL ORDER BY split"
    assert [split for (split,) in library.catalog.rows(stored)] == ["my test", "train"]
    library.undo()
    assert list(library.catalog.rows(stored)) == []


def test_names_that_are_not_utf8_come_in(folder: Path, test_data: Path):
    name = os.fsencode(folder) + b"/latin1-\xe9\xff.jpg"
    shutil.copyfile(test_data / "xmp" / "digikam.jpg", name)
    with opened(folder) as library:
        path = table(folder, "photo,labels\nlatin1-\\xe9\\xff.jpg,dog;cat\nno-\\xe9.jpg,dog\n")
        result = import_file(library, path)
        assert (result.photos, result.decisions) == (1, 2)
        json.dumps(result.to_json(), ensure_ascii=False).encode("utf-8")


def test_an_annotation_file_brings_schema_reviews_and_verdicts(library: Library, folder: Path):
    path = table(folder, json.dumps(ANNOTATIONS), "other.json")
    result = import_file(library, path)
    assert (result.photos, result.missing) == (2, ["gone.jpg"])
    assert said(library)["a/0.jpg"] == [
        "breed/Pug confirmed",
        "tags/cat rejected",
        "tags/dog confirmed",
    ]
    schema = library.facts.schema
    dog = schema.label_named(schema.group_named("tags").num, "puppy")
    assert dog.name == "dog"
    breed = schema.group_named("breed")
    assert (breed.kind, breed.gate) == ("single", dog.num)
    assert schema.label_named(breed.num, "Pug").parent == dog.num
    assert state(library, "b/1.jpg", "tags/dog") == State.ABSENT
    assert state(library, "b/1.jpg", "tags/cat") == State.UNTOUCHED


def test_the_dogs_go_into_the_groups_a_model_offers(dogs: Library):
    draft = dogs.draft("Offered")
    group = add_group(dogs, draft, "Breed", "single")
    offered = add_label(dogs, draft, group.num, "Maltese dog")
    draft.commit()
    import_file(dogs, dogs.places.home / "labels.csv")
    assert [g.name for g in dogs.facts.schema.groups.values()] == ["Breed"]
    assert len(dogs.facts.schema.labels) == 79
    assert dogs.facts.schema.labels[offered.num].name == "Maltese dog"
    assert len(dogs.facts.decisions.of_label(offered.num)[0]) == 1


def test_a_table_given_as_data_needs_no_file(library: Library, folder: Path):
    read = read_table(table(folder, "photo,labels\na/0.jpg,dog;cat\n"))
    assert import_table(library, read).decisions == 2


ANNOTATIONS = {
    "format": "tagger-annotations",
    "version": 1,
    "label_sets": {"s1": {"tags": ["dog"]}},
    "schema": {
        "groups": [
            {"name": "tags", "kind": "multi", "gate": None,
             "labels": [{"name": "dog", "synonyms": ["puppy"]}, {"name": "cat"}]},
            {"name": "breed", "kind": "single", "gate": {"group": "tags", "label": "dog"},
             "labels": [{"name": "Pug", "parent": {"group": "tags", "label": "dog"}}]},
        ]
    },
    "photos": [
        {"path": "a/0.jpg", "confirmed": {"tags": ["dog"], "breed": ["Pug"]},
         "rejected": {"tags": ["cat"]}, "reviewed": {"tags": "s1"}},
        {"path": "b/1.jpg", "reviewed": {"tags": "s1"}},
        {"path": "gone.jpg", "confirmed": {"tags": ["dog"]}},
    ],
}  # fmt: skip


def test_a_list_keeps_its_own_words_for_what_only_a_model_offered(library: Library, folder: Path):
    draft = library.draft("As a model would offer it")
    home = add_group(library, draft, "tags", "multi")
    label = add_label(library, draft, home.num, "Sea", synonyms=["ocean"])
    draft.put_label(replace(label, adopted=False))
    draft.commit()
    library.catalog.write(
        lambda connection: connection.execute(
            "INSERT INTO mapping VALUES ('bundle', 'sea', ?)", (label.num,)
        )
    ).result()
    library.catalog.set_meta("active_bundle", "bundle")
    library.reload()
    import_file(library, table(folder, "photo,labels\n0.jpg,ocean;SEA\n1.jpg,ocean;boat\n"))
    assert said(library) == {
        "a/0.jpg": ["tags/SEA confirmed", "tags/ocean confirmed"],
        "b/1.jpg": ["tags/boat confirmed", "tags/ocean confirmed"],
    }
    assert library.facts.schema.labels[label.num].name == "SEA"
