"""When changes in a folder are looked at: a made clock, so nothing waits."""

import pytest

from tagger.library.settling import LONGEST, MANY, OPEN_FOR, QUIET, Scope, Settling

PHOTO = (1, b"a/photo.jpg")


def taken(settling, times, look=lambda place: (1, 1)):
    """Ask at these times, and return what was given out when."""
    found = {now: settling.take(now, look) for now in times}
    return {now: scope for now, scope in found.items() if scope}


def steps(start, end, step=0.2):
    return [start + step * number for number in range(1, round((end - start) / step) + 1)]


def test_a_closed_file_is_looked_at_after_a_short_rest():
    settling = Settling()
    settling.file(PHOTO, 0.0)
    settling.file(PHOTO, 0.1, True)
    settling.file(PHOTO, 0.2, False)
    found = taken(settling, steps(0.2, 2))
    assert list(found.values()) == [Scope(folders=frozenset({(1, b"a")}))]
    assert min(found) <= 0.2 + 2 * QUIET
    assert not settling.waiting


def test_a_file_that_is_still_written_is_left_alone_until_it_is_closed():
    settling = Settling()
    settling.file(PHOTO, 0.0, True)
    assert not taken(settling, steps(0, OPEN_FOR - 1))
    settling.file(PHOTO, 40.0, False)
    assert taken(settling, steps(40, 42))


def test_a_file_kept_open_for_ever_comes_in_all_the_same():
    settling = Settling()
    settling.file(PHOTO, 0.0, True)
    assert taken(settling, steps(0, OPEN_FOR + 1))


def test_where_closing_is_not_told_the_size_must_stand_still():
    settling = Settling()
    sizes = iter([(1, 1), (2, 2), (3, 3), (3, 3), (3, 3)])
    settling.file(PHOTO, 0.0, None)
    found = taken(settling, steps(0, 4, QUIET), lambda place: next(sizes))
    assert len(found) == 1
    assert min(found) >= 4 * QUIET


def test_a_burst_is_looked_at_few_times_and_only_where_it_was():
    settling = Settling()
    found, now = [], 0.0
    for number in range(4000):
        now += 0.01
        settling.file((1, b"new/%d.jpg" % number), now, False)
        if number % 20 == 0 and (scope := settling.take(now, lambda place: (1, 1))):
            found.append(scope)
    found += taken(settling, steps(now, now + 2)).values()
    assert 2 <= len(found) <= 6
    assert {folder for scope in found for folder in scope.folders} == {(1, b"new")}
    assert not any(scope.everything for scope in found)


def test_files_still_growing_are_named_when_their_folder_is_looked_at():
    settling = Settling()
    settling.file((1, b"a/whole.jpg"), 0.0, False)
    for now in steps(0, LONGEST + 1):
        settling.file((1, b"a/growing.jpg"), now, True)
        if scope := settling.take(now, lambda place: (1, 1)):
            assert scope.folders == {(1, b"a")}
            assert scope.growing == {(1, b"a/growing.jpg")}
            return
    pytest.fail("the whole one was never looked at")


def test_after_very_many_events_everything_is_looked_at_once():
    settling = Settling()
    for number in range(MANY + 1):
        settling.file((1, b"a/%d.jpg" % number), 0.0, False)
    found = list(taken(settling, steps(0, 2)).values())
    assert [scope.everything for scope in found] == [True]


def test_scopes_join():
    one = Scope(folders=frozenset({(1, b"a")}), growing=frozenset({PHOTO}))
    both = one.joined(Scope(trees=frozenset({(1, b"b")})))
    assert both == Scope(folders=frozenset({(1, b"a")}), trees=frozenset({(1, b"b")}))
    assert both.joined(Scope(everything=True)).everything
