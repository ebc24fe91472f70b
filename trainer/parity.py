"""The graph must give what the numbers give, on real photos, before a bundle is stored.

One comparison serves every training: largest difference of a score, and the share of decisions
that are the same. The graph on the processor against the formula (or the trained network) must
hold; the graph on a GPU against the processor is reported, and judged again by the bundle's golden
pictures before the bundle becomes active there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.golden import Run
from tagger.bundle.golden_files import read_golden
from tagger.bundle.heads import head_scores, read_heads
from tagger.bundle.read import read_bundle
from tagger.bundle.spec import MODEL_FILE, BundleGroup, BundleSpec
from tagger.core.errors import TaggerError
from tagger.core.preprocessing import Preprocessing
from tagger.imaging.decode import Source
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem
from trainer.session import (
    PROCESSOR,
    NotObtained,
    first_line,
    open_session,
    other_providers,
)

LIMIT = 1e-4
"""Largest difference of a score between ONNX and NumPy (or torch), float32."""

PHOTOS = 24
_BATCH = 8

Outputs = dict[str, NDArray[Any]]
"""What a graph gives, by name, all pictures together."""


class ParityError(TaggerError):
    """The exported model does not answer as the trained one."""


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
    provider: str = PROCESSOR

    def must_hold(self, trained: str = "the trained network") -> None:
        """Refuse what differs too much; `trained` names what the graph was compared with.

        Raises:
            ParityError: a score differs by more than `LIMIT`.
        """
        if not self.largest <= LIMIT:
            raise ParityError(
                f"The new model is not used: its graph differs by {self.largest:.2g} from "
                f"{trained} ({LIMIT:g} is allowed)."
            )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "largest_difference": self.largest,
            "same_decisions": self.decisions,
            "photos": self.photos,
            "provider": self.provider,
        }

    @property
    def words(self) -> str:
        """The figures in words, for the reports."""
        same = "all decisions" if self.decisions == 1 else f"{self.decisions:.2%} of the decisions"
        return f"{same} are the same, scores differ by {self.largest:.1e} at most"


@dataclass(frozen=True)
class Parity:
    """What a stored bundle's graph was compared with.

    Attributes:
        formula: with its heads as numbers, on the processor.
        gpus: the graph on every GPU provider that could be obtained, with the processor.
        unobtained: sentences, one for each that could not be.
        real: the pictures were photos of the library; else the bundle's synthetic ones.
    """

    formula: Agreement
    gpus: tuple[Agreement, ...] = ()
    unobtained: tuple[str, ...] = ()
    real: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, with the sentences that reports show."""
        return {
            **self.formula.to_json(),
            "real_photos": self.real,
            "gpus": [each.to_json() for each in self.gpus],
            "sentences": self.sentences,
        }

    @property
    def sentences(self) -> list[str]:
        """Say what was found, and what was not looked at."""
        pictures = f"{self.formula.photos} {'photos' if self.real else 'synthetic pictures'}"
        said = [f"On {pictures} the stored model answers as it was trained: {self.formula.words}."]
        said += [f"On {each.provider} and the processor {each.words}." for each in self.gpus]
        said += [f"{sentence} The processor's answers stand." for sentence in self.unobtained]
        if not self.gpus and not self.unobtained:
            said.append("Not compared on a graphics card: none can be used here.")
        return said


def check_parity(folder: Path, photos: Sequence[Source]) -> Parity:
    """Compare a bundle's graph with its heads in NumPy, and with itself on every GPU here.

    Args:
        folder: the bundle.
        photos: candidates; the first `PHOTOS` that can be read are used, where there are none the
            bundle's golden pictures.

    Raises:
        ParityError: graph and heads differ by more than `LIMIT`.
    """
    spec, model = read_bundle(folder), (folder / MODEL_FILE).read_bytes()
    pixels = readable_pixels(photos, spec.preprocessing, PHOTOS)
    real = len(pixels) > 0
    if not real:
        pixels = read_golden(folder, spec).pixels
    graph = _computed(open_session(model), pixels)
    heads = read_heads(folder)
    formula = {f"scores/{head.group}": head_scores(head, graph["embedding"]) for head in heads}
    agreement = _compared(graph, formula, _by_output(spec))
    agreement.must_hold("what was trained")
    gpus, unobtained = _on_gpus(model, spec, graph, pixels, other_providers())
    return Parity(agreement, tuple(gpus), tuple(unobtained), real)


