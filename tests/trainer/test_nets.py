"""Backbones: their own preprocessing and weights, freezing, and a few real steps of each."""

import hashlib

import numpy as np
import pytest

pytest.importorskip("torch")

import safetensors.torch
import timm
import torch

from tagger.bundle.graph import load_model
from tagger.bundle.spec import MODEL_FILE
from tagger.core.preprocessing import Preprocessing
from tagger.imaging.model_input import model_input
from trainer.examples import multi_group, single_group
from trainer.loop.parameters import freeze, parts_of
from trainer.loop.settings import FitSettings, OptimiserSettings
from trainer.nets.backbone import open_backbone
from trainer.nets.bodies import UnknownBackbone, input_facts
from trainer.nets.heads import HeadSettings
from trainer.nets.net import make_net
from trainer.nets.presets import PRESETS
from trainer.nets.pretrained import WeightsError
from trainer.session import open_session

SMALL = "test_efficientnet.r160_in1k"
GROUPS = (
    multi_group("tags", ["a", "b", "c"], np.eye(3)),
    single_group("kind", ["x", "y"], np.array([0, 1, -1])),
)
SIDES = {"dinov2-s": 56, "vit-s": 32, "inception-resnet-v2": 96, "nasnet-large": 96}


def photos_of(test_data, count, side):
    paths = sorted((test_data / "scenes" / "images").iterdir())[:count]
    return np.stack([model_input(path, Preprocessing(side, side)) for path in paths])


@torch.no_grad()
def embedded(backbone, pixels):
    return backbone.eval()(torch.from_numpy(pixels)).numpy()


def test_lite0_out_of_its_package_gives_the_starters_embeddings(starter, test_data):
    backbone = open_backbone("efficientnet-lite0", fit="squash")
    assert backbone.origin.kind == "package"
    pixels = photos_of(test_data, 3, 224)
    theirs = open_session(load_model(starter / MODEL_FILE).SerializeToString())(pixels)
    assert np.abs(embedded(backbone, pixels) - theirs["embedding"]).max() < 2e-4


def test_lite2_out_of_its_package_sees_what_a_mirrored_photo_shows(test_data):
    backbone = open_backbone("efficientnet-lite2", fit="squash")
    assert backbone.origin.kind == "package"
    pixels = photos_of(test_data, 3, 260)
    once, mirrored = embedded(backbone, pixels), embedded(backbone, pixels[:, :, ::-1].copy())
    once, mirrored = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (once, mirrored))
    likeness = once @ mirrored.T
    assert (likeness.argmax(axis=1) == range(3)).all()
    assert likeness.diagonal().min() > 0.8


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_wants_photos_as_its_weights_were_trained(name):
    facts = input_facts(PRESETS[name].model)
    known = {
        "vgg16": (224, "bilinear", 0.485),
        "efficientnetv2-s": (300, "bicubic", 0.5),
        "inception-resnet-v2": (299, "bicubic", 0.5),
        "nasnet-large": (331, "bicubic", 0.5),
        "efficientnet-lite2": (260, "bicubic", 0.5),
    }
    side, filter_name, mean = known.get(name, (facts.preprocessing.width, None, facts.mean[0]))
    assert facts.preprocessing.width == facts.preprocessing.height == side
    assert facts.preprocessing.interpolation == (filter_name or facts.preprocessing.interpolation)
    assert facts.mean[0] == pytest.approx(mean)
    assert facts.preprocessing.resize_to >= side
    assert facts.licence
    assert facts.hub or facts.url


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"efficientnet-lite0"}))
def test_a_true_backbone_learns_for_two_steps(name, test_data):
    side = SIDES.get(name, 64)
    backbone = open_backbone(name, size=side, fit="squash", weights="none")
    net = make_net(backbone, GROUPS, seed=1)
    net.train()
    pixels = torch.from_numpy(photos_of(test_data, 3, side))
    optimiser = torch.optim.SGD(net.parameters(), 0.02)
    losses = []
    for _ in range(2):
        said = net(pixels)
        assert said.embedding.shape == (3, backbone.width)
        loss = torch.nn.functional.cross_entropy(said.logits["tags"], torch.arange(3))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.isfinite(losses).all()
    assert losses[1] != losses[0]
    assert set(backbone.depths()) == {key for key, _ in backbone.named_parameters()}
    assert set() < backbone.last_block() < set(backbone.depths())


def test_vgg16s_last_block_is_its_block5():
    backbone = open_backbone("vgg16", size=32, pool="flatten", weights="none")
    last = {name.removeprefix("body.net.") for name in backbone.last_block()}
    assert last == {f"features.{at}.{what}" for at in (24, 26, 28) for what in ("weight", "bias")}
    assert backbone.width == 512
    net = make_net(backbone, GROUPS, HeadSettings((128,), initial="he"))
    freeze(net, FitSettings(freeze="last-block"))
    trained = sum(p.numel() for p in net.backbone.parameters() if p.requires_grad)
    assert trained == 3 * (512 * 512 * 9 + 512)


