"""Names and ids: how names are compared, how new ids are made, what time it is."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import UTC, datetime

_DROPPED = str.maketrans("", "", " _-\t\u00a0")


def fold_name(name: str) -> str:
    """Return the form in which names are compared: no case, spaces, `_`, `-`; NFC."""
    return unicodedata.normalize("NFC", name).casefold().translate(_DROPPED)


def clean_name(name: str) -> str:
    """Return a name as it is stored: one line, NFC, no spaces at the ends or doubled."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def new_id() -> str:
    """Return a new permanent id: 128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def utc_now() -> str:
    """Return the present time as it is stored: UTC to the second, `2026-11-21T09:00:00Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