def provider_agreements(
    folder: Path, photos: Sequence[Source], providers: Sequence[str] | None = None
) -> tuple[list[Agreement], list[str]]:
    """Compare a bundle's scores on the processor with those of other providers.

    Args:
        folder: the bundle.
        photos: candidates, as for `check_parity`.
        providers: by ONNX Runtime's names; None takes every GPU provider of this machine.

    Returns:
        those that could be obtained, and a sentence for each that could not.
    """
    spec, model = read_bundle(folder), (folder / MODEL_FILE).read_bytes()
    pixels = readable_pixels(photos, spec.preprocessing, PHOTOS)
    plain = _computed(open_session(model), pixels)
    names = other_providers() if providers is None else providers
    return _on_gpus(model, spec, plain, pixels, names)


def agreement_of(
    first: Run,
    second: Run,
    groups: Mapping[str, BundleGroup],
    photos: Sequence[Source],
    preprocessing: Preprocessing,
) -> Agreement:
    """Compare two ways of computing scores on real photos, on the processor.

    Args:
        first: model input uint8 [N, H, W, 3] to scores float [N, L] by output.
        second: the same, computed another way.
        groups: by name of the output.
        photos: candidates; the first `PHOTOS` that can be read are used.
        preprocessing: of the bundle.
    """
    pixels = readable_pixels(photos, preprocessing, PHOTOS)
    return _compared(_computed(first, pixels), _computed(second, pixels), groups)


def _on_gpus(
    model: bytes,
    spec: BundleSpec,
    plain: Outputs,
    pixels: NDArray[np.uint8],
    providers: Sequence[str],
) -> tuple[list[Agreement], list[str]]:
    found, unobtained = [], []
    for name in providers:
        try:
            outputs = _computed(open_session(model, name), pixels)
        except NotObtained as error:
            unobtained.append(str(error))
        except Exception as error:  # a card that fails while it computes must not cost the model
            unobtained.append(f"{name} failed while it computed ({first_line(error)}).")
        else:
            found.append(_compared(plain, outputs, _by_output(spec), name))
    return found, unobtained


def _by_output(spec: BundleSpec) -> dict[str, BundleGroup]:
    return {group.output: group for group in spec.groups}


def _computed(run: Run, pixels: NDArray[np.uint8]) -> Outputs:
    """Compute pictures batch by batch; no pictures give no outputs."""
    parts = [run(pixels[at : at + _BATCH]) for at in range(0, len(pixels), _BATCH)]
    names = parts[0] if parts else ()
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _compared(
    one: Outputs, other: Outputs, groups: Mapping[str, BundleGroup], provider: str = PROCESSOR
) -> Agreement:
    largest, same, decided = 0.0, 0, 0
    for output, group in groups.items():
        if output in one:
            largest = np.maximum(largest, np.abs(one[output] - other[output]).max())
            equal = _decisions(one[output], group) == _decisions(other[output], group)
            same, decided = same + int(equal.sum()), decided + equal.size
    pictures = max((len(values) for values in one.values()), default=0)
    return Agreement(float(largest), same / max(1, decided), pictures, provider)


def _decisions(scores: NDArray[np.floating], group: BundleGroup) -> NDArray[Any]:
    if group.kind == "single":
        return scores.argmax(axis=1)
    return scores >= np.array([label.default_threshold for label in group.labels])


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
