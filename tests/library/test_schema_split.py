"""A label split from another: its photos are asked about again, and undo gives all back."""

import pytest

from tagger.core.decisions import Verdict, verdicts_of
from tagger.library.schema_edit import SchemaError
from tagger.library.schema_split import split_label


def verdicts(library, label):
    return verdicts_of(library.facts.decisions.column(label, library.facts.slots)).tolist()[:5]


def reviewed(library, group):
    return library.facts.reviews.column(group, library.facts.slots).astype(bool).tolist()[:5]


@pytest.fixture
def decided(library, breeds):
    """Pug on two photos, Husky on one, and one reviewed with a rejection and nothing else."""
    group = library.facts.schema.labels[breeds["Pug"]].group
    draft = library.draft("Decide")
    draft.decide([0, 1], breeds["Pug"], Verdict.CONFIRMED)
    draft.decide([2], breeds["Husky"], Verdict.CONFIRMED)
    draft.decide([3], breeds["Pug"], Verdict.REJECTED)
    draft.review([3], group)
    draft.commit().saved.result()
    return breeds | {"group": group}


def test_photos_of_the_old_label_return_to_review_and_no_others(library, decided):
    assert split_label(library, decided["Pug"], ["Puggle", "Jug"]) == 2
    names = [label.name for label in library.facts.schema.labels_of(decided["group"])]
    assert names == ["Pug", "Husky", "Puggle", "Jug"]
    none, yes, no = int(Verdict.NONE), int(Verdict.CONFIRMED), int(Verdict.REJECTED)
    assert verdicts(library, decided["Pug"]) == [none, none, none, no, none]
    assert verdicts(library, decided["Husky"]) == [none, none, yes, none, none]
    assert reviewed(library, decided["group"]) == [False, False, True, True, False]


def test_one_undo_gives_labels_decisions_and_reviews_back(library, decided):
    before = list(library.catalog.rows("SELECT * FROM decision ORDER BY photo, label"))
    seen = list(library.catalog.rows("SELECT * FROM reviewed ORDER BY photo"))
    acts = len(library.acts())
    split_label(library, decided["Pug"], ["Puggle"])
    assert len(library.acts()) == acts + 1
    library.undo()
    library.catalog.flush()
    assert list(library.catalog.rows("SELECT * FROM decision ORDER BY photo, label")) == before
    assert list(library.catalog.rows("SELECT * FROM reviewed ORDER BY photo")) == seen
    names = [label.name for label in library.facts.schema.labels_of(decided["group"])]
    assert names == ["Pug", "Husky"]


def test_a_new_label_lies_below_the_parent_of_the_old_one(library, decided, tags):
    from tagger.library.schema_edit import set_parent

    set_parent(library, decided["Pug"], tags["dog"])
    split_label(library, decided["Pug"], ["Puggle"])
    made = library.facts.schema.label_named(decided["group"], "Puggle")
    assert made.parent == tags["dog"]


def test_labels_of_a_multi_group_are_not_split(library, tags):
    with pytest.raises(SchemaError, match="“tags” allows several labels"):
        split_label(library, tags["dog"], ["puppy"])
    assert library.facts.schema.label_named(1, "puppy") is None
