"""Backbones out of timm and torchvision, and what their own configuration says of the input."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, cast

import timm
import torch
import torchvision
from torch import Tensor, nn

from tagger.core.errors import TaggerError
from tagger.core.preprocessing import Interpolation, Preprocessing

TORCHVISION = "torchvision/"
POOLS = ("own", "avg", "flatten")


class UnknownBackbone(TaggerError):
    """A name that neither timm nor torchvision knows, or a wish that it cannot fulfil."""


@dataclass(frozen=True)
class InputFacts:
    """What a backbone was trained on, from the configuration of its weights.

    Attributes:
        preprocessing: of photos.
        mean, std: of the three channels, for pixels from 0 to 1.
        url, hub: where its weights are published: an address, or `OWNER/NAME` on the hub.
        licence: of the weights, as their publisher names it.
    """

    preprocessing: Preprocessing
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    url: str = ""
    hub: str = ""
    licence: str = ""


class Body(nn.Module):
    """The layers of a backbone, and how its last map becomes one row of numbers.

    Attributes:
        net: the network of the library, without its classifier.
        pool: `own`, `avg` or `flatten`.
    """

    def __init__(self, net: nn.Module, pool: str) -> None:
        super().__init__()
        self.net, self.pool = net, pool

    def forward(self, x: Tensor) -> Tensor:
        """Return float [N, D] of normalised pixels [N, 3, H, W]."""
        if self.pool == "own":
            return self.net(x)
        features = cast(Any, self.net).forward_features(x)
        if features.dim() != 4:
            raise UnknownBackbone("This network has no map of features to pool: use pool 'own'.")
        if self.pool == "avg":
            return features.mean(dim=(2, 3))
        return torch.flatten(features, 1)


def make_body(model: str, size: tuple[int, int] | None, pool: str, drop_path: float = 0.0) -> Body:
    """Build a backbone with random weights.

    Args:
        model: a name of timm, or `torchvision/NAME`.
        size: (height, width) of the input in pixels, for networks that must know it.
        pool: one of `POOLS`.
        drop_path: stochastic depth, where the network has it.

    Raises:
        UnknownBackbone: nobody knows the name.
    """
    if pool not in POOLS:
        raise UnknownBackbone(f"'{pool}' is not a pooling: {', '.join(POOLS)}.")
    if model.startswith(TORCHVISION):
        if pool != "own":
            raise UnknownBackbone(f"{model} can only be pooled as it does itself ('own').")
        return Body(_torchvision_net(model.removeprefix(TORCHVISION)), pool)
    name = _timm_name(model)
    options: dict[str, Any] = {"num_classes": 0}
    accepted = inspect.signature(timm.model_entrypoint(name)).parameters
    if drop_path and "kwargs" in accepted:
        options["drop_path_rate"] = drop_path
    net = _sized(name, options, size)
    if pool != "own" and hasattr(net, "pre_logits"):
        net.pre_logits = nn.Identity()
    return Body(net, pool)


def _sized(name: str, options: dict[str, Any], size: tuple[int, int] | None) -> nn.Module:
    """Tell transformers the input size; networks that take any size refuse the word."""
    if size is not None:
        try:
            return timm.create_model(name, img_size=size, **options)
        except TypeError:
            pass
    return timm.create_model(name, **options)


def _torchvision_net(name: str) -> nn.Module:
    net = torchvision.models.get_model(name, weights=None)
    last = [path for path, module in net.named_modules() if isinstance(module, nn.Linear)]
    if not last:
        raise UnknownBackbone(f"torchvision's '{name}' has no classifier to take off.")
    parent, _, child = last[-1].rpartition(".")
    setattr(net.get_submodule(parent), child, nn.Identity())
    return net


def input_facts(model: str) -> InputFacts:
    """Return what the weights of a backbone want as input, from its own configuration."""
    if model.startswith(TORCHVISION):
        return _torchvision_facts(model.removeprefix(TORCHVISION))
    name = _timm_name(model)
    config = timm.get_pretrained_cfg(model) or timm.get_pretrained_cfg(name)
    known = config.to_dict() if config else {"input_size": (3, 224, 224)}
    data = timm.data.resolve_data_config(pretrained_cfg=known)
    _, height, width = data["input_size"]
    pad = data.get("crop_mode") == "border"
    preprocessing = Preprocessing(
        width=width,
        height=height,
        fit="pad" if pad else "crop",
        resize_to=0 if pad else int(min(width, height) / data["crop_pct"]),
        interpolation=_interpolation(data["interpolation"]),
    )
    return InputFacts(
        preprocessing,
        _three(data["mean"]),
        _three(data["std"]),
        url=str(config.url or "") if config else "",
        hub=(config.hf_hub_id or "") if config else "",
        licence=(config.license or "") if config else "",
    )


def _timm_name(model: str) -> str:
    """Return a name of timm without the tag of its weights."""
    name = model.partition(".")[0]
    if not timm.is_model(name):
        raise UnknownBackbone(
            f"There is no backbone '{model}': neither a preset, nor a name of timm, nor "
            f"'{TORCHVISION}NAME'."
        )
    return name


def _torchvision_facts(name: str) -> InputFacts:
    try:
        found: Any = cast(Any, torchvision.models.get_model_weights(name)).DEFAULT
    except ValueError:
        raise UnknownBackbone(f"torchvision has no backbone '{name}'.") from None
    wanted = found.transforms()
    side = wanted.crop_size[0]
    preprocessing = Preprocessing(
        width=side,
        height=side,
        fit="crop",
        resize_to=wanted.resize_size[0],
        interpolation=_interpolation(wanted.interpolation.value),
    )
    return InputFacts(preprocessing, _three(wanted.mean), _three(wanted.std), url=str(found.url))


def _interpolation(name: str) -> Interpolation:
    known: tuple[Interpolation, ...] = ("bilinear", "bicubic", "lanczos", "nearest")
    return next((word for word in known if word == name), "bicubic")


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
