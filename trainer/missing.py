"""What is missing to learn more, in sentences."""

from __future__ import annotations

from tagger.core.errors import TaggerError
from tagger.core.targets import POSITIVE
from tagger.core.verdict import NEEDED_TO_JUDGE, few_examples
from tagger.library.library import Library
from trainer.data import Dataset

_LISTED = 12


class NothingToLearn(TaggerError):
    """No group has anything new to learn from; the message says what is missing."""


def missing_examples(dataset: Dataset) -> list[str]:
    """Say which labels have too few confirmed photos to be judged, fewest first.

    Those that have none come last: of a single group every label was on offer.
    """
    few: list[tuple[int, str]] = []
    for data in dataset.groups:
        confirmed = (data.targets == POSITIVE).sum(axis=0).tolist()
        few += [
            (count, few_examples(label.name, count))
            for label, count in zip(data.labels, confirmed, strict=True)
            if label.adopted and count < NEEDED_TO_JUDGE
        ]
    return [sentence for _, sentence in sorted(few, key=lambda each: (not each[0], each))]


def nothing_to_learn(
    library: Library, lacking: int, dataset: Dataset, unchanged: set[int]
) -> NothingToLearn:
    """Say why there is nothing to learn.

    Args:
        library: the library.
        lacking: number of photos with decisions that have no embedding.
        dataset: those that have one.
        unchanged: groups that are as the present model learned them.
    """
    if not len(dataset) and not lacking:
        return NothingToLearn(_nothing_labelled(library))
    if not len(dataset):
        return NothingToLearn(
            f"None of the {_photos(lacking)} with labels has been looked at by the model yet: "
            "compute suggestions first."
        )
    if unchanged:
        return NothingToLearn(
            "Nothing has changed since the present model was trained: label some photos first."
        )
    if not dataset.trains.any():
        return NothingToLearn(
            f"All {_photos(len(dataset))} with labels are kept for judging (by their split): "
            "label some that may be trained on."
        )
    sentences = missing_examples(dataset)
    more = f" and {len(sentences) - _LISTED} more labels" if len(sentences) > _LISTED else ""
    return NothingToLearn(
        f"There is too little to learn from: {'; '.join(sentences[:_LISTED])}{more}."
        if sentences
        else "There is nothing to learn from: no label has a confirmed or rejected photo."
    )


def _nothing_labelled(library: Library) -> str:
    groups = [group for group in library.facts.schema.groups.values() if group.adopted]
    held_back = [group.name for group in groups if not group.learned]
    text = f"No photo in {library.places.home} has labels to learn from: confirm some first."
    if held_back and len(library.facts.decisions):
        names = ", ".join(f"“{name}”" for name in held_back)
        text += f" (Not learned unless you ask for it: {names}.)"
    return text


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count} photos"
