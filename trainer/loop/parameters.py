"""Which parameters are trained, how fast each, and when it joins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer

from trainer.loop.settings import FitSettings, Norms, OptimiserSettings
from trainer.nets.net import Net

GRADUAL_SHARE = 0.5
"""Share of the training after which the last stage has joined."""


@dataclass(frozen=True)
class Part:
    """Parameters that go at one rate.

    Attributes:
        parameters: of this part.
        rate: largest learning rate.
        decay: weight decay.
        joins: share of the training from which on they are trained.
    """

    parameters: list[nn.Parameter]
    rate: float
    decay: float
    joins: float


def freeze(net: Net, settings: FitSettings) -> None:
    """Say of every parameter of the backbone whether it is trained."""
    backbone = cast(Any, net.backbone)
    trained = {
        "none": lambda name: True,
        "gradual": lambda name: True,
        "all": lambda name: False,
        "last-block": backbone.last_block().__contains__,
    }[settings.freeze]
    for name, parameter in net.backbone.named_parameters():
        parameter.requires_grad_(bool(trained(name)))


def set_modes(net: nn.Module, norms: Norms) -> None:
    """Put a network into training mode, statistics that must stay excepted."""
    net.train()
    for module in net.modules():
        if isinstance(module, _BatchNorm):
            fixed = module.weight is not None and not module.weight.requires_grad
            if norms == "frozen" or fixed:
                module.eval()


def parts_of(net: Net, settings: FitSettings) -> list[Part]:
    """Sort the trained parameters by rate, decay and the moment they join."""
    optimiser = settings.optimiser
    depths = cast(Any, net.backbone).depths()
    deepest = max(depths.values(), default=0)
    found: dict[tuple[float, float, float], list[nn.Parameter]] = {}
    for name, parameter in net.backbone.named_parameters():
        if parameter.requires_grad:
            above = deepest - depths[name]
            rate = optimiser.rate * optimiser.depth_decay**above
            joins = 0.0
            if settings.freeze == "gradual":
                joins = GRADUAL_SHARE * (above + 1) / (deepest + 1)
            key = (rate, _decay(parameter, optimiser), joins)
            found.setdefault(key, []).append(parameter)
    for parameter in net.heads.parameters():
        rate = optimiser.head_rate or optimiser.rate
        found.setdefault((rate, _decay(parameter, optimiser), 0.0), []).append(parameter)
    return [Part(parameters, *key) for key, parameters in found.items()]


def _decay(parameter: nn.Parameter, optimiser: OptimiserSettings) -> float:
    return optimiser.decay if parameter.dim() > 1 else 0.0


def make_optimiser(parts: list[Part], settings: OptimiserSettings) -> Optimizer:
    """Make the optimiser; rates are set before every step."""
    groups: list[dict[str, Any]] = [
        {"params": part.parameters, "lr": part.rate, "weight_decay": part.decay} for part in parts
    ]
    if settings.name == "sgd":
        return torch.optim.SGD(groups, momentum=settings.momentum, nesterov=settings.momentum > 0)
    if settings.name == "rmsprop":
        return torch.optim.RMSprop(
            groups, alpha=0.9, eps=settings.epsilon, momentum=settings.momentum
        )
    kind = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
    return kind(groups, eps=settings.epsilon)


def set_rates(optimiser: Optimizer, parts: list[Part], factor: float, share: float) -> None:
    """Set the rates of a step."""
    for group, part in zip(optimiser.param_groups, parts, strict=True):
        group["lr"] = part.rate * factor if share >= part.joins else 0.0
