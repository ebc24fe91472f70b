"""Keywords in photos become decisions once, and do not come back when removed."""

import shutil

import pytest

from tagger.core.decisions import Verdict
from tagger.library.keywords import KEYWORDS_GROUP, import_keywords, read_new_keywords
from tagger.library.library import Library
from tagger.library.scan import scan
from tagger.library.schema_edit import add_group, add_label


@pytest.fixture
def tagged(test_data, tmp_path):
    home = tmp_path / "xmp"
    shutil.copytree(test_data / "xmp", home)
    with Library.open(home) as library:
        scan(library)
        library.reload_photos()
        yield library


def confirmed(library, name):
    schema = library.facts.schema
    return {
        library.photos.path(int(photo)).decode()
        for label in schema.labels.values()
        if label.name == name
        for photo in library.facts.decisions.of_label(label.num)[0]
    }


def test_keywords_come_in_as_imports(tagged):
    import_keywords(tagged, read_new_keywords(tagged))
    assert confirmed(tagged, "Ladybug") == {"ladybug.jpg"}
    assert confirmed(tagged, "RIGHT1of2-XMP-Keywords") == {"iptc-xmp-differ.jpg"}
    group = tagged.facts.schema.group_named(KEYWORDS_GROUP)
    assert not group.learned
    assert {row[0] for row in tagged.catalog.rows("SELECT source FROM decision")} == {
        "import:keywords"
    }


def test_a_keyword_goes_to_the_label_of_that_name(tagged):
    draft = tagged.draft("schema")
    group = add_group(tagged, draft, "tags", "multi")
    add_label(tagged, draft, group.num, "Insect", synonyms=["ladybug"])
    draft.commit()
    import_keywords(tagged, read_new_keywords(tagged))
    assert confirmed(tagged, "Insect") == {"ladybug.jpg"}


def test_an_undone_or_removed_keyword_does_not_come_back(tagged):
    import_keywords(tagged, read_new_keywords(tagged))
    tagged.undo()
    assert read_new_keywords(tagged) == []
    everything = tagged.photos.by_name.tolist()
    assert import_keywords(tagged, read_new_keywords(tagged, everything)) is None
    assert len(tagged.facts.decisions) == 0


def test_a_person_is_not_contradicted_by_a_keyword(tagged):
    draft = tagged.draft("schema")
    group = add_group(tagged, draft, "tags", "multi")
    label = add_label(tagged, draft, group.num, "Ladybug")
    draft.commit()
    slot = next(s for s in tagged.photos.by_name.tolist()
                if tagged.photos.path(s) == b"ladybug.jpg")  # fmt: skip
    draft = tagged.draft("no ladybug")
    draft.decide(slot, label.num, Verdict.REJECTED)
    draft.commit()
    act = import_keywords(tagged, read_new_keywords(tagged))
    assert act.conflicts == 1
    tagged.catalog.flush()
    assert tagged.catalog.value("SELECT verdict FROM decision WHERE photo = ?", (slot,)) == 2
