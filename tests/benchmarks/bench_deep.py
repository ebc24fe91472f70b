"""How fast deep training goes, beside what decoding and the step alone could do in the same run.

    python tests/benchmarks/bench_deep.py PHOTOS [--size 176] [--batch 32] [--seconds 8]

Decoding and the step share the cores, so on a processor the bound of both together is
1 / (1/D + 1/S); with a GPU it is the smaller of the two. The three are measured in turns and the
median taken. Prints one line of JSON: photos/s of decoding (with augmentation) alone, of the step
alone, of the first epoch as it is trained, the bound, and the share reached. Later epochs find
their photos decoded, so they go nearly as fast as the step.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from trainer.startup import SETTINGS

if TYPE_CHECKING:
    from trainer.examples import Examples
    from trainer.nets.net import Net

TURNS = 3


def main() -> int:
    """Measure and print."""
    if any(name not in os.environ for name in SETTINGS):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | SETTINGS)
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--size", type=int, default=176)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    found = measure(parser.parse_args())
    print(json.dumps(found | {"load": [round(value, 1) for value in os.getloadavg()]}))
    return 0


def measure(arguments: argparse.Namespace) -> dict[str, object]:
    """Measure in one run, in turns: decoding and augmenting alone, the step alone, both."""
    import numpy as np
    import torch

    from trainer.examples import Examples, multi_group
    from trainer.nets.backbone import open_backbone
    from trainer.nets.net import make_net

    paths = tuple(sorted(arguments.photos.rglob("*.jp*g")))
    backbone = open_backbone(arguments.backbone, size=arguments.size, fit="squash", weights="none")
    targets = np.random.default_rng(0).integers(0, 2, (len(paths), 20))
    groups = (multi_group("tags", [f"label {at}" for at in range(20)], targets),)
    examples = Examples(paths, groups, np.full(len(paths), "train"))
    net = make_net(backbone, groups)
    found: dict[str, list[float]] = {}
    for turn in range(TURNS + 1):
        for name, rate in (("decode", decoding), ("step", stepping), ("both", training)):
            value = rate(net, examples, arguments)
            if turn:
                found.setdefault(name, []).append(value)
    rates = {name: statistics.median(values) for name, values in found.items()}
    gpu = torch.cuda.is_available()
    bounds = [
        min(d, s) if gpu else 1 / (1 / d + 1 / s)
        for d, s in zip(found["decode"], found["step"], strict=True)
    ]
    shares = [both / bound for both, bound in zip(found["both"], bounds, strict=True)]
    return {
        "photos": len(paths),
        "size": arguments.size,
        "device": torch.cuda.get_device_name() if gpu else f"{torch.get_num_threads()} threads",
        **{f"{name}_per_s": round(rate, 1) for name, rate in rates.items()},
        "bound_per_s": round(statistics.median(bounds), 1),
        "share": round(statistics.median(shares), 3),
    }


def decoding(net: Net, examples: Examples, arguments: argparse.Namespace) -> float:
    """Return photos/s of reading, decoding and augmenting alone."""
    import numpy as np
    import torch

    from trainer.feeding.augmentation import GENTLE
    from trainer.feeding.feed import Feed
    from trainer.feeding.pixels import PixelStore, decoding_threads

    store = PixelStore(examples.photos, net.preprocessing, kept_bytes=0)
    count = 0
    with decoding_threads(max(2, torch.get_num_threads())) as pool:
        began = time.monotonic()
        feed = Feed(store, pool, arguments.batch, GENTLE)
        for batch in feed.epoch(np.arange(len(examples)), 0):
            count += len(batch.rows)
            if time.monotonic() - began > arguments.seconds:
                break
        return count / (time.monotonic() - began)


def stepping(net: Net, examples: Examples, arguments: argparse.Namespace) -> float:
    """Return photos/s of the step alone: the same decoded batch again and again."""
    import numpy as np

    few = np.zeros(arguments.batch, np.int64)
    return _trained(net, examples.only(few), arguments, kept_bytes=1 << 30)


def training(net: Net, examples: Examples, arguments: argparse.Namespace) -> float:
    """Return photos/s of training on photos that nobody has decoded yet."""
    return _trained(net, examples, arguments, kept_bytes=0)


def _trained(net: Net, examples: Examples, arguments: argparse.Namespace, kept_bytes: int) -> float:
    from trainer.feeding.augmentation import GENTLE, NONE
    from trainer.loop.fit import fit
    from trainer.loop.settings import FitSettings

    settings = FitSettings(
        epochs=1000,
        batch=arguments.batch,
        seconds=arguments.seconds,
        fill_time=True,
        augmentation=GENTLE if kept_bytes == 0 else NONE,
        kept_bytes=kept_bytes,
    )
    return float(fit(net, examples, settings).facts["photos_per_s"])


if __name__ == "__main__":
    sys.exit(main())
