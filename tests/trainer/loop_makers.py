"""A small real training for the tests of the loop, also as a program of its own.

`python loop_makers.py PHOTOS RUN OUT [OPTION=VALUE …]` trains and writes weights and curve to OUT.
With `SIGTERM=STEP` or `SIGKILL=STEP` it sends itself that signal after so many steps.
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from trainer.examples import Examples, multi_group, single_group
from trainer.feeding.augmentation import Augmentation
from trainer.loop.settings import FitSettings, OptimiserSettings

SIDE = 32
USUAL = FitSettings(
    epochs=3,
    batch=16,
    optimiser=OptimiserSettings(rate=1e-3, head_rate=1e-2, clip=5.0),
    augmentation=Augmentation(flip=0.5, shift=0.1, fill=None),
    threads=2,
    device="cpu",
)


def small_examples(photos, count=64):
    """Return real photos whose labels can be seen: how bright they are, and how wide."""
    from PIL import Image

    paths = sorted(Path(photos).iterdir())[:count]
    thumbs = [np.asarray(Image.open(path).convert("RGB").resize((8, 8)), float) for path in paths]
    light = np.array([thumb.mean() for thumb in thumbs])
    blue = np.array([thumb[..., 2].mean() - thumb[..., 0].mean() for thumb in thumbs])
    tags = np.stack([light > np.median(light), blue > np.median(blue)], axis=1)
    weights = np.random.default_rng(0).integers(0, 2, tags.shape) | (np.arange(2) == 0)
    thirds = np.digitize(light, np.quantile(light, [1 / 3, 2 / 3]))
    answers = np.where(np.arange(count) % 5 == 0, -1, thirds)
    groups = (
        multi_group("tags", ["light", "blue"], tags, weights),
        single_group("third", ["dark", "middle", "light"], answers),
    )
    parts = np.where(np.arange(count) % 4 == 0, "val", "train")
    return Examples(tuple(paths), groups, parts)


def small_net(examples, dropout=0.0):
    """Return a real network with random weights, the same every time."""
    import torch

    from trainer.nets.backbone import open_backbone
    from trainer.nets.heads import HeadSettings
    from trainer.nets.net import make_net

    torch.manual_seed(11)
    backbone = open_backbone("test_efficientnet", size=SIDE, fit="squash", weights="none")
    return make_net(backbone, examples.groups, HeadSettings(dropout=dropout), seed=2)


def main():
    """Train as the arguments say."""
    import torch

    from trainer.loop.fit import fit

    torch.set_num_threads(1)
    photos, run, out, *options = sys.argv[1:]
    examples = small_examples(photos)
    given = dict(option.split("=") for option in options)
    ends = {
        signal.Signals[how]: int(given.pop(how)) for how in ("SIGTERM", "SIGKILL") if how in given
    }
    told = []

    def tell(share, text):
        told.append(text)
        for how, step in ends.items():
            if len(told) == step:
                os.kill(os.getpid(), how)

    settings = replace(USUAL, **{name: type(getattr(USUAL, name))(v) for name, v in given.items()})
    net = small_net(examples, dropout=0.3 if "average" in given else 0.0)
    fitted = fit(net, examples, settings, Path(run) if run != "-" else None, tell=tell)
    if fitted.facts["processes"] == 1 or torch.distributed.get_rank() == 0:
        torch.save({"net": net.state_dict(), "judged": fitted.judged, "facts": fitted.facts}, out)


if __name__ == "__main__":
    main()
