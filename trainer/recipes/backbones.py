"""Which backbone a recipe runs on: the source's if its weights can be had, else a stand-in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tagger.core.preprocessing import Fit
from trainer.nets.backbone import Backbone, open_backbone
from trainer.nets.bodies import input_facts
from trainer.nets.presets import preset_for
from trainer.nets.pretrained import find_weights

STAND_IN = "efficientnet-lite0"


@dataclass(frozen=True)
class Choice:
    """A backbone and where its weights are from.

    Attributes:
        name: a preset, or a name of timm.
        weights: as `open_backbone` takes them.
        sha256: beginning of the hash that a weights file must have.
        source: the backbone that the source used.
    """

    name: str
    weights: str
    sha256: str = ""
    source: str = ""

    @property
    def stands_in(self) -> bool:
        """Whether it is another one than the source's."""
        return self.name != self.source

    @property
    def sentence(self) -> str:
        """What a report says of it."""
        if self.stands_in:
            return (
                f"{self.name} stands in for {self.source}, whose ImageNet weights are not on this "
                "machine: methods are compared on the same weights, not the source's figures."
            )
        where = "random numbers" if self.weights == "none" else "pretrained weights"
        return f"{self.name}, as in the source, starting from {where}."

    def open(self, size: int, *, pool: str = "", fit: Fit = "squash") -> Backbone:
        """Build it for photos of `size` pixels a side, with its weights."""
        return open_backbone(
            self.name, size=size, fit=fit, pool=pool, weights=self.weights, sha256=self.sha256
        )


def choose_backbone(source: str, backbone: str, weights: str, sha256: str) -> Choice:
    """Choose by what was asked for and what is there.

    Args:
        source: the backbone of the source.
        backbone: asked for, or "".
        weights: a file, `none`, `auto`; "" = auto.
        sha256: of a file, "" = not checked.
    """
    name = backbone or source
    if backbone or weights not in ("", "auto"):
        return Choice(name, weights or "auto", sha256, source)
    if _has_weights(source):
        return Choice(source, "auto", "", source)
    return Choice(STAND_IN, "auto", "", source)


@cache
def _has_weights(name: str) -> bool:
    preset = preset_for(name)
    return find_weights(preset, input_facts(preset.model), "auto", "") is not None
