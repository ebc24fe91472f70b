"""What must be known of a foreign model to make a bundle of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

from tagger.bundle.errors import BundleError
from tagger.bundle.fields import Fields, as_number
from tagger.bundle.spec import Kind
from tagger.core.preprocessing import Fit, Interpolation

Layout = Literal["NCHW", "NHWC"]
Channels = Literal["RGB", "BGR"]
Output = Literal["logits", "probabilities"]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Category:
    """What becomes of the labels that a list puts into one category.

    Attributes:
        name: name of the group.
        kind: `multi` or `single`; None: as the whole model.
        threshold: default threshold of its labels; None: as the whole model.
    """

    name: str
    kind: Kind | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class ForeignModel:
    """One ONNX file, its label list, and how to use them; None means: find out.

    Attributes:
        onnx: the model.
        labels: the label list (see `foreign.labels.read_labels`).
        layout: order of the input's dimensions.
        channels: order of the colours the model was trained with.
        scale: what pixels 0 to 255 are multiplied with first.
        mean, std: then `(x - mean) / std`, in the order of `channels`.
        output: what comes out.
        kind: kind of the group, or of categories that do not say.
        group_name: name of the group where the list has no categories.
        threshold: default threshold where the list has none.
        fit, interpolation, resize_to, pad_color, antialias: as in `Preprocessing`.
        size: width and height of the input; needed only where the graph leaves it open.
        output_name: which output has the scores; needed only where several could.
        name: what the bundle is called; empty: from the file's name.
        categories: category of the list to its group; others are called as in the list.
        drop_categories: whether categories of the list are ignored: one group for all labels.
        licence, attribution, source: for the bundle's card.
    """

    onnx: Path
    labels: Path
    layout: Layout | None = None
    channels: Channels = "RGB"
    scale: float | None = None
    mean: Triple | None = None
    std: Triple | None = None
    output: Output | None = None
    kind: Kind | None = None
    group_name: str = "tags"
    threshold: float | None = None
    fit: Fit = "squash"
    interpolation: Interpolation = "bicubic"
    size: tuple[int, int] | None = None
    resize_to: int = 0
    pad_color: tuple[int, int, int] | None = (255, 255, 255)
    antialias: bool = True
    output_name: str | None = None
    name: str = ""
    categories: Mapping[str, Category] = field(default_factory=dict)
    drop_categories: bool = False
    licence: str = ""
    attribution: str = ""
    source: str = ""


OPTIONS = tuple(
    item.name for item in fields(ForeignModel) if item.name not in ("onnx", "labels", "categories")
)
"""Names of the options that a sidecar file or the command line may give."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "layout": get_args(Layout),
    "channels": get_args(Channels),
    "output": get_args(Output),
    "kind": get_args(Kind),
    "fit": get_args(Fit),
    "interpolation": get_args(Interpolation),
}
_LISTS = {"mean": 3, "std": 3, "size": 2, "pad_color": 3}


def with_options(foreign: ForeignModel, options: Mapping[str, Any], where: str) -> ForeignModel:
    """Return the model with options set over what was found by itself.

    Args:
        foreign: what was found.
        options: name (one of `OPTIONS`) to value; None means: leave as found.
        where: where the options come from, for messages (`adapter.json`).

    Raises:
        BundleError: an unknown option, or a value that makes no sense; names it.
    """
    given = {name: value for name, value in options.items() if value is not None}
    unknown = sorted(set(given) - set(OPTIONS))
    if unknown:
        raise BundleError(
            f"{where}: {unknown[0]} is not an option; there are: {', '.join(OPTIONS)}"
        )
    facts = Fields(dict(given), where)
    values = {name: _value(facts, name) for name in given}
    return replace(foreign, **values)


def _value(facts: Fields, name: str) -> Any:
    where = facts.path(name)
    if name in _CHOICES:
        return facts.choice(name, _CHOICES[name])
    if name in _LISTS:
        return _numbers(facts.data[name], where, _LISTS[name], whole=name in ("size", "pad_color"))
    if name == "scale":
        return facts.number(name, 1e-6, 1e6)
    if name == "threshold":
        return facts.number(name, 0.0, 1.0)
    if name == "resize_to":
        return facts.whole(name, 0)
    if name in ("antialias", "drop_categories"):
        return facts.flag(name)
    return facts.text(name)


def _numbers(value: Any, where: str, count: int, *, whole: bool) -> tuple[float, ...]:
    values = [value] * count if isinstance(value, (int, float)) else list(cast(Any, value or ()))
    if len(values) != count:
        raise BundleError(f"{where} needs {count} numbers")
    numbers = [as_number(item, where, -1e6, 1e6) for item in values]
    return tuple(int(number) if whole else number for number in numbers)
