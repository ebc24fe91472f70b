"""Dog, human, neither, in the source's words, and how often each detector is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tagger.core.cascade import Answer, cascade
from trainer.recipes.detectors import Detected

DOGS, HUMANS = "dogs", "humans"
_DOG_FOLDERS = ("dog", "dogs", "dog_files", "dogimages")
_HUMAN_FOLDERS = ("human", "humans", "people", "person", "persons", "face", "faces", "lfw")


@dataclass(frozen=True)
class Cascaded:
    """What is said of a photo.

    Attributes:
        answer: dog, human or neither.
        breed: the likeliest one.
        probability: of it.
        detected: what the detectors said.
    """

    answer: Answer
    breed: str
    probability: float
    detected: Detected

    @property
    def words(self) -> str:
        """The source's words."""
        named = f"{self.breed} (Probability: {self.probability:.2f})"
        if self.answer == "dog":
            return f"hello, dog! The dog looks like a … {named}"
        if self.answer == "human":
            return f"hello, human! You look like a … {named}"
        return "sorry, you look like neither dog or human…"


def cascaded(detected: Detected, breed: str, probability: float) -> Cascaded:
    """Ask for a dog first, then for a face."""
    name = breed.replace("_", " ")
    return Cascaded(cascade(detected.dog, detected.faces), name, probability, detected)


def truth_of(photo: Path) -> str | None:
    """Return what the folders say that a photo shows: `dogs`, `humans`, or None."""
    for folder in reversed(photo.parts[:-1]):
        name = folder.casefold()
        if name in _DOG_FOLDERS:
            return DOGS
        if name in _HUMAN_FOLDERS:
            return HUMANS
    return None


@dataclass(frozen=True)
class Rates:
    """How often the detectors see something in photos of dogs, and of humans.

    Attributes:
        photos: how many.
        human: share in which the human detector sees a human.
        dog: share in which the dog detector sees a dog.
    """

    photos: int
    human: float
    dog: float


def rates(photos: Sequence[Path], found: Sequence[Detected | str]) -> dict[str, Rates]:
    """Return the two rows of the table, for what the folders' names tell; may be empty."""
    table = {}
    for kind in (HUMANS, DOGS):
        own = [
            one
            for photo, one in zip(photos, found, strict=True)
            if isinstance(one, Detected) and truth_of(photo) == kind
        ]
        if own:
            human = sum(one.faces > 0 for one in own) / len(own)
            table[kind] = Rates(len(own), human, sum(one.dog for one in own) / len(own))
    return table


def table_text(table: dict[str, Rates]) -> str:
    """Return the table for people."""
    lines = [f"{'photos of':10} {'photos':>6}  {'called human':>12}  {'called dog':>10}"]
    for kind, one in table.items():
        lines.append(f"{kind:10} {one.photos:6}  {one.human:12.0%}  {one.dog:10.0%}")
    return "\n".join(lines)