def test_flattening_keeps_places_and_pooling_does_not():
    flat = open_backbone(SMALL, size=64, pool="flatten", weights="none")
    mean = open_backbone(SMALL, size=64, pool="avg", weights="none")
    assert flat.width == 4 * mean.width


def test_any_name_of_torchvision_will_do():
    backbone = open_backbone("torchvision/resnet18", size=64, weights="none")
    assert backbone.width == 512
    assert backbone.facts.url.endswith(".pth")
    assert all("layer4" in name for name in backbone.last_block())
    with pytest.raises(UnknownBackbone, match="resnet17"):
        open_backbone("torchvision/resnet17")


def test_an_unknown_name_is_refused_in_a_sentence():
    with pytest.raises(UnknownBackbone, match="no backbone 'vgg61'"):
        open_backbone("vgg61")
    with pytest.raises(UnknownBackbone, match="not a pooling"):
        open_backbone(SMALL, pool="most")


@pytest.fixture
def published():
    """A network of known weights, with the classifier that published files have."""
    torch.manual_seed(5)
    return timm.create_model("test_efficientnet", num_classes=7)


@pytest.mark.parametrize("form", ["pth", "safetensors", "wrapped", "prefixed"])
def test_weights_come_from_a_local_file(published, form, tmp_path, test_data):
    tensors = published.state_dict()
    path = tmp_path / ("weights.safetensors" if form == "safetensors" else "weights.pth")
    if form == "safetensors":
        safetensors.torch.save_file(tensors, path)
    elif form == "wrapped":
        torch.save({"epoch": 3, "state_dict": tensors}, path)
    elif form == "prefixed":
        torch.save({f"module.{name}": tensor for name, tensor in tensors.items()}, path)
    else:
        torch.save(tensors, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    backbone = open_backbone(SMALL, size=64, weights=str(path), sha256=digest[:16])
    assert backbone.origin.kind == "file"
    for name, tensor in backbone.body.net.state_dict().items():
        assert torch.equal(tensor, tensors[name])
    assert np.isfinite(embedded(backbone, photos_of(test_data, 2, 64))).all()


def test_a_file_that_is_not_the_expected_one_is_refused(published, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(published.state_dict(), path)
    with pytest.raises(WeightsError, match="is not the expected one"):
        open_backbone(SMALL, weights=str(path), sha256="0" * 64)
    with pytest.raises(WeightsError, match="cannot be read"):
        open_backbone(SMALL, weights=str(tmp_path / "gone.pth"))
    with pytest.raises(WeightsError, match="does not fit"):
        open_backbone("resnet18", weights=str(path))


def test_a_file_that_would_run_something_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("executed",)

    path = tmp_path / "evil.pth"
    torch.save({"weight": Evil()}, path)
    with pytest.raises(WeightsError, match="refused"):
        open_backbone(SMALL, weights=str(path))


def test_rates_fall_towards_the_photo_and_heads_have_their_own():
    net = make_net(open_backbone(SMALL, size=32, weights="none"), GROUPS)
    wanted = OptimiserSettings(rate=1e-3, head_rate=1e-2, depth_decay=0.5, decay=0.1)
    parts = parts_of(net, FitSettings(optimiser=wanted))
    rates = sorted({part.rate for part in parts}, reverse=True)
    assert rates[0] == 1e-2
    assert rates[1] == 1e-3
    assert rates[2] == pytest.approx(5e-4)
    assert sum(len(part.parameters) for part in parts) == len(list(net.parameters()))
    for part in parts:
        assert part.decay == (0.1 if part.parameters[0].dim() > 1 else 0)


def test_gradual_unfreezing_begins_with_the_heads_and_ends_with_the_stem():
    net = make_net(open_backbone(SMALL, size=32, weights="none"), GROUPS)
    parts = parts_of(net, FitSettings(freeze="gradual"))
    stem = next(iter(net.backbone.parameters()))
    joins = {id(p): part.joins for part in parts for p in part.parameters}
    assert joins[id(next(iter(net.heads.parameters())))] == 0
    assert joins[id(stem)] == max(joins.values()) == 0.5


def test_heads_start_the_same_for_the_same_seed_and_leave_the_generator_alone():
    backbone = open_backbone(SMALL, size=32, weights="none")
    before = torch.get_rng_state()
    first, second = (make_net(backbone, GROUPS, seed=3).heads for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    other = make_net(backbone, GROUPS, seed=4).heads
    same = [torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)]
    assert all(same)
    assert not torch.equal(next(iter(first.parameters())), next(iter(other.parameters())))
