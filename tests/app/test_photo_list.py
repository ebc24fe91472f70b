"""Which photos are on show, in which order, and that they stand still."""

import numpy as np
from app_libraries import write_scores

from tagger.app.models.filters import Filter, PhotoState
from tagger.app.models.ordering import Order, SortBy, natural_key
from tagger.core.states import State


def label(desk, name):
    schema = desk.session.library.facts.schema
    return next(each.num for each in schema.labels.values() if each.name == name)


def names(desk):
    photos = desk.session.library.photos
    return [photos.path(int(slot)).decode() for slot in desk.photos.order]


def test_names_sort_as_people_count():
    paths = [b"img 10.jpg", b"img 9.jpg", b"IMG 1.jpg", b"b/2.jpg", b"b/010.jpg"]
    order = sorted(paths, key=natural_key)
    assert order == [b"b/2.jpg", b"b/010.jpg", b"IMG 1.jpg", b"img 9.jpg", b"img 10.jpg"]


def test_the_list_begins_with_all_photos_in_natural_order(desk):
    assert len(desk.photos) == 12
    assert names(desk) == sorted(names(desk), key=lambda name: natural_key(name.encode()))


def test_filter_by_label_and_its_states(desk, answers):
    dog = label(desk, "dog")
    desk.set_filter(Filter(label=dog))
    assert len(desk.photos) == 4
    desk.set_filter(Filter(label=dog, label_states=frozenset({State.CONFIRMED})))
    assert len(desk.photos) == 0
    desk.set_filter(Filter(label=dog))
    desk.selection.choose(int(desk.photos.order[0]))
    answers.toggle(dog)
    desk.set_filter(Filter(label=dog, label_states=frozenset({State.CONFIRMED})))
    assert len(desk.photos) == 1


def test_filter_by_state_of_the_photo(desk, answers):
    counts = {}
    desk.selection.choose(int(desk.photos.order[0]))
    answers.confirm()
    desk.chores.finish()
    for state in PhotoState:
        desk.set_filter(Filter(state))
        counts[state] = len(desk.photos)
    assert counts[PhotoState.ALL] == 12
    assert counts[PhotoState.REVIEWED] == 1
    assert counts[PhotoState.UNREVIEWED] == 11
    assert counts[PhotoState.SUGGESTED] == 7
    assert counts[PhotoState.UNSEEN] == 11
    assert counts[PhotoState.AUDIT] == 0


def test_filter_by_group_shows_what_is_suggested_or_confirmed_in_it(desk):
    breed = desk.session.library.facts.schema.group_named("breed")
    desk.set_filter(Filter(group=breed.num))
    assert len(desk.photos) == 4, "the gate is open only where a dog is suggested"


def test_sort_by_one_labels_score_best_first_and_reversed(desk):
    library = desk.session.library
    scores = np.linspace(0.05, 0.95, 12, dtype=np.float32)
    tags = np.full((12, 6), 0.1, np.float32)
    tags[:, 3] = scores
    write_scores(library, library.bundle, {"tags": tags, "breed": np.full((12, 12), 0.01)})
    by_name = library.photos.by_name.tolist()
    beach = label(desk, "beach")
    desk.set_sort(Order(SortBy.SCORE, label=beach))
    assert desk.photos.order.tolist() == by_name[::-1]
    desk.set_sort(Order(SortBy.SCORE, reverse=True, label=beach))
    assert desk.photos.order.tolist() == by_name


def test_sort_by_date(desk):
    taken = desk.session.library.photos.taken
    desk.set_sort(Order(SortBy.DATE))
    assert (np.diff(taken[desk.photos.order]) >= 0).all()


def test_a_photo_that_no_longer_matches_stays_dimmed_until_refreshed(desk, answers):
    dog = label(desk, "dog")
    desk.set_filter(Filter(label=dog))
    first = int(desk.photos.order[0])
    desk.selection.choose(first)
    answers.reject(dog)
    assert desk.photos.order[0] == first
    assert desk.photos.dimmed[first]
    assert desk.photos.dimmed.sum() == 1
    desk.refresh()
    assert not desk.photos.shows(first)
    assert desk.selection.current == desk.photos.order[0], "the next one took its place"


def test_photos_that_match_only_now_are_announced_and_wait_for_refresh(desk, answers):
    cat = label(desk, "cat")
    desk.set_filter(Filter(label=cat, label_states=frozenset({State.CONFIRMED})))
    slot = int(desk.session.library.photos.by_name[1])
    draft = desk.session.library.draft("elsewhere")
    draft.decide(slot, cat, 1)
    desk.session.act(draft)
    assert (len(desk.photos), desk.photos.arriving) == (0, 1)
    desk.refresh()
    assert (len(desk.photos), desk.photos.arriving) == (1, 0)


def test_a_subfolder_is_a_filter(desk, photos_folder):
    library = desk.session.library
    (photos_folder / "trip").mkdir()
    some = sorted(photos_folder.glob("*.jp*g"))[:3]
    for path in some:
        path.rename(photos_folder / "trip" / path.name)
    from tagger.library.scan import scan

    scan(library)
    desk.session.take_photos(desk.session.read_photos())
    desk.set_filter(Filter(folder=b"trip"))
    assert sorted(names(desk)) == sorted(f"trip/{path.name}" for path in some)


def test_unseen_is_remembered_over_a_restart(desk, photos_folder):
    from tagger.app.models.session import Session

    desk.session.note_seen(int(desk.photos.order[0]))
    desk.session.write_seen()
    desk.session.library.catalog.write(lambda connection: None).result()
    again = Session(desk.session.library)
    assert again.seen.sum() == 1
