"""What the last set-up did, kept in the environment itself so that it goes when that goes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

NAME = "photo-tagger-setup.json"
METHOD = "1"  # raise it when the way of installing changes, so that every environment follows


@dataclass(frozen=True)
class State:
    """The record of the last set-up of one environment.

    `digest` names what was asked for (see `digest_of`), "" before the first success;
    `unfinished` is set while packages are being written, so that a kill is noticed;
    `extras` are the optional parts ever asked for, which later set-ups keep;
    `torch` is which build of torch was taken ("cpu", "default", or "" for none);
    `where` is the environment's path when it was made, since its programs hold that path;
    `distributions` are the names of the folders of metadata that were there after success.
    """

    digest: str = ""
    unfinished: bool = False
    extras: tuple[str, ...] = ()
    torch: str = ""
    where: str = ""
    distributions: tuple[str, ...] = ()

    def wanting(self, extras: Iterable[str]) -> State:
        """Return the same state with further optional parts remembered."""
        return replace(self, extras=tuple(sorted({*self.extras, *extras})))


def read_state(environment: Path) -> State:
    """The state kept in `environment`; a fresh one where there is none that can be read."""
    try:
        kept = json.loads((environment / NAME).read_text(encoding="utf-8"))
        known = {field.name: kept[field.name] for field in fields(State) if field.name in kept}
    except (OSError, ValueError, TypeError):
        return State()
    lists = {key: tuple(value) for key, value in known.items() if isinstance(value, list)}
    return State(**{**known, **lists})


def write_state(environment: Path, state: State) -> None:
    """Replace the state kept in `environment`, in one step."""
    path = environment / NAME
    half = path.with_suffix(".new")
    half.write_text(json.dumps(asdict(state), indent=1) + "\n", encoding="utf-8")
    os.replace(half, path)


def digest_of(files: Iterable[Path], *facts: str) -> str:
    """A hash over the names and contents of `files` and over `facts`; changes when any does."""
    total = hashlib.sha256(METHOD.encode())
    for path in files:
        total.update(b"\0file\0" + path.name.encode() + b"\0" + path.read_bytes())
    for fact in facts:
        total.update(b"\0fact\0" + fact.encode())
    return total.hexdigest()


def distributions(site_packages: Path | None) -> tuple[str, ...]:
    """The names of the metadata folders of what is installed, sorted."""
    if site_packages is None:
        return ()
    names = os.listdir(site_packages)
    return tuple(sorted(name for name in names if name.endswith(".dist-info")))
