"""A backbone as everything here uses it: uint8 photos in, one row of numbers each out."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from typing import Any, cast

import timm
import torch
from torch import Tensor, nn

from tagger.core.preprocessing import Fit, Preprocessing
from trainer.nets.bodies import Body, InputFacts, input_facts, make_body
from trainer.nets.presets import Preset, preset_for
from trainer.nets.pretrained import Origin, find_weights, load_weights


class Backbone(nn.Module):
    """uint8 photos [N, H, W, 3] to embeddings float [N, D]; normalisation is inside.

    Attributes:
        name: as it was asked for.
        preprocessing: from a photo to its input.
        width: D.
        origin: where its weights are from.
        facts: of the configuration of its weights.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, name: str, body: Body, facts: InputFacts, preset: Preset, origin: Origin
    ) -> None:
        super().__init__()
        self.name, self.body, self.facts, self.preset = name, body, facts, preset
        self.origin = origin
        self.preprocessing = facts.preprocessing
        scaled = (torch.tensor(values).view(1, 3, 1, 1) * 255 for values in (facts.mean, facts.std))
        for key, value in zip(("mean", "std"), scaled, strict=True):
            self.register_buffer(key, value, persistent=False)
        self.width = self._measured_width()

    def forward(self, images: Tensor) -> Tensor:
        """Return embeddings of uint8 [N, H, W, 3]."""
        x = images.permute(0, 3, 1, 2).float()
        return self.body((x - self.mean) / self.std)

    @torch.no_grad()
    def _measured_width(self) -> int:
        self.eval()
        sides = (1, self.preprocessing.height, self.preprocessing.width, 3)
        return int(self(torch.zeros(sides, dtype=torch.uint8)).shape[1])

    def depths(self) -> dict[str, int]:
        """Return the depth of every parameter by name: 0 = next to the photo."""
        return {f"body.net.{name}": at for name, at in net_depths(self.body.net).items()}

    def last_block(self) -> set[str]:
        """Return the names of the parameters of the last block."""
        depths = self.depths()
        wanted = self.preset.last_block
        if wanted:
            starts = tuple(f"body.net.{start}" for start in wanted)
            return {name for name in depths if name.startswith(starts)}
        return {name for name, at in depths.items() if at == max(depths.values())}


def open_backbone(
    name: str,
    *,
    size: int = 0,
    fit: Fit | None = None,
    pool: str = "",
    weights: str = "auto",
    sha256: str = "",
    drop_path: float = 0.0,
) -> Backbone:
    """Build a backbone and load its weights.

    Args:
        name: a preset (`trainer.nets.presets`), a name of timm, or `torchvision/NAME`.
        size: side of the input in pixels; 0 = what its weights were trained on.
        fit: how a photo is brought to that size, if not as its weights want it.
        pool: `avg`, `flatten` or `own`, if not the preset's.
        weights: `auto` (installed package, else the hub where it can be reached, else none),
            `none` (random numbers), or the path of a file.
        sha256: that the file must have, hexadecimal, or its beginning; "" = not checked.
        drop_path: stochastic depth, where the network has it.

    Raises:
        UnknownBackbone: nobody knows the name.
        WeightsError: the weights asked for cannot be read or do not fit.
    """
    preset = preset_for(name)
    facts = input_facts(preset.model)
    body_size = size or preset.size or facts.preprocessing.width
    facts = replace(facts, preprocessing=_resized(facts.preprocessing, body_size, fit))
    body = make_body(preset.model, (body_size, body_size), pool or preset.pool, drop_path)
    found = find_weights(preset, facts, weights, sha256)
    if found is None:
        if weights != "none":
            warnings.warn(
                f"No weights of {name} can be had here; it starts from random numbers.",
                stacklevel=2,
            )
        return Backbone(name, body, facts, preset, Origin("none"))
    mean, std = load_weights(body.net, found)
    if mean is not None and std is not None:
        facts = replace(facts, mean=mean, std=std)
    return Backbone(name, body, facts, preset, found)


def _resized(spec: Preprocessing, size: int, fit: Fit | None) -> Preprocessing:
    """Keep the share that a centre crop cuts off."""
    cut = round(spec.resize_to * size / spec.width) if spec.resize_to else 0
    made = replace(spec, width=size, height=size, resize_to=cut)
    return replace(made, fit=fit, resize_to=cut if fit == "crop" else 0) if fit else made


def net_depths(net: nn.Module) -> dict[str, int]:
    """Return the depth of each parameter of a network, stage by stage.

    timm's networks say it themselves; of others the order of their modules is taken.
    """
    if hasattr(net, "group_matcher"):
        matcher = cast(Any, net).group_matcher(coarse=True)
        found: dict[str, int] = timm.models.group_parameters(net, matcher, reverse=True)
        places = {depth: at for at, depth in enumerate(sorted(set(found.values())))}
        return {name: places[found[name]] for name, _ in net.named_parameters()}
    stages: dict[str, int] = {}
    depths = {}
    for name, _ in net.named_parameters():
        stage = re.match(r"(?:features\.|encoder\.layers\.)?[^.]+", name)
        depths[name] = stages.setdefault(stage[0] if stage else name, len(stages))
    return depths
