"""The verdict says what the design says, in its words."""

import pytest

from tagger.core.intervals import NO_DIFFERENCE, Difference
from tagger.core.verdict import (
    BETTER,
    CANNOT_TELL,
    NOT_WORSE,
    few_examples,
    group_verdict,
    overall_verdict,
)


def test_the_three_verdicts_have_these_words():
    assert (BETTER, NOT_WORSE, CANNOT_TELL) == ("better", "not worse", "can't tell yet")


@pytest.mark.parametrize(
    ("value", "low", "high", "word"),
    [
        (0.05, 0.001, 0.1, BETTER),
        (0.05, 0.0, 0.1, NOT_WORSE),
        (-0.01, -0.02, 0.01, NOT_WORSE),
        (0.03, -0.03, 0.09, CANNOT_TELL),
        (-0.2, -0.3, -0.1, CANNOT_TELL),
    ],
)
def test_the_lower_end_decides(value, low, high, word):
    assert group_verdict(Difference(value, low, high), 300).word == word


def test_it_says_how_many_more_photos_would_tell():
    verdict = group_verdict(Difference(0.02, -0.06, 0.1), 100)
    assert verdict.more_photos == 300, "twice the reach that is allowed needs four times as many"
    assert group_verdict(Difference(-0.05, -0.1, 0.0), 100).more_photos is None
    assert group_verdict(NO_DIFFERENCE, 0).more_photos == 250


def test_one_group_that_cannot_be_told_leaves_the_whole_open():
    assert overall_verdict([BETTER, NOT_WORSE]) == BETTER
    assert overall_verdict([NOT_WORSE, NOT_WORSE]) == NOT_WORSE
    assert overall_verdict([BETTER, CANNOT_TELL]) == CANNOT_TELL
    assert overall_verdict([]) == NOT_WORSE


def test_few_examples_are_said_in_words():
    assert few_examples("kite", 2) == "`kite` has 2 confirmed photos; 8 are needed to judge it"
    assert few_examples("kite", 1).startswith("`kite` has 1 confirmed photo;")
