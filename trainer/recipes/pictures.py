"""Pictures of a run: how often labels occur, what a network is made of, predicted beside true."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import nn

from tagger.imaging.decode import Source, read_photo
from tagger.imaging.problems import PhotoProblem

NOTHING = "no predictions"

_WHITE, _INK, _FAINT, _BAR = (255, 255, 255), (32, 36, 40), (150, 156, 162), (66, 118, 181)
_ROW, _NAMES, _WIDTH, _PAD = 22, 220, 900, 16
_THUMBNAIL = 220


def label_chart(path: Path, counts: Mapping[str, int], title: str) -> None:
    """Draw a bar for every label, most frequent first, with its number of photos.

    Args:
        path: the PNG file.
        counts: photos by label.
        title: above the bars.
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    height = 2 * _PAD + _ROW * (len(ordered) + 2)
    image = Image.new("RGB", (_WIDTH, height), _WHITE)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(14)
    draw.text((_PAD, _PAD), title, _INK, font)
    most = max([1, *counts.values()])
    room = _WIDTH - _NAMES - 6 * _PAD
    for at, (label, count) in enumerate(ordered):
        top = _PAD + _ROW * (at + 2)
        draw.text((_NAMES, top + _ROW / 2), _short(draw, label, font), _INK, font, anchor="rm")
        right = _NAMES + _PAD + room * count / most
        draw.rectangle((_NAMES + _PAD, top + 3, right, top + _ROW - 4), _BAR)
        draw.text((right + 6, top + _ROW / 2), str(count), _FAINT, font, anchor="lm")
    image.save(path)


def _short(
    draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> str:
    while len(text) > 4 and draw.textlength(text, font) > _NAMES - _PAD:
        text = text[:-2].rstrip("…") + "…"
    return text


@dataclass(frozen=True)
class Layer:
    """A line of an architecture's summary."""

    name: str
    kind: str
    parameters: int
    trained: int


def layers_of(net: nn.Module) -> list[Layer]:
    """Return the stages and blocks of a network, with their numbers of parameters."""
    found = []
    inner = [name for name, _ in net.named_modules() if name.endswith(".net")]
    depth = min((name.count(".") for name in inner), default=0) + 3
    for name, module in net.named_modules():
        levels = name.count(".") + 1
        leaf = not any(True for _ in module.children())
        if name and (levels == depth or (levels < depth and leaf)):
            count = [(p.numel(), p.requires_grad) for p in module.parameters()]
            trained = sum(number for number, trains in count if trains)
            kind = type(module).__name__
            found.append(Layer(name, kind, sum(number for number, _ in count), trained))
    return [layer for layer in found if layer.parameters or layer.kind == "Dropout"]


def architecture_summary(net: nn.Module) -> str:
    """Return a table of the parts of a network, as Keras prints one."""
    layers = layers_of(net)
    width = max([10, *(len(layer.name) for layer in layers)])
    lines = [f"{'layer':{width}}  {'kind':24} {'parameters':>12} {'trained':>12}"]
    lines += [
        f"{one.name:{width}}  {one.kind:24} {one.parameters:12,} {one.trained:12,}"
        for one in layers
    ]
    every = list(net.parameters())
    total = sum(p.numel() for p in every)
    trained = sum(p.numel() for p in every if p.requires_grad)
    lines.append(f"{'all':{width}}  {'':24} {total:12,} {trained:12,}")
    return "\n".join(lines) + "\n"


def architecture_picture(path: Path, net: nn.Module, title: str) -> None:
    """Draw the parts of a network as boxes from the photo to the answers; wider = more numbers."""
    layers = layers_of(net)
    heads = [layer for layer in layers if layer.name.startswith("heads")]
    body = [layer for layer in layers if not layer.name.startswith("heads")]
    height = 2 * _PAD + (_ROW + 8) * (len(body) + 3) + 2 * _ROW
    image = Image.new("RGB", (_WIDTH, height), _WHITE)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(13)
    draw.text((_PAD, _PAD), title, _INK, font)
    most = np.log1p(max([1, *(layer.parameters for layer in body)]))
    top = _PAD + 2 * _ROW
    for layer in body:
        half = (0.2 + 0.25 * np.log1p(layer.parameters) / most) * _WIDTH
        _box(draw, (_WIDTH / 2 - half, top, _WIDTH / 2 + half, top + _ROW), layer.trained > 0)
        text = f"{layer.name}  {layer.kind}  {layer.parameters:,}"
        draw.text((_WIDTH / 2, top + _ROW / 2), text, _INK, font, anchor="mm")
        top += _ROW + 8
    shown = max(1, len({layer.name.split(".")[1] for layer in heads}))
    step = (_WIDTH - 2 * _PAD) / shown
    for at in range(shown):
        left = _PAD + at * step
        _box(draw, (left, top, left + step - 4, top + _ROW), True)
    parameters = sum(head.parameters for head in heads)
    text = f"{shown} {'head' if shown == 1 else 'heads'}, {parameters:,} parameters"
    draw.text((_WIDTH / 2, top + 1.7 * _ROW), text, _INK, font, anchor="mm")
    image.save(path)


def _box(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], trained: bool) -> None:
    draw.rectangle(box, fill=(222, 234, 247) if trained else (240, 240, 240), outline=_FAINT)


