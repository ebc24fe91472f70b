"""Lists of labels in JSON: samples with labels, plain mappings, and our own annotation file."""

from __future__ import annotations

import base64
import binascii
import os
from typing import Any

from tagger.core.decisions import Verdict
from tagger.core.names import fold_name
from tagger.library.table_build import (
    DEFAULT_GROUP,
    ImportTable,
    TableBuilder,
    TableError,
    TableOptions,
)
from tagger.library.table_cells import split_names
from tagger.library.table_names import read_label_names
from tagger.library.table_separator import SeparatorDoubt, find_separator
from tagger.library.table_text import PICTURE_NAME

ANNOTATIONS_FORMAT = "tagger-annotations"
ANNOTATIONS_VERSION = 1

_SAMPLES = ("samples", "images", "photos", "data", "annotations", "items")
_VOCABULARY = ("labels", "classes", "categories", "tags", "vocabulary")
_PHOTO_KEYS = ("photo", "image_name", "image", "file_name", "filename", "path", "file", "name")
_LABEL_KEYS = ("labels", "image_labels", "tags", "keywords", "label", "classes", "categories")
_UNSURE_KEYS = ("maybe", "unsure")
_SPLIT_KEYS = ("split", "subset", "partition")
_VERDICT_KEYS = (
    ("confirmed", Verdict.CONFIRMED),
    ("rejected", Verdict.REJECTED),
    ("unsure", Verdict.UNSURE),
)


def read_json(value: Any, name: str, options: TableOptions) -> ImportTable:
    """Read a JSON value as a list of labels.

    Understood: our own annotation file; `{"samples": [{"image_name", "image_labels"}],
    "labels": […]}` and a list of such objects, under the usual keys or those of the options;
    `{"a.jpg": ["dog", "cat"]}`. Problems are numbered by the place of the photo, from 1.

    Raises:
        TableError: it has none of these forms, or is from a newer version.
    """
    if isinstance(value, dict) and value.get("format") == ANNOTATIONS_FORMAT:
        return _read_annotations(value, name, options)
    vocabulary: list[str] = []
    if isinstance(value, dict):
        key = next((key for key in _SAMPLES if _is_objects(value.get(key))), None)
        if key is not None:
            words = [value.get(other) for other in _VOCABULARY if other != key]
            vocabulary = next((found for found in words if found and _is_words(found)), [])
            value = value[key]
        elif _is_mapping_of_photos(value):
            value = [{"photo": photo, "labels": labels} for photo, labels in value.items()]
    if not _is_objects(value):
        raise TableError(
            f"{name} is JSON, but not a list of photos with labels; it should be such as "
            f'{{"samples": [{{"image_name": "a.jpg", "image_labels": ["dog"]}}]}}.'
        )
    return _read_samples(value, vocabulary, name, options)


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _is_mapping_of_photos(value: dict[str, Any]) -> bool:
    pictures = sum(PICTURE_NAME.fullmatch(key) is not None for key in value)
    words = all(isinstance(labels, str) or _is_words(labels) for labels in value.values())
    return pictures * 2 > len(value) and words


def _read_samples(
    samples: list[Any], vocabulary: list[str], name: str, options: TableOptions
) -> ImportTable:
    builder = TableBuilder(name, options.partial)
    keys = dict.fromkeys(k for sample in samples if isinstance(sample, dict) for k in sample)
    photo_key = _key(list(keys), options.photo, _PHOTO_KEYS, "--photo", name)
    label_key = _key(list(keys), options.labels, _LABEL_KEYS, "--labels", name)
    unsure_key = _key(list(keys), options.unsure, _UNSURE_KEYS, "--unsure", name)
    split_key = _key(list(keys), options.split, _SPLIT_KEYS, "--split", name)
    if photo_key is None or not (label_key or split_key or options.single):
        missing = "--photo" if photo_key is None else "--labels"
        raise TableError(f"{name}: give {missing} and one of {', '.join(keys)}.")
    names = read_label_names(options.names) if options.names else {}
    group = -1
    if label_key is not None:
        title = options.group or DEFAULT_GROUP
        group = builder.group(title, "multi", [*names.values(), *vocabulary])
    singles = {key: builder.group(key, "single") for key in options.single}
    separator = _separator(samples, label_key, name, options)
    for number, sample in enumerate(samples, start=1):
        if not isinstance(sample, dict) or not isinstance(sample.get(photo_key), str | int):
            builder.problems.append((number, "names no photo"))
            continue
        row = builder.photo(str(sample[photo_key]))
        if label_key is not None and sample.get(label_key) is not None:
            for word in _words(sample[label_key], separator):
                builder.decide(row, group, names.get(word, word), Verdict.CONFIRMED, number)
            builder.cover(row, group)
        if unsure_key is not None and group >= 0:
            for word in _words(sample.get(unsure_key), separator):
                builder.decide(row, group, names.get(word, word), Verdict.UNSURE, number)
        for key, single in singles.items():
            for word in _words(sample.get(key), ""):
                builder.decide(row, single, word, Verdict.CONFIRMED, number)
                builder.cover(row, single)
        if split_key is not None and sample.get(split_key) is not None:
            builder.split(row, str(sample[split_key]).strip(), number)
    used = {photo_key, label_key, unsure_key, split_key, *singles}
    return builder.finish(key for key in keys if key not in used)


