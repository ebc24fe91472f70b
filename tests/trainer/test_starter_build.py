"""The starter is assembled once, remade when its recipe changes, and old ones are kept."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from tagger.bundle.golden import check_golden
from tagger.bundle.heads import head_scores, read_heads
from tagger.bundle.store import BundleStore
from tagger.bundle.validate import validate_bundle
from tagger.imaging.model_input import model_input
from trainer.__main__ import main
from trainer.session import open_session
from trainer.starter import build, maps, weights
from trainer.starter.build import ensure_starter
from trainer.starter.checkpoint import CheckpointError


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """A folder of bundles with the starter in it."""
    folder = tmp_path_factory.mktemp("bundles")
    ensure_starter(folder)
    return folder


@pytest.fixture
def spec(bundles):
    return ensure_starter(bundles)


def test_the_bundle_is_valid_small_and_gives_its_golden_answers(bundles, spec):
    folder = BundleStore(bundles).folder(spec.bundle_id)
    assert validate_bundle(folder) == spec
    check_golden(folder, model_input, open_session((folder / "model.onnx").read_bytes()))
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 40e6


def test_it_has_the_three_groups_with_gates_and_fixed_ids(spec):
    tags, breed, garment = spec.groups
    assert [tags.id, breed.id, garment.id] == ["starter-tags", "starter-breed", "starter-garment"]
    assert [tags.kind, breed.kind, garment.kind] == ["multi", "single", "single"]
    assert (breed.gate, garment.gate) == ("starter-tags-dog", "starter-tags-clothing")
    assert len(breed.labels) == 121
    assert all(group.calibration == {"method": "none"} for group in spec.groups)


def test_the_card_says_that_scores_are_not_calibrated_and_names_the_licence(bundles, spec):
    card = (BundleStore(bundles).folder(spec.bundle_id) / "card.md").read_text("utf-8")
    assert "not calibrated" in card
    assert "Apache-2.0" in card
    assert spec.licence == "Apache-2.0"


@pytest.mark.slow
def test_graph_and_numpy_heads_agree_within_1e_4_on_real_photos(bundles, spec, test_data):
    folder = BundleStore(bundles).folder(spec.bundle_id)
    run = open_session((folder / "model.onnx").read_bytes())
    paths = [*sorted((test_data / "dogs" / "photos").glob("*.jpg"))[:8]]
    paths += [*sorted((test_data / "garments" / "photos").glob("*.jpg"))[:8]]
    outputs = run(np.stack([model_input(path, spec.preprocessing) for path in paths]))
    for head in read_heads(folder):
        scores = head_scores(head, outputs["embedding"])
        assert np.abs(scores - outputs[f"scores/{head.group}"]).max() <= 1e-4
    assert outputs["scores/starter-breed"].sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert (outputs["scores/starter-garment"].sum(axis=1) <= 1 + 1e-4).all()


def test_a_parent_never_scores_below_its_child(bundles, spec, test_data):
    folder = BundleStore(bundles).folder(spec.bundle_id)
    run = open_session((folder / "model.onnx").read_bytes())
    photos = sorted((test_data / "coco" / "photos").glob("*.jpg"))[:8]
    scores = run(np.stack([model_input(path, spec.preprocessing) for path in photos]))
    tags = spec.groups[0].labels
    columns = {label.id: at for at, label in enumerate(tags)}
    for at, label in enumerate(tags):
        if label.parent is not None:
            difference = (
                scores["scores/starter-tags"][:, columns[label.parent]]
                - scores["scores/starter-tags"][:, at]
            )
            assert difference.min() >= -1e-5, label.id


def test_a_second_call_finds_it_without_work(bundles, spec):
    steps = []
    again = ensure_starter(bundles, lambda step, share: steps.append(step))
    assert again == spec
    assert steps == []


def test_progress_is_told_from_nothing_to_all(tmp_path):
    told = []
    ensure_starter(tmp_path, lambda step, share: told.append((step, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert all(step for step, _ in told)


def test_a_damaged_starter_is_made_again(tmp_path):
    spec = ensure_starter(tmp_path)
    model = BundleStore(tmp_path).folder(spec.bundle_id) / "model.onnx"
    whole = model.read_bytes()
    model.write_bytes(whole[: len(whole) // 2])
    assert ensure_starter(tmp_path).bundle_id == spec.bundle_id
    assert model.read_bytes() == whole


def test_a_changed_map_makes_a_new_starter_and_keeps_the_old(bundles, spec, monkeypatch):
    def with_one_label_less(name: str) -> bytes:
        content = original(name)
        if name != "garment.json":
            return content
        data = json.loads(content)
        data["labels"].pop()
        return json.dumps(data).encode()

    original = maps.starter_file
    monkeypatch.setattr(maps, "starter_file", with_one_label_less)
    monkeypatch.setattr(build, "starter_file", with_one_label_less)
    changed = ensure_starter(bundles)
    assert changed.bundle_id != spec.bundle_id
    assert changed.space_id == spec.space_id
    ids = {other.bundle_id for other in BundleStore(bundles).list()}
    assert {changed.bundle_id, spec.bundle_id} <= ids
    monkeypatch.undo()
    assert ensure_starter(bundles).bundle_id == spec.bundle_id


def test_a_missing_package_is_one_clear_sentence(tmp_path, monkeypatch):
    facts = dataclasses.replace(weights.weights(), module="no_such_package_at_all")
    monkeypatch.setattr(weights, "weights", lambda: facts)
    with pytest.raises(CheckpointError, match=r"are not installed: the package efficientnet_lite0"):
        ensure_starter(tmp_path)
    assert BundleStore(tmp_path).list() == []


def test_assembling_needs_no_torch(tmp_path):
    code = (
        "import sys, pathlib\n"
        "from trainer.starter.build import ensure_starter\n"
        "ensure_starter(pathlib.Path(sys.argv[1]))\n"
        "assert not {'torch', 'torchvision', 'timm', 'sklearn', 'scipy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=120)


def test_command_prints_where_the_starter_lies_as_json(own_user_data, capsys):
    assert main(["starter", "--json"]) == 0
    first = capsys.readouterr()
    result = json.loads(first.out.splitlines()[-1])
    assert result["built"] is True
    assert result["seconds"] < 60
    assert validate_bundle(own_user_data / "bundles" / result["bundle"]).bundle_id
    assert "Laying the graph" in first.err
    fast = BundleStore(own_user_data / "bundles").get(result["fast"]["bundle"])
    assert fast.producer["variant"] == "fast"
    assert BundleStore(own_user_data / "bundles").default() == result["bundle"]
    assert main(["starter", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["built"] is False
