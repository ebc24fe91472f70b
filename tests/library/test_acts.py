"""Acts: decisions, undo, redo, and that nothing is lost."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagger.core.decisions import Verdict, verdicts_of
from tagger.library.acts import UndoError
from tagger.library.catalog import CatalogError, bump_revision
from tagger.library.library import Library
from tagger.library.mirror import write_mirror
from tagger.library.scan import scan
from tagger.library.schema_edit import (
    SchemaError,
    add_group,
    add_label,
    delete_group,
    delete_label,
    merge_labels,
    rename_label,
    set_gate,
    set_parent,
)


def codes(library, label):
    return verdicts_of(library.facts.decisions.column(label, library.facts.slots)).tolist()


def same_as_reopened(library):
    """The arrays must say what the catalog says."""
    library.catalog.flush()
    with Library.open(library.places.home) as other:
        mine, theirs = library.facts.decisions.everything(), other.facts.decisions.everything()
        assert all((a == b).all() for a, b in zip(mine, theirs, strict=True))
        assert list(library.facts.schema.labels.values()) == list(
            other.facts.schema.labels.values()
        )
        for group in library.facts.schema.groups:
            slots = library.facts.slots
            assert (
                library.facts.reviews.column(group, slots)
                == other.facts.reviews.column(group, slots)
            ).all()


def test_a_decision_is_there_after_reopening(library, tags):
    draft = library.draft("Confirm dog")
    draft.decide(1, tags["dog"], Verdict.CONFIRMED, scores=0.9)
    draft.commit().saved.result()
    same_as_reopened(library)
    row = next(library.catalog.rows("SELECT verdict, source, score FROM decision"))
    assert row == (1, "person", 0.9)


def test_a_bulk_act_is_one_undo(library, tags):
    draft = library.draft("Confirm all", source="bulk")
    draft.decide(library.photos.by_name, tags["dog"], Verdict.CONFIRMED)
    draft.commit()
    assert sum(codes(library, tags["dog"])) == library.photos.count
    library.undo()
    assert sum(codes(library, tags["dog"])) == 0
    library.redo()
    same_as_reopened(library)
    assert sum(codes(library, tags["dog"])) == library.photos.count


def test_a_machine_never_turns_a_persons_verdict_around(library, tags):
    person = library.draft("No dog")
    person.decide([1, 2], tags["dog"], Verdict.REJECTED)
    person.commit()
    bulk = library.draft("Confirm all", source="bulk")
    bulk.decide([1, 2, 3], tags["dog"], Verdict.CONFIRMED)
    assert bulk.commit().conflicts == 2
    assert codes(library, tags["dog"])[1:4] == [2, 2, 1]
    told = library.draft("Confirm all anyway", source="bulk", override=True)
    told.decide([1, 2, 3], tags["dog"], Verdict.CONFIRMED)
    told.commit()
    assert codes(library, tags["dog"])[1:4] == [1, 1, 1]


def test_confirming_in_a_single_group_replaces_and_reviews(library, breeds):
    for name in ("Pug", "Husky"):
        draft = library.draft(name)
        draft.decide(1, breeds[name], Verdict.CONFIRMED)
        draft.commit()
    assert codes(library, breeds["Pug"])[1] == 0
    assert codes(library, breeds["Husky"])[1] == 1
    group = library.facts.schema.labels[breeds["Pug"]].group
    assert library.facts.reviews.column(group, library.facts.slots)[1] > 0
    same_as_reopened(library)


def test_an_older_act_is_not_undone_over_a_later_one(library, tags):
    for verdict in (Verdict.CONFIRMED, Verdict.REJECTED):
        draft = library.draft(f"Say {verdict.name}")
        draft.decide(1, tags["dog"], verdict)
        draft.commit().saved.result()
    older = library.acts()[1]
    with pytest.raises(UndoError, match="Say REJECTED"):
        library.undo(older.num)


def test_a_new_act_ends_redo(library, tags):
    draft = library.draft("One")
    draft.decide(1, tags["dog"], Verdict.CONFIRMED)
    draft.commit()
    library.undo()
    draft = library.draft("Two")
    draft.decide(2, tags["dog"], Verdict.CONFIRMED)
    draft.commit()
    with pytest.raises(UndoError, match="nothing to redo"):
        library.redo()


def test_undo_survives_a_restart(library, tags):
    draft = library.draft("Confirm")
    draft.decide(1, tags["dog"], Verdict.CONFIRMED)
    draft.commit().saved.result()
    with Library.open(library.places.home) as other:
        assert other.undo().act.description == "Confirm"
        assert len(other.facts.decisions) == 0
    assert library.changed_elsewhere().result()
    library.reload()
    assert len(library.facts.decisions) == 0


def test_a_write_of_ones_own_is_never_taken_for_anothers(library):
    answers = []
    for _ in range(50):
        library.catalog.write(bump_revision)
        answers.append(library.changed_elsewhere())
    assert not any(answer.result() for answer in answers)


def test_merging_keeps_decisions_id_and_name(library, tags):
    draft = library.draft("Both")
    draft.decide([1, 2], tags["dog"], Verdict.CONFIRMED)
    draft.decide([2, 3], tags["cat"], Verdict.REJECTED)
    draft.commit()
    old = library.facts.schema.labels[tags["cat"]]
    merge_labels(library, tags["cat"], tags["dog"])
    assert codes(library, tags["dog"])[1:4] == [1, 1, 2]
    assert library.facts.schema.label_by_id(old.id).num == tags["dog"]
    assert library.facts.schema.label_named(old.group, "cat").num == tags["dog"]
    same_as_reopened(library)
    library.undo()
    assert codes(library, tags["cat"])[1:4] == [0, 2, 2]
    same_as_reopened(library)


def test_deleting_and_undoing_a_group_brings_everything_back(library, breeds):
    draft = library.draft("Pug")
    draft.decide([1, 2], breeds["Pug"], Verdict.CONFIRMED)
    draft.commit()
    group = library.facts.schema.labels[breeds["Pug"]].group
    assert delete_group(library, group) == 2
    assert group not in library.facts.schema.groups
    library.undo()
    assert codes(library, breeds["Pug"])[1:3] == [1, 1]
    same_as_reopened(library)


def test_names_are_unique_in_their_group(library, tags):
    with pytest.raises(SchemaError, match="Merge"):
        rename_label(library, tags["dog"], "C a-t")
    group = library.facts.schema.labels[tags["dog"]].group
    with pytest.raises(SchemaError, match="already"):
        add_label(library, library.draft("x"), group, "DOG")
    with pytest.raises(SchemaError, match="letter"):
        add_group(library, library.draft("x"), " - ", "multi")


def test_parents_cannot_form_a_circle(library, tags):
    set_parent(library, tags["dog"], tags["animal"])
    with pytest.raises(SchemaError, match="itself"):
        set_parent(library, tags["animal"], tags["dog"])


KINDS = ("confirm", "reject", "unsure", "clear", "review", "merge", "rename", "delete")
KINDS += ("parent", "gate", "pug", "split")
NAMES = st.sampled_from(["dog", "cat", "animal"])
ACTS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(1, 5), NAMES), min_size=1, max_size=12
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ACTS)
def test_undo_all_returns_the_annotation_file_byte_for_byte(library, tags, breeds, acts):
    before_acts = done_acts(library)
    write_mirror(library.places, library.catalog)
    before = library.places.annotations.read_bytes()
    for kind, photo, name in acts:
        _do(library, kind, photo, name)
    write_mirror(library.places, library.catalog)
    while done_acts(library) > before_acts:
        library.undo()
    write_mirror(library.places, library.catalog)
    assert library.places.annotations.read_bytes() == before
    same_as_reopened(library)


def done_acts(library):
    return sum(act.state == "done" for act in library.acts(100_000))


def _do(library, kind, photo, name):
    schema = library.facts.schema
    group = schema.group_named("tags").num
    found = schema.label_named(group, name)
    label = found.num if found else add_and_commit(library, group, name)
    verdicts = {"confirm": 1, "reject": 2, "unsure": 3, "clear": 0}
    try:
        if kind in verdicts:
            draft = library.draft(kind)
            draft.decide(photo, label, Verdict(verdicts[kind]))
            draft.commit()
        elif kind == "review":
            draft = library.draft(kind)
            draft.review([photo], group)
            draft.commit()
        elif kind == "merge":
            other = schema.label_named(group, "dog" if name != "dog" else "cat")
            if other:
                merge_labels(library, label, other.num)
        elif kind == "rename":
            rename_label(library, label, f"{name} renamed")
        elif kind == "delete":
            delete_label(library, label)
        elif kind == "parent":
            other = schema.label_named(group, "animal")
            if other:
                set_parent(library, label, other.num)
        elif kind == "gate":
            set_gate(library, schema.group_named("breed").num, label)
        elif kind == "pug":
            draft = library.draft(kind)
            pug = schema.label_named(schema.group_named("breed").num, "Pug")
            draft.decide(photo, pug.num, Verdict.CONFIRMED)
            draft.commit()
        elif kind == "split":
            draft = library.draft(kind)
            draft.set_split([photo], ["val"])
            draft.commit()
    except SchemaError:
        pass


def add_and_commit(library, group, name):
    draft = library.draft(f"Add {name}")
    label = add_label(library, draft, group, name)
    draft.commit()
    return label.num


def test_a_kill_right_after_a_decision_loses_nothing(library, tags):
    home = str(library.places.home)
    label = tags["dog"]
    script = textwrap.dedent(
        f"""
        import os, signal
        from tagger.core.decisions import Verdict
        from tagger.library.library import Library
        library = Library.open({home!r})
        for slot in range(1, 6):
            draft = library.draft("kill test")
            draft.decide(slot, {label}, Verdict.CONFIRMED)
            draft.commit().saved.result(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    done = subprocess.run([sys.executable, "-c", script], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    with Library.open(home) as other:
        assert np.count_nonzero(other.facts.decisions.column(label, other.facts.slots)) == 5
        state = write_mirror(other.places, other.catalog)
        assert state.path.read_text().count('"confirmed": {"tags": ["dog"]}') == 5


def test_scanning_again_changes_nothing(library):
    found = scan(library)
    assert (found.new, found.changed, found.moved, found.vanished) == ([], [], [], 0)


def test_writing_after_closing_fails_instead_of_waiting(folder):
    library = Library.open(folder)
    library.close()
    with pytest.raises(CatalogError, match="closed"):
        library.catalog.write(lambda connection: None).result(5)
