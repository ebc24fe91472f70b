"""Errors whose text is the sentence the user reads."""

from __future__ import annotations


class TaggerError(Exception):
    """Something could not be done; the message says what, where, and what to do about it."""
