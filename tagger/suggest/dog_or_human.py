"""What a photo shows, by the app's own model: a dog (and of which breed), a human, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagger.bundle.spec import BundleGroup, BundleLabel, BundleSpec
from tagger.core.cascade import Answer, cascade
from tagger.core.errors import TaggerError
from tagger.core.names import fold_name
from tagger.suggest.asking import ask_child
from tagger.suggest.protocol import SCORE

DOG = "dog"


class CannotAsk(TaggerError):
    """The model knows no dogs, or the photo cannot be read."""


@dataclass(frozen=True)
class Questions:
    """Where a bundle answers: is it a dog, and of which breed.

    Attributes:
        group: id of the group that has the label *dog*.
        column: of that label.
        threshold: probability from which it is suggested.
        breeds: the group that is asked only of dogs.
    """

    group: str
    column: int
    threshold: float
    breeds: BundleGroup


@dataclass(frozen=True)
class Seen:
    """What was seen in a photo.

    Attributes:
        answer: dog, human or neither.
        dog: probability that there is a dog.
        breed: the likeliest breed, of a human the one that it resembles most.
        breed_probability: its probability, given that it is a dog.
        faces: how many were found.
    """

    answer: Answer
    dog: float
    breed: str
    breed_probability: float
    faces: int

    @property
    def sentence(self) -> str:
        """Plain words for people."""
        breed = f"{self.breed} (probability {self.breed_probability:.2f})"
        if self.answer == "dog":
            return f"This is a dog (probability {self.dog:.2f}), most likely of the breed {breed}."
        if self.answer == "human":
            faces = "a face was" if self.faces == 1 else f"{self.faces} faces were"
            return (
                f"This is a human: {faces} found, and hardly a dog (probability {self.dog:.2f}). "
                f"As a dog it would be most like the breed {breed}."
            )
        return (
            f"This is neither a dog (probability {self.dog:.2f}) nor a human (no face was found)."
        )


def questions_of(spec: BundleSpec) -> Questions | None:
    """Return where a bundle answers, None where it knows no dogs or no breeds."""
    for breeds in spec.groups:
        if breeds.gate is None:
            continue
        for group in spec.groups:
            for column, label in enumerate(group.labels):
                if label.id == breeds.gate and _is_dog(label):
                    return Questions(group.id, column, label.default_threshold, breeds)
    return None


def _is_dog(label: BundleLabel) -> bool:
    return DOG in {fold_name(name) for name in (label.name, *label.synonyms)}


def look_at(photos: Sequence[Path], folder: Path, spec: BundleSpec) -> list[Seen | str]:
    """Ask a bundle about photos, in a child process.

    Args:
        photos: files.
        folder: of the bundle.
        spec: what it says of itself.

    Returns:
        what was seen, or why a photo cannot be read.

    Raises:
        CannotAsk: the bundle knows no dogs.
        SuggesterError: it cannot be used.
    """
    questions = questions_of(spec)
    if questions is None:
        raise CannotAsk(f"The model “{spec.name}” knows no dogs and their breeds.")
    request = {
        "bundle": str(folder.absolute()),
        "photos": [str(photo.absolute()) for photo in photos],
        "faces": True,
    }
    return [_seen(answer, questions) for answer in ask_child([SCORE], request)["photos"]]


def _seen(answer: dict[str, Any], questions: Questions) -> Seen | str:
    if "problem" in answer:
        return str(answer["problem"])
    scores, faces = answer["scores"], int(answer["faces"])
    dog = float(scores[questions.group][questions.column])
    by_breed = scores[questions.breeds.id]
    best = max(range(len(by_breed)), key=by_breed.__getitem__)
    return Seen(
        cascade(dog >= questions.threshold, faces),
        dog,
        questions.breeds.labels[best].name,
        float(by_breed[best]),
        faces,
    )
