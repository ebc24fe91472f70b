"""TensorBoard's logs without TensorBoard or torch, which quick retraining does without.

The format is TensorFlow's: records of a length, the bytes of an `Event` message, and a checksum of
each (CRC-32C, masked). Only scalars are written.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FOLDER = "tensorboard"

Scalar = tuple[str, int, float]
"""Name, step, value."""

_MASK = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78


def write_scalars(run: Path, scalars: Iterable[Scalar]) -> None:
    """Write figures into a run's folder for `tensorboard --logdir`, as a file of their own.

    Raises:
        OSError: the disk is full.
    """
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    now = time.time()
    events = [_event(now, 0, _text(3, b"brain.Event:2"))]
    events += [_event(now, step, _summary(name, value)) for name, step, value in scalars]
    path = folder / f"events.out.tfevents.{int(now):010d}.{os.getpid()}.{time.monotonic_ns()}"
    path.write_bytes(b"".join(map(_record, events)))


def judged_scalars(figures: Mapping[str, Mapping[str, Any]], photos: int) -> list[Scalar]:
    """Return the figures on photos kept out, at the number of photos that were learned from.

    Args:
        figures: `before` and `after`: figures by group name.
        photos: that the new model learned from.
    """
    return [
        (f"judged {when}/{group}/{name}", photos, value)
        for when in ("before", "after")
        for group, measured in figures.get(when, {}).items()
        for name, value in measured.items()
        if isinstance(value, float)
    ]


def _event(now: float, step: int, what: bytes) -> bytes:
    return b"\x09" + struct.pack("<d", now) + b"\x10" + _varint(step) + what


def _summary(name: str, value: float) -> bytes:
    number = b"\x15" + struct.pack("<f", value)
    return _text(5, _text(1, _text(1, name.encode()) + number))


def _text(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return length + _checksum(length) + content + _checksum(content)


def _checksum(content: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF)


def _table_entry(number: int) -> int:
    for _ in range(8):
        number = number >> 1 ^ (_POLYNOMIAL if number & 1 else 0)
    return number


_TABLE = tuple(map(_table_entry, range(256)))
