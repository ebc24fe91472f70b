"""What commands print: one result on stdout, progress and remarks on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any


def emit(data: Mapping[str, Any], as_json: bool, text: str) -> None:
    """Print the result: one line of JSON, or text for people.

    Whatever the file names hold, the line is UTF-8: bytes that are not stand escaped, in JSON as
    `os.fsdecode` gives them.
    """
    line = json.dumps(data, ensure_ascii=False) if as_json else text
    if not _is_utf8(line):
        line = json.dumps(data) if as_json else line.encode("utf-8", "backslashreplace").decode()
    print(line, flush=True)


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def remark(text: str) -> None:
    """Say something beside the result, on stderr."""
    print(text, file=sys.stderr, flush=True)


class ProgressLine:
    """One line on stderr that is rewritten on a terminal, and now and then elsewhere."""

    def __init__(self, every_seconds: float = 5.0) -> None:
        self._live = sys.stderr.isatty()
        self._every = 0.1 if self._live else every_seconds
        self._last = time.monotonic() - (self._every if self._live else 0.0)
        self._width = 0

    def show(self, text: str) -> None:
        """Show how far the work is, if enough time has passed."""
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        if self._live:
            print(f"\r{text.ljust(self._width)}", end="", file=sys.stderr, flush=True)
            self._width = len(text)
        else:
            remark(text)

    def done(self) -> None:
        """End the line."""
        if self._live and self._width:
            print(file=sys.stderr, flush=True)
            self._width = 0
