"""Fine-tuning: the graph in torch is the graph, what is not labelled stays, the bundle is sound."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

from tagger.bundle.graph import load_model  # noqa: E402
from tagger.bundle.head_graph import backbone_of  # noqa: E402
from tagger.bundle.heads import head_logits, head_scores, read_heads  # noqa: E402
from tagger.bundle.spec import MODEL_FILE  # noqa: E402
from tagger.bundle.validate import validate_bundle  # noqa: E402
from tagger.core.preprocessing import Preprocessing  # noqa: E402
from tagger.core.targets import NEGATIVE, POSITIVE  # noqa: E402
from tagger.core.thresholds import logit  # noqa: E402
from tagger.imaging.model_input import model_input  # noqa: E402
from trainer.ancestry import shifted  # noqa: E402
from trainer.begin import begin  # noqa: E402
from trainer.deep.carried import logit_shifts  # noqa: E402
from trainer.deep.distillation import Distillation  # noqa: E402
from trainer.deep.graph_net import GraphNet, NotTrainable, same_padding  # noqa: E402
from trainer.deep.head_nets import FixedHead  # noqa: E402
from trainer.deep.plan import Plan, training_side  # noqa: E402
from trainer.deep.teach import split_for_choosing, start_heads  # noqa: E402
from trainer.nets.heads import HeadNet, HeadSettings  # noqa: E402
from trainer.nets.outputs import Outputs  # noqa: E402
from trainer.quick.task import make_task  # noqa: E402
from trainer.session import open_session  # noqa: E402


@pytest.fixture
def backbone(starter):
    return backbone_of(load_model(starter / MODEL_FILE))


def photos_of(test_data, count, side=224):
    paths = sorted((test_data / "scenes" / "images").iterdir())[:count]
    return np.stack([model_input(path, Preprocessing(side, side)) for path in paths])


@torch.no_grad()
def embeddings_by_torch(net, pixels):
    return net.eval()(torch.from_numpy(pixels)).numpy()


def test_the_graph_in_torch_gives_the_graphs_embeddings(backbone, test_data):
    pixels = photos_of(test_data, 4)
    ours = embeddings_by_torch(GraphNet(backbone, Preprocessing(224, 224)), pixels)
    theirs = open_session(backbone.SerializeToString())(pixels)["embedding"]
    assert np.abs(ours - theirs).max() <= 1e-4


def test_changed_weights_come_out_in_the_exported_graph(backbone, test_data):
    net = GraphNet(backbone, Preprocessing(96, 96))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1.02)
    exported = net.export()
    onnx.checker.check_model(exported)
    pixels = photos_of(test_data, 3, 96)
    run = open_session(exported.SerializeToString())
    ours = embeddings_by_torch(net, pixels)
    assert np.abs(ours - run(pixels)["embedding"]).max() <= 1e-4
    plain = embeddings_by_torch(GraphNet(backbone, Preprocessing(96, 96)), pixels)
    assert np.abs(ours - plain).max() > 0.01


def test_another_input_size_keeps_tensorflows_padding(backbone):
    net = GraphNet(backbone, Preprocessing(97, 97))
    side = 97
    for node in net.export().graph.node:
        if node.op_type == "Conv":
            given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            before, after = same_padding(side, given["kernel_shape"][0], given["strides"][0])
            assert given["pads"] == [before, before, after, after]
            side = -(-side // given["strides"][0])


def test_a_graph_with_unknown_steps_is_refused_in_a_sentence(backbone):
    backbone.graph.node[0].op_type = "Erf"
    with pytest.raises(NotTrainable, match="uses Erf"):
        GraphNet(backbone, Preprocessing(224, 224))


def test_fixed_heads_give_the_numbers_of_the_bundle(starter):
    rng = np.random.default_rng(0)
    embeddings = np.maximum(rng.normal(size=(6, 1280)), 0).astype(np.float32)
    heads = read_heads(starter)
    for head in heads:
        ours = FixedHead(head)(torch.from_numpy(embeddings)).numpy()
        np.testing.assert_allclose(ours, head_logits(head, embeddings), atol=2e-3)
    keep = Distillation(list(heads), embeddings, 1.0)
    rows, total = torch.arange(6), torch.tensor(6.0)
    kept = keep(Outputs(torch.from_numpy(embeddings), {}), rows, total)
    assert abs(float(kept)) < 1e-2, "nothing is lost where nothing has changed"
    moved = keep(Outputs(torch.from_numpy(embeddings[::-1].copy()), {}), rows, total)
    assert float(moved) > float(kept) + 0.1
    parts = [
        keep(Outputs(torch.from_numpy(embeddings[::-1][at : at + 3].copy()), {}), part, total)
        for at, part in ((0, rows[:3]), (3, rows[3:]))
    ]
    assert abs(float(sum(parts)) - float(moved)) < 1e-4, "the parts of a batch add up to it"


def test_labels_that_nobody_decides_are_suggested_as_often_as_before(scenes):
    with scenes.open() as library:
        start = begin(library, scenes.store)
    old = start.embeddings.read(start.dataset.slots).astype(np.float32)
    new = old * 0.7
    root = start.ancestry.root
    moved = shifted(root, logit_shifts(root, old, new))
    again = shifted(moved, dict.fromkeys(root.nums, 1.0))
    changed = 0
    for group in (group for group in root.spec.groups if group.kind == "multi"):
        thresholds = logit(np.array([label.default_threshold for label in group.labels]))
        before = head_logits(root.heads[group.id], old) >= thresholds
        known = before.any(axis=0) & ~before.all(axis=0)
        after = head_logits(moved.heads[group.id], new)
        assert ((after >= thresholds).sum(axis=0) == before.sum(axis=0))[known].mean() > 0.95
        drifted = (head_logits(root.heads[group.id], new) >= thresholds).sum(axis=0)
        changed += int((drifted != before.sum(axis=0))[known].sum())
        further = head_logits(again.heads[group.id], new)
        np.testing.assert_allclose(further, after + 1, atol=1e-4)
        torchs = FixedHead(again.heads[group.id])(torch.from_numpy(new)).numpy()
        np.testing.assert_allclose(torchs, further, atol=2e-3)
    assert changed > 5, "without it there would have been more or fewer"


def test_a_single_group_goes_on_suggesting_as_much_as_before(scenes):
    """Scenes show few clothes, so every garment is suggested from a lower share on."""
    with scenes.open() as library:
        start = begin(library, scenes.store)
    old = start.embeddings.read(start.dataset.slots).astype(np.float32)
    new = old * 0.7
    root = start.ancestry.root
    garment = next(group for group in root.spec.groups if group.name == "garment")
    low = tuple(replace(label, default_threshold=0.005) for label in garment.labels)
    garment = replace(garment, labels=low)
    root = replace(root, spec=replace(root.spec, groups=(garment,)))
    moved = shifted(root, logit_shifts(root, old, new))
    before, drifted, after = (
        suggested(model.heads[garment.id], embeddings, 0.005)
        for model, embeddings in ((root, old), (root, new), (moved, new))
    )
    assert before > 10, "there is something to lose"
    assert abs(after - before) <= 1 < abs(drifted - before)


def suggested(head, embeddings, threshold):
    return int((head_scores(head, embeddings).max(axis=1) >= threshold).sum())


def test_training_happens_at_a_smaller_size_that_is_never_too_small():
    assert training_side(224) == 176
    assert training_side(64) == 64
    assert training_side(32) == 32


def test_few_photos_take_small_steps_and_the_last_weights_are_kept():
    few, many, own = Plan().settings(26, 468), Plan().settings(1, 3400), Plan(batch=5)
    assert (few.batch, many.batch, own.settings(1, 3400).batch) == (16, 32, 5)
    assert few.keep == many.keep == "last"


def test_twins_are_not_torn_apart_by_the_part_kept_out(scenes):
    from tests.trainer.test_dataset import read

    with scenes.open() as library:
        dataset = read(library)
    dataset.twins[:] = dataset.twins // 10
    trained, kept_out = split_for_choosing(dataset)
    assert not set(dataset.twins[trained]) & set(dataset.twins[kept_out])
    assert 0.05 < len(kept_out) / (len(trained) + len(kept_out)) < 0.3
    assert dataset.trains[np.concatenate([trained, kept_out])].all()


def test_heads_start_from_those_photos_alone_that_the_backbone_sees(scenes):
    from tests.trainer.test_dataset import read

    with scenes.open() as library:
        dataset = read(library)
    seen, kept_out = split_for_choosing(dataset)
    tags = next(data for data in dataset.groups if data.group.name == "tags")
    task = make_task(dataset, tags, None).core()
    embeddings = np.random.default_rng(0).random((len(dataset), 24)).astype(np.float16)

    def started(changed):
        other = np.where(task.targets == POSITIVE, NEGATIVE, POSITIVE)
        rows = np.isin(task.rows, changed)[:, None]
        head = HeadNet(24, len(task.labels), HeadSettings())
        made = replace(task, targets=np.where(rows, other, task.targets).astype(np.int8))
        start_heads([head], [made], seen, embeddings)
        return head.layers[0].weight

    assert torch.equal(started([]), started(kept_out))
    assert not torch.equal(started([]), started(seen[:20]))


def report_of(place, result):
    return json.loads((place.data / "runs" / result["run"] / "report.json").read_text("utf-8"))


@pytest.mark.slow
def test_a_short_fine_tuning_makes_a_sound_bundle_in_a_space_of_its_own(bare, test_data):
    source = test_data / "scenes"
    bare.result("tagger", "import", bare.home, source / "annotations.json")
    bare.result("tagger", "import", bare.home, source / "split.csv")
    command = ("trainer", "fit", "--library", bare.home, "--epochs", 1)
    command += ("--size", 64, "--batch", 16, "--deterministic")
    result = bare.result(*command)
    launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", 2, "-m")
    shared = report_of(bare, bare.result(*launcher, *command))["training"]
    alone = report_of(bare, result)["training"]
    assert (alone["processes"], shared["processes"]) == (1, 2)
    for one, two in zip(alone["history"], shared["history"], strict=True):
        assert two["kept_out_loss"] == pytest.approx(one["kept_out_loss"], rel=1e-3)
    folder = bare.store.folder(result["bundle"])
    spec = validate_bundle(folder)
    parent = bare.store.get(spec.parent)
    assert spec.space_id != parent.space_id
    assert (spec.preprocessing.width, spec.preprocessing.height) == (64, 64)
    report = report_of(bare, result)
    for parity in (report["torch_parity"], report["parity"]):
        assert parity["largest_difference"] <= 1e-4
        assert parity["same_decisions"] == 1
    assert report["method"] == "deep"
    seen, trained = set(spec.dataset["fine_tuned_on"]), set(spec.dataset["fingerprints"])
    assert seen < trained, "15 % of the training photos are kept from the backbone"
    assert [line["epoch"] for line in report["training"]["history"]] == [0, 1]
    _use_and_retrain_quickly(bare, result, spec)


def _use_and_retrain_quickly(place, result, spec):
    """The new model suggests, and quick retraining goes on from it with the starter's knowledge."""
    place.run("tagger", "models", "use", result["bundle"], "--library", place.home)
    suggested = place.result("tagger", "suggest", place.home)
    assert suggested["done"] == 80, "another space: every photo is looked at anew"
    with place.open() as library:
        group = library.facts.schema.group_named("tags")
        desert = library.facts.schema.label_named(group.num, "desert")
        rows = library.catalog.rows("SELECT slot FROM photo WHERE split = 'train'")
        draft = library.draft("More")
        draft.decide([slot for (slot,) in rows][:5], desert.num, 1)
        draft.commit().saved.result()
    quick = place.result("trainer", "quick", "--library", place.home)
    child = place.store.get(quick["bundle"])
    assert child.space_id == spec.space_id
    assert set(child.dataset["fine_tuned_on"]) == set(spec.dataset["fine_tuned_on"])
    tags = next(g for g in child.groups if g.name == "tags")
    assert "dog" in {label.name for label in tags.labels}, "the starter's heads still fit"
    heads = {head.group: head for head in read_heads(place.store.folder(quick["bundle"]))}
    assert np.isfinite(head_scores(heads[tags.id], np.ones((1, 1280), np.float32))).all()
    assert child.producer["shifts"] == spec.producer["shifts"] != {}
