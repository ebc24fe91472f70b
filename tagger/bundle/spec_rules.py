"""What must hold of a spec as a whole: ids, names, parents, gates, thresholds."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tagger.bundle.errors import BundleError
from tagger.bundle.spec import SPEC_FILE, BundleGroup, BundleLabel, BundleSpec
from tagger.core.names import fold_name

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_HASH = re.compile(r"[0-9a-f]{32}")


def check_spec(spec: BundleSpec, where: str = SPEC_FILE) -> None:
    """Check everything about a spec that does not need the other files.

    Ids of the bundle and its space are checked only where they are filled in.

    Raises:
        BundleError: what is wrong; the sentence names the field.
    """
    for field, value in (("bundle_id", spec.bundle_id), ("space_id", spec.space_id)):
        if value and not _HASH.fullmatch(value):
            raise BundleError(f"{where}: {field} is not 32 hexadecimal digits")
    if not spec.name.strip():
        raise BundleError(f"{where}: name is empty")
    if not spec.groups:
        raise BundleError(f"{where}: groups is empty: a bundle needs at least one group of labels")
    if spec.embedding_size < 1:
        raise BundleError(f"{where}: embedding_size is {spec.embedding_size}")
    _check_ids(spec, where)
    _check_names([(f"groups[{g}]", group.name) for g, group in enumerate(spec.groups)], where)
    for at, group in enumerate(spec.groups):
        _check_group(group, f"{where}: groups[{at}]")
    _check_parents(spec, where)
    _check_gates(spec, where)


def unique_key(name: str) -> str:
    """Return what must be unique among the names of a group; never empty for a name that is not."""
    return fold_name(name) or name


def _check_ids(spec: BundleSpec, where: str) -> None:
    groups = [(f"groups[{g}]", group.id) for g, group in enumerate(spec.groups)]
    labels = [
        (f"groups[{g}].labels[{at}]", label.id)
        for g, group in enumerate(spec.groups)
        for at, label in enumerate(group.labels)
    ]
    for things in (groups, labels):
        seen: dict[str, str] = {}
        for place, identifier in things:
            if not _ID.fullmatch(identifier):
                raise BundleError(f"{where}: {place}.id {identifier!r} is not an id")
            if identifier in seen:
                raise BundleError(
                    f"{where}: {place}.id {identifier!r} is already that of {seen[identifier]}"
                )
            seen[identifier] = place


def _check_names(named: Iterable[tuple[str, str]], where: str) -> None:
    seen: dict[str, str] = {}
    for place, name in named:
        if not name.strip():
            raise BundleError(f"{where}: {place}.name is empty")
        other = seen.setdefault(unique_key(name), place)
        if other != place:
            raise BundleError(f"{where}: {place}.name {name!r} is the same as that of {other}")


def _check_group(group: BundleGroup, where: str) -> None:
    if group.kind not in ("multi", "single"):
        raise BundleError(f"{where}.kind is {group.kind!r}, not multi or single")
    if not group.labels:
        raise BundleError(f"{where}.labels is empty")
    if group.has_null and group.kind == "multi":
        raise BundleError(f"{where}.has_null is for single groups only")
    _check_names([(f"labels[{at}]", label.name) for at, label in enumerate(group.labels)], where)
    for at, label in enumerate(group.labels):
        if not 0 <= label.default_threshold <= 1:
            raise BundleError(
                f"{where}.labels[{at}].default_threshold is {label.default_threshold}, "
                "not between 0 and 1"
            )
    for name, thresholds in group.operating_points.items():
        if len(thresholds) != len(group.labels):
            raise BundleError(
                f"{where}.operating_points.{name} has {len(thresholds)} thresholds "
                f"for {len(group.labels)} labels"
            )
        if not all(0 <= value <= 1 for value in thresholds):
            raise BundleError(f"{where}.operating_points.{name} leaves the range 0 to 1")


def _check_parents(spec: BundleSpec, where: str) -> None:
    labels: dict[str, BundleLabel] = {x.id: x for group in spec.groups for x in group.labels}
    sound: set[str] = set()
    for label in labels.values():
        path: list[str] = []
        here: str | None = label.id
        while here is not None and here not in sound:
            if here in path:
                raise BundleError(
                    f"{where}: label {label.name!r} ({label.id}) is its own ancestor: "
                    "parent makes a circle"
                )
            path.append(here)
            parent = labels[here].parent
            if parent is not None and parent not in labels:
                raise BundleError(
                    f"{where}: parent {parent!r} of label {labels[here].name!r} is not a label "
                    "of this bundle"
                )
            here = parent
        sound.update(path)


def _check_gates(spec: BundleSpec, where: str) -> None:
    home = {label.id: group for group in spec.groups for label in group.labels}
    for at, group in enumerate(spec.groups):
        passed = []
        here: BundleGroup | None = group
        while here is not None and here.gate is not None:
            passed.append(here.id)
            here = home.get(here.gate)
            if here is None:
                raise BundleError(
                    f"{where}: groups[{at}].gate {group.gate!r} is not a label of this bundle"
                )
            if here.id in passed:
                raise BundleError(
                    f"{where}: groups[{at}].gate waits for itself: the group would never open"
                )