def _key(
    keys: list[str], told: str | None, usual: tuple[str, ...], option: str, name: str
) -> str | None:
    """Return the key of the objects that an option names, or the first usual one that is there."""
    folded = {fold_name(key): key for key in reversed(keys)}
    if told is not None:
        if fold_name(told) not in folded:
            raise TableError(f"{name} has no key {told} ({option}); it has {', '.join(keys)}.")
        return folded[fold_name(told)]
    return next((folded[fold_name(key)] for key in usual if fold_name(key) in folded), None)


def _separator(samples: list[Any], label_key: str | None, name: str, options: TableOptions) -> str:
    """Return what separates labels where they are written in one text, not as a list."""
    if options.separator is not None:
        return options.separator
    values = (sample.get(label_key) for sample in samples if isinstance(sample, dict))
    texts = {value for value in values if isinstance(value, str)}
    try:
        return find_separator(texts)
    except SeparatorDoubt as doubt:
        raise TableError(f"{name}: {doubt}; give --separator.") from doubt


def _words(value: Any, separator: str) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return [str(word).strip() for word in value if isinstance(word, str | int)]
    return split_names(str(value), separator)


def _read_annotations(value: dict[str, Any], name: str, options: TableOptions) -> ImportTable:
    """Read our own annotation file: schema, decisions, reviews and splits."""
    version = value.get("version")
    if not isinstance(version, int) or version > ANNOTATIONS_VERSION:
        raise TableError(
            f"{name} was written by a newer version of this program (format {version}); "
            f"update the program to read it."
        )
    builder = TableBuilder(name, options.partial)
    try:
        for group in value["schema"]["groups"]:
            _read_group(group, builder)
        sets = _read_label_sets(value.get("label_sets", {}), builder)
        for number, photo in enumerate(value["photos"], start=1):
            _read_photo(photo, sets, builder, number)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise TableError(
            f"{name} is an annotation file, but damaged: {type(error).__name__} {error}."
        ) from error
    builder.forget_drawn_parts()
    return builder.finish()


def _read_group(group: dict[str, Any], builder: TableBuilder) -> None:
    name, kind = group["name"], group["kind"]
    if kind not in ("multi", "single"):
        raise ValueError(f"kind {kind!r} of group {name}")
    builder.group(name, kind, [label["name"] for label in group["labels"]])
    for label in group["labels"]:
        if label.get("synonyms"):
            builder.synonyms[name, label["name"]] = tuple(label["synonyms"])
        if label.get("parent"):
            parent = label["parent"]
            builder.parents[name, label["name"]] = (parent["group"], parent["label"])
    if group.get("gate"):
        builder.gates[name] = (group["gate"]["group"], group["gate"]["label"])


def _read_label_sets(
    sets: dict[str, dict[str, list[str]]], builder: TableBuilder
) -> dict[tuple[str, str], tuple[int, int]]:
    """Return (set, group) → (index of the group, number of the label set)."""
    found = {}
    for set_name, groups in sets.items():
        for group, labels in groups.items():
            index = builder.group(group, "multi")
            found[set_name, group] = (index, builder.label_set(index, labels))
    return found


def _read_photo(
    photo: dict[str, Any],
    sets: dict[tuple[str, str], tuple[int, int]],
    builder: TableBuilder,
    number: int,
) -> None:
    row = builder.photo(_photo_name(photo))
    for key, verdict in _VERDICT_KEYS:
        for group, labels in photo.get(key, {}).items():
            index = builder.group(group, "multi")
            for label in labels:
                builder.decide(row, index, label, verdict, number)
    for group, set_name in photo.get("reviewed", {}).items():
        if (set_name, group) in sets:
            index, label_set = sets[set_name, group]
            builder.cover(row, index, label_set)
    if photo.get("split"):
        builder.split(row, str(photo["split"]), number)


def _photo_name(photo: dict[str, Any]) -> str:
    if "path_bytes" in photo:
        try:
            return os.fsdecode(base64.b64decode(photo["path_bytes"], validate=True))
        except binascii.Error as error:
            raise ValueError("path_bytes is not base64") from error
    return str(photo["path"])
