"""What both sides of a fight are given: the same photos, parts, backbone weights and seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.core.preprocessing import Preprocessing
from trainer.examples import Examples
from trainer.feeding.pixels import PixelStore
from trainer.recipes.backbones import Choice
from trainer.recipes.forms.common import CHOICE, JUDGED, TRAIN, RecipeData
from trainer.recipes.judge import Scores
from trainer.recipes.packing import pack_photos
from trainer.recipes.saved import Member

Tell = Callable[[float, str], None]
CHOICE_SHARE = 0.15

_ORDER = 1
"""Makes the order of looking another draw than what is set aside to choose by."""


def with_choice(examples: Examples, seed: int) -> Examples:
    """Set a part of training aside to choose by, unless the folder's own split has one."""
    parts = examples.parts.astype("<U8")
    if CHOICE not in parts:
        rows = examples.rows(TRAIN)
        drawn = np.random.default_rng(seed).permutation(rows)
        count = min(max(1, round(CHOICE_SHARE * len(rows))), len(rows) - 1)
        parts[drawn[: max(0, count)]] = CHOICE
    return examples.with_parts(parts)


def without_choice(examples: Examples) -> Examples:
    """Let all of training train."""
    return examples.with_parts(np.where(examples.parts == CHOICE, TRAIN, examples.parts))


def looking_order(examples: Examples, seed: int) -> NDArray[np.int64]:
    """Return the photos that are learned from, in the order in which they are looked at.

    Whatever the time suffices for holds training photos and photos to choose by in their
    proportion.
    """
    rng = np.random.default_rng((seed, _ORDER))
    parts = [rng.permutation(examples.rows(part)) for part in (TRAIN, CHOICE)]
    places = [(np.arange(len(rows)) + 0.5) / max(1, len(rows)) for rows in parts]
    return np.concatenate(parts)[np.argsort(np.concatenate(places), kind="stable")]


@dataclass
class Contest:
    """One fight.

    Attributes:
        data: photos that can be read, with targets and parts.
        backbone: whose weights both sides start from.
        seconds: for each side and seed.
        run: the run folder.
        tell: told the share done of the method under way, and a sentence.
        compressed: keep packed photos as one compressed array file.
    """

    data: RecipeData
    backbone: Choice
    seconds: float
    run: Path
    tell: Tell = lambda share, text: None
    compressed: bool = False
    _packs: dict[str, PixelStore] = field(default_factory=dict)

    @property
    def examples(self) -> Examples:
        """Photos, targets and parts."""
        return self.data.examples

    @property
    def judged(self) -> NDArray[np.int64]:
        """Rows of the photos that judge."""
        return self.examples.rows(JUDGED)

    @property
    def judged_examples(self) -> Examples:
        """The photos that judge, with the truth."""
        return self.examples.only(self.judged)

    def pack(self, preprocessing: Preprocessing) -> PixelStore:
        """Return all photos decoded for an input; made once and kept for both sides."""
        key = str(preprocessing.to_json())
        if key not in self._packs:
            self._packs[key] = pack_photos(
                self.examples.photos, preprocessing, compressed=self.compressed, tell=self.tell
            )
        return self._packs[key]


@dataclass(frozen=True)
class Outcome:
    """What one method made of one seed.

    Attributes:
        scores: of the judged photos, in the order of `Contest.judged`.
        facts: epochs, seconds and the like, as plain JSON values.
        members: the trained networks, for prediction; their logits are averaged.
        held_out: photos kept out of training, with their scores, to fit thresholds on.
    """

    scores: Scores
    facts: dict[str, Any]
    members: tuple[Member, ...]
    held_out: tuple[Examples, Scores] | None = None
