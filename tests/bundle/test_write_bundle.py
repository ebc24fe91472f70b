"""A bundle is written whole or not at all, and read back equal."""

import json
from dataclasses import replace

import bundle_makers as makers
import jsonschema
import numpy as np
import onnx
import pytest

import resources
from tagger.bundle.errors import BundleError
from tagger.bundle.graph import load_model
from tagger.bundle.heads import head_scores, read_heads
from tagger.bundle.read import read_bundle
from tagger.bundle.spec import BundleSpec
from tagger.bundle.validate import validate_bundle
from tagger.bundle.write import write_bundle


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "tiny"


def test_written_bundle_is_read_back_equal_and_valid(folder):
    written = makers.make(folder)
    assert read_bundle(folder) == written == validate_bundle(folder)
    assert written.embedding_size == makers.SIZE
    assert written.created.endswith("Z")
    assert (folder / "card.md").read_text() == "# Tiny\n"


def test_bundle_json_keeps_its_promised_schema(folder):
    makers.make(folder)
    schema = json.loads(resources_text("schemas/bundle-1.json"))
    data = json.loads((folder / "bundle.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(data, schema)
    data["groups"][0]["labels"][0]["default_threshold"] = 2
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema)


def test_heads_and_graph_of_a_bundle_agree(folder):
    makers.make(folder)
    pixels = np.random.default_rng(0).integers(
        0, 256, (4, makers.HEIGHT, makers.WIDTH, 3), np.uint8
    )
    outputs = makers.run_folder(folder)(pixels)
    for head in read_heads(folder):
        scores = head_scores(head, outputs["embedding"])
        assert np.abs(scores - outputs[f"scores/{head.group}"]).max() <= 1e-5


def test_same_content_gives_the_same_bundle_id(folder, tmp_path):
    assert makers.make(folder).bundle_id == makers.make(tmp_path / "again").bundle_id


def test_child_with_other_heads_shares_the_embedding_space(folder, tmp_path):
    parent = makers.make(folder)
    heads = [makers.mlp("g-tags", 5), *makers.heads()[1:]]
    child = makers.make(tmp_path / "child", heads=heads, backbone=load_model(folder / "model.onnx"))
    assert child.space_id == parent.space_id
    assert child.bundle_id != parent.bundle_id


@pytest.mark.parametrize("change", ["backbone", "preprocessing"])
def test_other_backbone_or_preprocessing_is_another_space(folder, tmp_path, change):
    parent = makers.make(folder)
    other = {
        "backbone": {"backbone": makers.backbone(1)},
        "preprocessing": {
            "spec": replace(
                makers.spec(), preprocessing=replace(makers.PREPROCESSING, interpolation="area")
            )
        },
    }[change]
    child = makers.make(tmp_path / "child", **other)
    assert child.space_id != parent.space_id
    assert child.bundle_id != parent.bundle_id


def test_label_order_is_part_of_the_bundle_id(folder, tmp_path):
    spec = makers.spec()
    tags = spec.groups[0]
    turned = replace(tags, labels=tags.labels[::-1])
    other = makers.make(tmp_path / "x", spec=replace(spec, groups=(turned, *spec.groups[1:])))
    assert other.bundle_id != makers.make(folder).bundle_id


def test_ids_do_not_depend_on_names_or_thresholds(folder, tmp_path):
    spec = replace(makers.spec(), name="Other", licence="")
    assert makers.make(tmp_path / "x", spec=spec).bundle_id == makers.make(folder).bundle_id


def test_failed_writing_leaves_the_old_bundle_and_no_litter(folder, monkeypatch):
    before = makers.make(folder)
    monkeypatch.setattr("tagger.bundle.write.write_golden", _disk_full)
    with pytest.raises(BundleError, match="cannot be written: No space left"):
        makers.make(folder, backbone=makers.backbone(1))
    assert validate_bundle(folder) == before
    assert [path.name for path in folder.parent.iterdir() if path.name != "user-data"] == ["tiny"]


def test_failed_rename_brings_the_old_bundle_back(folder, monkeypatch):
    before = makers.make(folder)
    rename = type(folder).rename

    def fail_for_new(path, target):
        if path.name.endswith(".new"):
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(type(folder), "rename", fail_for_new)
    with pytest.raises(BundleError, match="Permission denied"):
        makers.make(folder, backbone=makers.backbone(1))
    assert validate_bundle(folder) == before


def test_existing_bundle_is_replaced_whole(folder):
    makers.make(folder)
    (folder / "stale.txt").write_text("old")
    after = makers.make(folder, backbone=makers.backbone(1))
    assert validate_bundle(folder) == after
    assert not (folder / "stale.txt").exists()


def test_parts_that_do_not_fit_are_refused_before_anything_is_written(folder):
    with pytest.raises(BundleError, match=r"gives 4 scores, but bundle\.json lists 5 labels"):
        makers.make(folder, heads=[makers.linear("g-tags", 4), *makers.heads()[1:]])
    assert not folder.exists()


def test_golden_of_other_heads_is_refused(folder, tmp_path):
    from tagger.bundle.golden_files import read_golden

    spec = makers.make(tmp_path / "one")
    golden = read_golden(tmp_path / "one", spec)
    heads = [makers.linear("g-tags", 5), *makers.heads()[1:]]
    with pytest.raises(BundleError, match=r"the head of group tags is not the one in model"):
        write_bundle(folder, spec, load_model(tmp_path / "one/model.onnx"), heads, golden, "")


def test_unknown_fields_of_the_same_version_are_ignored(folder):
    spec = makers.make(folder)
    data = spec.to_json() | {"some_day": 1}
    assert BundleSpec.from_json(data) == spec


def test_reader_needs_neither_onnx_file_nor_runtime(folder):
    spec = makers.make(folder)
    (folder / "model.onnx").unlink()
    assert read_bundle(folder) == spec


def test_older_pixel_pipeline_does_not_share_embeddings(folder, monkeypatch):
    spec = makers.make(folder)
    monkeypatch.setattr("tagger.bundle.ids.PIPELINE_VERSION", 2)
    assert read_bundle(folder).space_id != spec.space_id


def test_bundle_runs_on_operator_sets_from_17_on(folder):
    makers.make(folder, backbone=makers.backbone(opset=17))
    model = onnx.load(folder / "model.onnx")
    assert model.opset_import[0].version == 17
    assert model.ir_version <= 10


def resources_text(name: str) -> str:
    from importlib.resources import files

    return (files(resources) / name).read_text(encoding="utf-8")


def _disk_full(*_args):
    raise OSError(28, "No space left on device")
