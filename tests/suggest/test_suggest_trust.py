"""A bundle that does not answer as it must is refused, on the real pipeline of the child."""

import json
import shutil

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tagger.suggest.blocking import run_suggest
from tagger.suggest.client import SuggesterError
from tagger.suggest.remembered import FILE, recall, remember


@pytest.fixture
def copy(starter, tmp_path):
    """A copy of the real starter, to be tampered with."""
    return shutil.copytree(starter, tmp_path / "tampered")


def edit(folder, change):
    path = folder / "bundle.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def swap_channels(folder):
    """Make the graph read BGR, as if the pictures came in wrong."""
    model = onnx.load(folder / "model.onnx")
    flip = numpy_helper.from_array(np.array([2, 1, 0], np.int64), "flip")
    model.graph.initializer.append(flip)
    for node in model.graph.node:
        node.input[:] = ["flipped" if name == "image" else name for name in node.input]
    model.graph.node.insert(0, helper.make_node("Gather", ["image", "flip"], ["flipped"], axis=3))
    onnx.save(model, folder / "model.onnx")


def other_resize(folder):
    edit(folder, lambda data: data["preprocessing"].update(interpolation="nearest"))


def other_fit(folder):
    edit(folder, lambda data: data["preprocessing"].update(fit="crop"))


def swap_labels(folder):
    def swap(data):
        labels = data["groups"][0]["labels"]
        labels[3], labels[4] = labels[4], labels[3]

    edit(folder, swap)


def swap_names(folder):
    def swap(data):
        one, two = data["groups"][0]["labels"][3:5]
        one["name"], two["name"] = two["name"], one["name"]

    edit(folder, swap)


def cut_model(folder):
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:100_000])


def no_golden(folder):
    shutil.rmtree(folder / "golden")


TAMPERINGS = [
    swap_channels,
    other_resize,
    other_fit,
    swap_labels,
    swap_names,
    cut_model,
    no_golden,
]


@pytest.mark.slow
def test_a_tampered_bundle_is_refused_before_it_writes_anything(make_library, copy, starter):
    home = make_library(3)
    assert run_suggest(home, copy).done == 3, "it works before"
    for tamper in TAMPERINGS:
        shutil.rmtree(home / ".tagger" / "cache")
        shutil.rmtree(copy)
        tamper(shutil.copytree(starter, copy))
        with pytest.raises(SuggesterError) as caught:
            run_suggest(home, copy)
        assert "Traceback" not in str(caught.value), tamper.__name__
        assert len(str(caught.value)) < 500, tamper.__name__
        written = {path.name for path in (home / ".tagger" / "cache").rglob("*.bin")}
        assert written <= {"in-flight.bin"}, "which says what is being decoded, and is empty"


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (swap_channels, "swapped channels"),
        (other_resize, "resize filter"),
        (swap_labels, "swapped or reordered"),
    ],
)
def test_the_golden_check_itself_notices(copy, tamper, words, monkeypatch):
    """Also where the ids were made to fit: the check does not rely on them."""
    from tagger.bundle.errors import GoldenMismatch
    from tagger.suggest import workplace

    tamper(copy)
    monkeypatch.setattr(workplace, "ensure_valid", lambda *arguments: None)
    with pytest.raises(GoldenMismatch, match=words):
        workplace.open_model(copy, "auto", lambda: False)


def test_a_check_that_passed_is_not_repeated_until_a_file_changes(copy, monkeypatch):
    import tagger.bundle.golden
    from tagger.suggest.workplace import open_model

    checked = []
    real = tagger.bundle.golden.check_golden
    monkeypatch.setattr(
        tagger.bundle.golden,
        "check_golden",
        lambda *arguments: (checked.append(1), real(*arguments)),
    )
    for _ in range(2):
        open_model(copy, "auto", lambda: False)
    assert len(checked) == 1
    edit(copy, lambda data: data.update(name="Another name"))
    open_model(copy, "auto", lambda: False)
    assert len(checked) == 2


def test_a_run_after_the_check_has_passed_still_notices_a_change(make_library, copy, talk):
    home, one = make_library(3), talk()
    one.client.start(home, copy)
    one.wait("finished")
    swap_labels(copy)
    one.client.start(home, copy)
    assert "label" in one.wait("error")["message"]


def test_what_is_remembered_survives_and_damage_is_forgotten(own_user_data):
    assert recall("plans", "a") is None
    remember("plans", "a", {"batch": 8})
    assert recall("plans", "a") == {"batch": 8}
    for content in ("{", "[]", '{"plans": 3}'):
        (own_user_data / FILE).write_text(content)
        assert recall("plans", "a") is None
    remember("plans", "a", 1)
    assert recall("plans", "a") == 1
