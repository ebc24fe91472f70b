"""A trained network as a bundle: the graph answers as the network, and the store takes it."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from tagger.bundle.heads import head_scores, read_heads
from tagger.bundle.spec import MODEL_FILE
from tagger.bundle.validate import validate_bundle
from tagger.imaging.model_input import model_input
from trainer.examples import Examples, multi_group, single_group
from trainer.nets import export
from trainer.nets.backbone import open_backbone
from trainer.nets.export import Passport, export_bundle
from trainer.nets.heads import HeadSettings
from trainer.nets.net import make_net
from trainer.parity import ParityError, provider_agreements
from trainer.session import open_session, other_providers

PASSPORT = Passport("Trial", "# Trial\n", licence="MIT")


@pytest.fixture
def examples(test_data):
    paths = sorted((test_data / "scenes" / "images").iterdir())[:12]
    groups = (
        multi_group("my tags", ["sea", "sky", "tree"], np.eye(12)[:, :3]),
        single_group("season", ["summer", "winter"], np.arange(12) % 2),
    )
    return Examples(tuple(paths), groups, np.array(["train"] * 12))


@pytest.fixture
def net(examples):
    backbone = open_backbone(
        "test_efficientnet", size=64, fit="squash", pool="flatten", weights="none"
    )
    heads = {"my tags": HeadSettings((16,), 0.5, "he"), "season": HeadSettings()}
    return make_net(backbone, examples.groups, heads)


@pytest.mark.slow
@torch.no_grad()
def test_a_bundle_answers_as_the_network_did(net, examples, tmp_path):
    export_bundle(tmp_path / "b", net, examples, PASSPORT)
    spec = validate_bundle(tmp_path / "b")
    assert [group.name for group in spec.groups] == ["my tags", "season"]
    assert spec.groups[1].labels[0].positives == 6
    assert spec.preprocessing == net.preprocessing
    parity = spec.metrics["parity"]
    assert parity["largest_difference"] <= 1e-4
    assert parity["same_decisions"] == 1
    assert parity["photos"] == 12
    pixels = np.stack([model_input(path, spec.preprocessing) for path in examples.photos[:5]])
    outputs = open_session((tmp_path / "b" / MODEL_FILE).read_bytes())(pixels)
    said = net(torch.from_numpy(pixels))
    season = torch.softmax(said.logits["season"], 1).numpy()
    assert np.abs(outputs[spec.groups[1].output] - season).max() <= 1e-4
    for head in read_heads(tmp_path / "b"):
        theirs = head_scores(head, said.embedding.numpy())
        assert np.abs(outputs[f"scores/{head.group}"] - theirs).max() <= 1e-4


@pytest.mark.slow
def test_a_graph_that_answers_otherwise_is_not_written(net, examples, tmp_path, monkeypatch):
    whole = export.export_backbone

    def wrong(backbone):
        first = next(backbone.parameters())
        with torch.no_grad():
            first.mul_(1.5)
        made = whole(backbone)
        with torch.no_grad():
            first.div_(1.5)
        return made

    monkeypatch.setattr(export, "export_backbone", wrong)
    with pytest.raises(ParityError, match="differs by"):
        export_bundle(tmp_path / "b", net, examples, PASSPORT)
    assert not (tmp_path / "b").exists()


def test_every_gpu_provider_here_is_compared_with_the_processor(starter, examples):
    found, unobtained = provider_agreements(starter, examples.photos)
    assert len(found) + len(unobtained) == len(other_providers())
    for agreement in found:
        assert agreement.photos == 12
        assert agreement.decisions > 0.99
