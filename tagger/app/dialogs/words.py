"""Numbers and dates as they stand in dialogs."""

from __future__ import annotations

from datetime import datetime


def count(number: int, thing: str, things: str | None = None) -> str:
    """Return `1 photo`, `412 photos`, `no photos`."""
    if number == 1:
        return f"1 {thing}"
    words = things or f"{thing}s"
    return f"no {words}" if number == 0 else f"{number:,} {words}"


def listed(names: list[str], most: int = 5) -> str:
    """Return `a, b and c`; past `most` names `a, b and 12 more`."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1:,} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def quoted(name: str) -> str:
    """Return a name in the quotes that names have in sentences."""
    return f"“{name}”"


def moment(text: str) -> str:
    """Return a time in ISO 8601 as date and minute of this place; other text as it is."""
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    return f"{when.astimezone():%Y-%m-%d %H:%M}"


def percent(share: float) -> str:
    """Return a share as whole percents."""
    return f"{share * 100:.0f} %"
