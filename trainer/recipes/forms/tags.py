"""Photo tags: JSON lists of samples as NUS-WIDE's users write them, and `images/`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.examples import multi_group
from trainer.recipes.forms.common import (
    JUDGED,
    TRAIN,
    FormError,
    PhotoFolder,
    RecipeData,
    checked_folder,
    drawn_parts,
    left_out,
    make_examples,
    multi_targets,
    named_parts,
    nothing_found,
    parts_from_table,
)

TRAIN_FILE, TEST_FILE, PHOTOS, SPLIT = "small_train.json", "small_test.json", "images", "split.csv"
FORM = f"{TRAIN_FILE} and {TEST_FILE} (or one JSON, and {SPLIT}) and {PHOTOS}/NAME.jpg"
GROUP = "tags"
TOP_LABELS, FIRST_PHOTOS = 27, 6000
"""The source keeps the 27 most frequent labels, and the first 6,000 samples of the whole set."""

JUDGED_SHARE, SEED = 1 / 6, 2020


@dataclass(frozen=True)
class Samples:
    """What one JSON file says: photo names, their labels, all labels in the file's order."""

    names: list[str]
    own: list[list[str]]
    labels: list[str]


def read_samples(path: Path) -> Samples:
    """Read `{"samples": [{"image_name", "image_labels"}, …], "labels": […]}`.

    Raises:
        FormError: it cannot be read or is something else; names the sample.
    """
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise FormError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise FormError(f"{path} is not valid JSON: {error}.") from None
    samples = data.get("samples") if isinstance(data, dict) else None
    if not isinstance(samples, list) or not samples:
        raise FormError(f'{path} holds no list "samples" of photos and their labels.')
    read = [_sample(path, number, sample) for number, sample in enumerate(samples, 1)]
    given = data.get("labels") or []
    seen = [label for _, own in read for label in own]
    labels = list(dict.fromkeys([*(str(label) for label in given), *sorted(set(seen))]))
    return Samples([name for name, _ in read], [own for _, own in read], labels)


def _sample(path: Path, number: int, sample: Any) -> tuple[str, list[str]]:
    name = sample.get("image_name") if isinstance(sample, dict) else None
    labels = sample.get("image_labels") if isinstance(sample, dict) else None
    if not isinstance(name, str) or not isinstance(labels, list):
        raise FormError(
            f'{path}: sample {number} lacks "image_name" or "image_labels". Complete or delete it.'
        )
    return name, [str(label) for label in labels]


def read_photo_tags(
    folder: Path, top_labels: int = TOP_LABELS, first_photos: int | None = None
) -> RecipeData:
    """Read a folder of tagged photos.

    Args:
        folder: with `small_train.json` and `small_test.json`, or with one JSON file (and
            `split.csv`, else 5/6 are drawn for training).
        top_labels: keep the labels most frequent in training; 0 keeps all.
        first_photos: of a single file, take so many samples; None: the source's 6,000 where
            there is no split; 0 takes all.

    Raises:
        TableError, FormError: it is not in that form.
    """
    checked_folder(folder, FORM)
    samples, parts, split = _gather(folder, first_photos)
    images, beside = PhotoFolder(folder / PHOTOS), PhotoFolder(folder)
    paths = [images.find(name) or beside.find(name) for name in samples.names]
    missing = [name for name, path in zip(samples.names, paths, strict=True) if path is None]
    there = np.array([at for at, path in enumerate(paths) if path is not None], np.int64)
    if not len(there):
        raise nothing_found(folder, f"{PHOTOS}/NAME.jpg")
    parts = parts[there]
    if TRAIN not in parts or JUDGED not in parts:
        raise FormError(f"The photos that are there in {folder} do not fill a part to judge.")
    own = [samples.own[at] for at in there.tolist()]
    trained = [labels for labels, part in zip(own, parts, strict=True) if part == TRAIN]
    labels, dropped = _top(samples.labels, trained, top_labels)
    found = [path for path in paths if path is not None]
    targets = multi_targets(labels, own)
    remarks = [left_out("are named but missing", missing)] if missing else []
    if dropped:
        remarks.append(
            f"Of {len(labels) + dropped} labels the {len(labels)} most frequent in training are "
            "used (--top-labels changes that)."
        )
    return RecipeData(
        folder,
        tuple(path.relative_to(folder).as_posix() for path in found),
        make_examples(found, [multi_group(GROUP, labels, targets)], parts),
        split,
        tuple(remarks),
        {"labels": len(labels), "dropped_labels": dropped},
    )


def _gather(folder: Path, first: int | None) -> tuple[Samples, NDArray[np.str_], str]:
    """Return samples, parts and where the parts come from."""
    train, test = folder / TRAIN_FILE, folder / TEST_FILE
    if train.is_file() and test.is_file():
        one, two = read_samples(train), read_samples(test)
        one = _first(one, first or 0)
        labels = list(dict.fromkeys([*one.labels, *two.labels]))
        both = Samples([*one.names, *two.names], [*one.own, *two.own], labels)
        parts = np.array([TRAIN] * len(one.names) + [JUDGED] * len(two.names))
        overlap = set(one.names) & set(two.names)
        if overlap:
            raise FormError(
                f"{len(overlap)} photos stand in both {TRAIN_FILE} and {TEST_FILE} (such as "
                f"{min(overlap)}): a photo that is trained on cannot judge."
            )
        return both, parts, f"{TRAIN_FILE} trains, {TEST_FILE} judges"
    samples = read_samples(_only_json(folder))
    path = folder / SPLIT
    if path.is_file():
        samples = _first(samples, first or 0)
        table = parts_from_table(path, "image_name")
        return samples, named_parts([table.get(n, "") for n in samples.names], path), SPLIT
    samples = _first(samples, FIRST_PHOTOS if first is None else first)
    parts = drawn_parts(len(samples.names), JUDGED_SHARE, SEED)
    return samples, parts, f"5/6 drawn for training with seed {SEED}, as 5,000 of 6,000"


def _only_json(folder: Path) -> Path:
    found = sorted(folder.glob("*.json"))
    if len(found) == 1:
        return found[0]
    what = "holds no JSON file" if not found else f"holds {len(found)} JSON files"
    raise FormError(f"{folder} {what}. Give a folder with {FORM}.")


def _first(samples: Samples, count: int) -> Samples:
    if not count:
        return samples
    return Samples(samples.names[:count], samples.own[:count], samples.labels)


def _top(labels: Sequence[str], own: Sequence[Sequence[str]], count: int) -> tuple[list[str], int]:
    """Return the most frequent labels, in the file's order, and how many were dropped."""
    seen = Counter(label for names in own for label in set(names))
    used = [label for label in labels if seen[label]]
    if count:
        top = set(sorted(used, key=lambda label: -seen[label])[:count])
        used = [label for label in used if label in top]
    if not used:
        raise FormError("No training photo has a label.")
    return used, len(labels) - len(used)
