"""The graph must give what the numbers give, on real photos, before a bundle is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.golden import Run
from tagger.bundle.heads import head_scores, read_heads
from tagger.bundle.read import read_bundle
from tagger.bundle.spec import MODEL_FILE, BundleGroup
from tagger.core.errors import TaggerError
from tagger.core.preprocessing import Preprocessing
from tagger.imaging.decode import Source
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem
from trainer.session import open_session, other_providers

LIMIT = 1e-4
"""Largest difference of a score between ONNX and NumPy (or torch), float32."""

PHOTOS = 24
_BATCH = 8


class ParityError(TaggerError):
    """The exported model does not answer as the trained one."""


def check_parity(folder: Path, photos: Sequence[Path]) -> float:
    """Compare a bundle's graph with its heads in NumPy on real photos.

    Args:
        folder: the bundle.
        photos: candidates; the first `PHOTOS` that can be read are used.

    Returns:
        the largest difference of a score; 0 where no photo could be read.

    Raises:
        ParityError: it is larger than `LIMIT`.
    """
    spec, heads = read_bundle(folder), read_heads(folder)
    pixels = readable_pixels(photos, spec.preprocessing, PHOTOS)
    run = open_session((folder / MODEL_FILE).read_bytes())
    largest = 0.0
    for at in range(0, len(pixels), _BATCH):
        outputs = run(pixels[at : at + _BATCH])
        for head in heads:
            expected = head_scores(head, outputs["embedding"])
            difference = float(np.abs(outputs[f"scores/{head.group}"] - expected).max())
            if not difference <= LIMIT:
                raise ParityError(
                    f"The new model is not used: its graph differs by {difference:.2g} from what "
                    f"was trained (group {head.group}; {LIMIT:g} is allowed)."
                )
            largest = max(largest, difference)
    return largest


@dataclass(frozen=True)
class Agreement:
    """How far two ways of computing the same scores agree.

    Attributes:
        largest: difference of a score.
        decisions: share of decisions (at the thresholds; best label of a single group) that are
            the same.
        photos: that were compared.
        provider: that computed the second.
    """

    largest: float
    decisions: float
    photos: int
    provider: str = "CPUExecutionProvider"

    def must_hold(self) -> None:
        """Refuse what differs too much.

        Raises:
            ParityError: a score differs by more than `LIMIT`.
        """
        if not self.largest <= LIMIT:
            raise ParityError(
                f"The new model is not used: its graph differs by {self.largest:.2g} from the "
                f"trained network ({LIMIT:g} is allowed)."
            )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "largest_difference": self.largest,
            "same_decisions": self.decisions,
            "photos": self.photos,
            "provider": self.provider,
        }


def agreement_of(
    first: Run,
    second: Run,
    groups: Mapping[str, BundleGroup],
    photos: Sequence[Source],
    preprocessing: Preprocessing,
    provider: str = "CPUExecutionProvider",
) -> Agreement:
    """Compare two ways of computing scores on real photos.

    Args:
        first: model input uint8 [N, H, W, 3] to scores float [N, L] by output.
        second: the same, computed another way.
        groups: by name of the output.
        photos: candidates; the first `PHOTOS` that can be read are used.
        preprocessing: of the bundle.
        provider: of the second.
    """
    pixels = readable_pixels(photos, preprocessing, PHOTOS)
    largest, same, decided = 0.0, 0, 0
    for at in range(0, len(pixels), _BATCH):
        one, other = first(pixels[at : at + _BATCH]), second(pixels[at : at + _BATCH])
        for output, group in groups.items():
            largest = max(largest, float(np.abs(one[output] - other[output]).max()))
            equal = _decisions(one[output], group) == _decisions(other[output], group)
            same, decided = same + int(equal.sum()), decided + equal.size
    return Agreement(largest, same / max(1, decided), len(pixels), provider)


def _decisions(scores: NDArray[np.floating], group: BundleGroup) -> NDArray[Any]:
    if group.kind == "single":
        return scores.argmax(axis=1)
    return scores >= np.array([label.default_threshold for label in group.labels])


def provider_agreements(folder: Path, photos: Sequence[Source]) -> list[Agreement]:
    """Compare a bundle's scores on the processor with those of every other provider here."""
    spec, model = read_bundle(folder), (folder / MODEL_FILE).read_bytes()
    groups = {group.output: group for group in spec.groups}
    plain = open_session(model)
    return [
        agreement_of(plain, open_session(model, name), groups, photos, spec.preprocessing, name)
        for name in other_providers()
    ]


def readable_pixels(
    photos: Sequence[Source], preprocessing: Preprocessing, count: int
) -> NDArray[np.uint8]:
    """Return the model input of the first photos that can be read: uint8 [n, H, W, 3]."""
    found: list[NDArray[np.uint8]] = []
    for path in photos:
        if len(found) == count:
            break
        try:
            found.append(model_input(path, preprocessing))
        except (PhotoProblem, OSError):
            continue
    shape = (0, preprocessing.height, preprocessing.width, 3)
    return np.stack(found) if found else np.zeros(shape, np.uint8)