@dataclass(frozen=True)
class Shown:
    """A photo of a gallery: its file, name, and what is said and known of it (None: unknown)."""

    photo: Source
    name: str
    said: Sequence[str]
    true: Sequence[str] | None


def gallery(path: Path, shown: Sequence[Shown], title: str) -> None:
    """Write a page with photos, what was predicted, and what is true.

    Labels predicted rightly are green, wrong ones red, missed ones grey; a photo without any says
    so. The page holds small copies and needs no other file.
    """
    body = "\n".join(_figure(one) for one in shown)
    path.write_text(
        f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>
<style>
body {{ font: 15px system-ui, sans-serif; margin: 2rem; background: #fff; color: #202428 }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 1.2rem }}
figure {{ margin: 0 }} img {{ width: 100%; height: 200px; object-fit: contain; background: #eee }}
.right {{ color: #176b2c }} .wrong {{ color: #b3261e }} .missed {{ color: #5c636a }}
</style>
<h1>{html.escape(title)}</h1>
<main>
{body}
</main>
""",
        encoding="utf-8",
    )


def _figure(one: Shown) -> str:
    said = (
        html.escape(NOTHING)
        if not one.said
        else ", ".join(
            f'<span class="{_class(label, one.true)}">{html.escape(label)}</span>'
            for label in one.said
        )
    )
    true = ""
    if one.true is not None:
        named = ", ".join(
            f'<span class="{_truth_class(label, one.said)}">{html.escape(label)}</span>'
            for label in one.true
        )
        true = f"<br>true: {named or 'nothing'}"
    name = html.escape(one.name.encode("utf-8", "replace").decode())
    return (
        f'<figure><img src="{_embedded(one.photo)}" alt="{name}">'
        f"<figcaption>{name}<br>predicted: {said}{true}</figcaption></figure>"
    )


def _class(label: str, true: Sequence[str] | None) -> str:
    if true is None:
        return "said"
    return "right" if label in true else "wrong"


def _truth_class(label: str, said: Sequence[str]) -> str:
    return "right" if label in said else "missed"


def _embedded(photo: Source) -> str:
    """Return a small copy as an address that holds it; "" where the photo cannot be read."""
    try:
        image = Image.fromarray(read_photo(photo, at_least=(_THUMBNAIL, _THUMBNAIL)))
    except (PhotoProblem, OSError):
        return ""
    image.thumbnail((_THUMBNAIL * 2, _THUMBNAIL * 2))
    held = io.BytesIO()
    image.save(held, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(held.getvalue()).decode()
