"""Decision and review tables."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tagger.core.decisions import DecisionTable, ReviewTable, Verdict, by_person, verdict_codes

PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 7)), max_size=60)


@given(st.lists(PAIRS, max_size=5))
def test_table_holds_what_a_dictionary_would_hold(batches):
    table, expected = DecisionTable(), {}
    for batch in batches:
        for photo, label, code in batch:
            expected[photo, label] = code
        if batch:
            table.set(*(np.array(column) for column in zip(*batch, strict=True)))
    expected = {key: code for key, code in expected.items() if code}
    photos, labels, codes = table.everything()
    stored = dict(zip(zip(photos.tolist(), labels.tolist(), strict=True), codes, strict=True))
    assert stored == expected
    for label in range(10):
        column = table.column(label, 10)
        assert column.tolist() == [expected.get((photo, label), 0) for photo in range(10)]
    for photo in range(10):
        mine, codes = table.of_photo(photo)
        assert dict(zip(mine.tolist(), codes.tolist(), strict=True)) == {
            label: code for (p, label), code in expected.items() if p == photo
        }


def test_codes_keep_who_said_it():
    codes = verdict_codes(np.array([0, 1, 2, 3]), by_person=True)
    assert by_person(codes).tolist() == [False, True, True, True]
    assert not by_person(verdict_codes(np.array([1, 2, 3]), by_person=False)).any()


def test_removing_a_decision_leaves_no_trace():
    table = DecisionTable()
    table.set(np.array([3]), np.array([7]), np.array([int(Verdict.CONFIRMED)]))
    table.set(np.array([3]), np.array([7]), np.array([0]))
    assert len(table) == 0


def test_reviews_grow_with_the_library():
    reviews = ReviewTable()
    reviews.set(1, np.array([2]), 5)
    reviews.set(1, np.array([900]), 6)
    column = reviews.column(1, 1000)
    assert column.shape == (1000,)
    assert (column[2], column[900], column[3]) == (5, 6, 0)
    reviews.set(1, np.array([2]), 0)
    assert reviews.column(1, 1000)[2] == 0
