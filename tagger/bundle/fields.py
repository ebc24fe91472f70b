"""Read fields out of parsed JSON, naming the field in every complaint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tagger.bundle.errors import BundleError


class Fields:
    """One JSON object and where it stands in its file.

    Every getter raises `BundleError` with a sentence such as
    `bundle.json: groups[0].labels[2].name is missing`.

    Attributes:
        data: the object's values.
        where: the path of the object, for messages (`bundle.json: groups[0]`).
    """

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, dict):
            raise BundleError(f"{where} is not a JSON object")
        self.data: dict[str, Any] = data
        self.where = where

    def path(self, key: str) -> str:
        """Name the field `key` of this object."""
        return f"{self.where}{': ' if self.where.endswith('.json') else '.'}{key}"

    def text(self, key: str, default: str | None = None, *, empty: bool = True) -> str:
        """Return a string; `default` where the key is absent, if one is given."""
        value = self._get(key, default)
        if not isinstance(value, str):
            raise BundleError(f"{self.path(key)} is not a text")
        if not empty and not value.strip():
            raise BundleError(f"{self.path(key)} is empty")
        return value

    def text_or_none(self, key: str) -> str | None:
        """Return a string, or None where the key is absent or null."""
        return None if self.data.get(key) is None else self.text(key)

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """Return a finite number between `low` and `high`."""
        return as_number(self._get(key, default), self.path(key), low, high)

    def whole(self, key: str, low: int, default: int | None = None) -> int:
        """Return a whole number of at least `low`."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise BundleError(f"{self.path(key)} is not a whole number of at least {low}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """Return true or false."""
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise BundleError(f"{self.path(key)} is not true or false")
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        """Return a string that is one of `allowed`."""
        value = self._get(key, default)
        if value not in allowed:
            raise BundleError(f"{self.path(key)} is {value!r}, not one of: {', '.join(allowed)}")
        return str(value)

    def mapping(self, key: str) -> dict[str, Any]:
        """Return a JSON object, empty where the key is absent."""
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            raise BundleError(f"{self.path(key)} is not a JSON object")
        return value

    def items(self, key: str, default: list[Any] | None = None) -> list[Any]:
        """Return a JSON list."""
        value = self._get(key, default)
        if not isinstance(value, list):
            raise BundleError(f"{self.path(key)} is not a list")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings, empty where the key is absent."""
        values = self.items(key, [])
        if not all(isinstance(value, str) for value in values):
            raise BundleError(f"{self.path(key)} is not a list of texts")
        return tuple(values)

    def objects(self, key: str) -> list[Fields]:
        """Return a list of JSON objects, each knowing its place."""
        return [
            Fields(value, f"{self.path(key)}[{at}]") for at, value in enumerate(self.items(key))
        ]

    def _get(self, key: str, default: Any) -> Any:
        if key not in self.data and default is None:
            raise BundleError(f"{self.path(key)} is missing")
        return self.data.get(key, default)


def as_number(value: Any, where: str, low: float, high: float) -> float:
    """Return `value` as a float between `low` and `high`.

    Raises:
        BundleError: it is not such a number; the sentence begins with `where`.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BundleError(f"{where} is not a number")
    if not math.isfinite(value) or not low <= value <= high:
        raise BundleError(f"{where} is {value:g}, not between {low:g} and {high:g}")
    return float(value)
