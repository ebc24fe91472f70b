"""Small facts about this machine that are costly to find out, kept between starts."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from tagger.library.places import user_data_dir

FILE = "suggester.json"
_MOST = 200


def recall(kind: str, key: str) -> Any:
    """Return what was remembered under this key, or None."""
    return _read().get(kind, {}).get(key)


def remember(kind: str, key: str, value: Any) -> None:
    """Keep a JSON value; of each kind the latest 200 stay. A failure is not worth an error."""
    everything = _read()
    facts = everything.setdefault(kind, {})
    facts.pop(key, None)
    facts[key] = value
    everything[kind] = dict(list(facts.items())[-_MOST:])
    path = user_data_dir() / FILE
    fresh = path.with_name(f"{FILE}-{secrets.token_hex(4)}.new")
    try:
        fresh.write_text(json.dumps(everything, indent=1), "utf-8")
        os.replace(fresh, path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()


def _read() -> dict[str, dict[str, Any]]:
    path: Path = user_data_dir() / FILE
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {kind: facts for kind, facts in found.items() if isinstance(facts, dict)}
