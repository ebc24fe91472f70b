"""HEIF containers are read by ourselves, and a broken one stops nothing."""

from pathlib import Path

import numpy as np
import pytest

from tagger.imaging.container import ContainerFacts, container_facts


@pytest.mark.parametrize(
    ("name", "turns", "camera"),
    [
        ("arrow-turned.heic", True, b"iPhone 8 Plus"),
        ("iphone-7-exif6-stored-sideways.heic", False, b"iPhone 7"),
        ("sony-10bit.HIF", False, b"ILCE-7CM2"),
        ("bird-burst-4-images.heic", False, None),
    ],
)
def test_turning_and_exif_are_found(
    test_data: Path, name: str, turns: bool, camera: bytes | None
) -> None:
    facts = container_facts((test_data / "heic" / name).read_bytes())
    assert facts.turns is turns
    if camera is None:
        assert facts.exif is None
    else:
        assert facts.exif is not None
        assert facts.exif.startswith(b"Exif\0\0")
        assert camera in facts.exif


def test_a_broken_container_stops_nothing(test_data: Path) -> None:
    data = (test_data / "heic" / "arrow-turned.heic").read_bytes()[:6000]
    random = np.random.default_rng(5)
    for _ in range(500):
        broken = bytearray(data)
        for at in random.integers(0, 4000, 12):
            broken[at] = random.integers(0, 256)
        assert isinstance(container_facts(bytes(broken)), ContainerFacts)
    assert container_facts(b"") == ContainerFacts()
