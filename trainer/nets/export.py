"""A trained network as a bundle: one ONNX graph from uint8 photos to embedding and scores."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from tagger.bundle.graph import EMBEDDING, INPUT
from tagger.bundle.head_graph import attach_heads
from tagger.bundle.heads import Head
from tagger.bundle.spec import BundleGroup, BundleLabel, BundleSpec
from tagger.bundle.write import make_bundle
from tagger.imaging.model_input import model_input
from trainer.examples import Examples, GroupExamples
from trainer.loop.predict import probabilities
from trainer.nets.heads import HeadNet
from trainer.nets.net import Net
from trainer.parity import Agreement, agreement_of
from trainer.session import open_session

OPSET = 18


@dataclass(frozen=True)
class Passport:
    """What a bundle says of itself beside what it computes.

    Attributes:
        name: what people call it.
        card: text of card.md.
        licence, attribution: of the weights it was made from.
        metrics, dataset, producer: plain JSON values.
        thresholds: by group name, one per label; 0.5 where left out.
    """

    name: str
    card: str
    licence: str = ""
    attribution: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    dataset: dict[str, Any] = field(default_factory=dict)
    producer: dict[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)


def export_backbone(backbone: nn.Module) -> onnx.ModelProto:
    """Return the graph `image` uint8 [N, H, W, 3] → `embedding` float32 [N, D]."""
    spec = cast(Any, backbone).preprocessing
    backbone = backbone.cpu().eval()
    sample = torch.zeros((2, spec.height, spec.width, 3), dtype=torch.uint8)
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        program = torch.onnx.export(
            backbone,
            (sample,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[EMBEDDING],
            dynamic_shapes=({0: torch.export.Dim("N")},),
            verbose=False,
        )
    finally:
        logger.setLevel(level)
    assert program is not None
    return program.model_proto


def bundle_head(head: nn.Module, group: GroupExamples, identifier: str) -> Head:
    """Return a trained head as the numbers of a bundle.

    Args:
        head: a `HeadNet`.
        group: whose it is.
        identifier: id of the group in the bundle.
    """
    assert isinstance(head, HeadNet)
    arrays: dict[str, NDArray[Any]] = {}
    layers = [cast(nn.Linear, layer) for layer in head.layers]
    for at, layer in enumerate(layers):
        weight = layer.weight.detach().cpu().numpy().T.copy()
        bias = layer.bias.detach().cpu().numpy().copy()
        if len(layers) == 1:
            arrays |= {"weight": weight, "bias": bias}
        else:
            arrays |= {f"w{at}": weight, f"b{at}": bias}
    kind = "linear" if len(layers) == 1 else "mlp"
    return Head(identifier, cast(Any, kind), "identity", group.kind, arrays)


def bundle_groups(examples: Examples, passport: Passport, part: str) -> list[BundleGroup]:
    """Describe the groups; ids follow from their places, positives are those of a part."""
    rows = examples.rows(part)
    return [
        _group(f"g{at}", group.only(rows), passport.thresholds.get(group.name))
        for at, group in enumerate(examples.groups)
    ]


def _group(
    identifier: str, group: GroupExamples, thresholds: NDArray[np.floating] | None
) -> BundleGroup:
    cuts = np.full(len(group.labels), 0.5) if thresholds is None else thresholds
    labels = tuple(
        BundleLabel(f"{identifier}-{at}", name, default_threshold=float(cut), positives=int(count))
        for at, (name, cut, count) in enumerate(zip(group.labels, cuts, group.support, strict=True))
    )
    return BundleGroup(identifier, group.name, group.kind, labels)


def export_bundle(
    folder: Path, net: Net, examples: Examples, passport: Passport, part: str = "train"
) -> BundleSpec:
    """Write a network as a bundle and prove that it answers as it did in torch.

    Args:
        folder: where it goes.
        net: the network; it ends on the processor.
        examples: whose groups its heads have; the first photos are used for the proof.
        passport: the rest.
        part: that it was trained on.

    Raises:
        ParityError: the graph does not answer as the network; nothing is written then.
        BundleError: the parts do not fit, or the folder cannot be written.
    """
    net = net.cpu().eval()
    groups = bundle_groups(examples, passport, part)
    heads = [
        bundle_head(head, group, described.id)
        for head, group, described in zip(net.heads, examples.groups, groups, strict=True)
    ]
    backbone = export_backbone(net.backbone)
    parity = net_agreement(net, attach_heads(backbone, heads), examples, groups)
    parity.must_hold()
    spec = BundleSpec(
        name=passport.name,
        preprocessing=net.preprocessing,
        groups=tuple(groups),
        embedding_size=int(cast(Any, net.backbone).width),
        metrics=passport.metrics | {"parity": parity.to_json()},
        dataset=passport.dataset,
        producer=passport.producer,
        licence=passport.licence,
        attribution=passport.attribution,
    )
    return make_bundle(folder, spec, backbone, heads, passport.card, model_input, open_session)


@torch.no_grad()
def net_agreement(
    net: Net, model: onnx.ModelProto, examples: Examples, groups: list[BundleGroup]
) -> Agreement:
    """Compare scores by torch with those of the graph, on real photos."""
    named = {described.output: described for described in groups}
    kinds = {
        described.output: group for described, group in zip(groups, examples.groups, strict=True)
    }

    def by_torch(pixels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        said = net(torch.from_numpy(pixels))
        return {
            output: probabilities(said.logits[group.name].numpy(), group.kind)
            for output, group in kinds.items()
        }

    run = open_session(model.SerializeToString())
    return agreement_of(by_torch, run, named, examples.photos, net.preprocessing)
