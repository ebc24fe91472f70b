"""Names, ids and the tree of labels."""

import numpy as np

from tagger.core.names import clean_name, fold_name, new_id
from tagger.core.schema import Group, Label, Schema
from tagger.core.thresholds import logit, sigmoid

SCHEMA = Schema(
    [Group(1, "g", "Sleeve Length", "single")],
    [
        Label(1, "a", 1, "Short"),
        Label(2, "b", 1, "Golden Retriever", parent=1, synonyms=("golden-retriever", "goldie")),
        Label(3, "c", 1, "goldie", parent=2),
    ],
    {"old": "older", "older": "b"},
)


def test_names_are_compared_without_case_spaces_and_dashes():
    assert SCHEMA.group_named("sleeve_LENGTH").num == 1
    assert SCHEMA.label_named(1, "golden_retriever").num == 2
    assert fold_name("Cafe\u0301 au-lait") == fold_name("café AU_LAIT")
    assert clean_name("  a \n b ") == "a b"


def test_a_name_beats_another_labels_synonym():
    assert SCHEMA.label_named(1, "Goldie").num == 3


def test_ids_of_merged_labels_lead_to_what_took_them_in():
    assert SCHEMA.label_by_id("old").num == 2
    assert SCHEMA.label_by_id("unknown") is None


def test_the_tree_knows_what_would_be_a_cycle():
    assert SCHEMA.descendants(1) == [2, 3]
    assert SCHEMA.ancestors(3) == [2, 1]
    assert SCHEMA.would_cycle(1, 3)
    assert not SCHEMA.would_cycle(3, 1)


def test_new_ids_are_128_bits_and_differ():
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(value) == 32 for value in ids)


def test_logits_come_back_as_probabilities():
    p = np.array([1e-6, 0.3, 0.5, 0.999])
    assert np.allclose(sigmoid(logit(p)), p, atol=1e-6)
    assert logit(0.0) == -16.0
    assert logit(1.0) == 16.0
    assert np.isnan(logit(np.nan))
