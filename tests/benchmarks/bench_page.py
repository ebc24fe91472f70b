"""The page of measured figures, `resources/BENCHMARKS.md`: sections that scripts replace.

A script that measures calls `replace_section("its-name", "Its title", text)`; the rest of the page
stays as it is. Run as a program it replaces a section by what comes on stdin:

    python tests/benchmarks/bench_page.py NAME "TITLE" < text.md
"""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "resources" / "BENCHMARKS.md"
PACKAGES = ("onnxruntime", "numpy", "pillow")

_OPENING = """\
# Measured figures

What this program was measured to do, each section with its date, machine and load, and the command
that measures it again. A script replaces its own section. Machines that others use too make single
figures jump: what is compared was measured in turn, in the same run.
"""


def replace_section(name: str, title: str, text: str, page: Path = PAGE) -> None:
    """Write a section of the page between its marks; a new one goes to the end.

    Args:
        name: of the marks, such as `suggest-everyday`.
        title: its heading.
        text: Markdown; `conditions` gives the line it should begin with.
        page: the file, made if missing.
    """
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    whole = page.read_text("utf-8") if page.exists() else _OPENING
    section = f"{begin}\n## {title}\n\n{text.strip()}\n{end}"
    if begin in whole:
        before, _, rest = whole.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"{page.name} has no {end!r}")
        whole = f"{before}{section}{after}"
    else:
        whole = f"{whole.rstrip()}\n\n{section}\n"
    page.write_text(whole, "utf-8")


def conditions(load: float | None = None, packages: Sequence[str] = PACKAGES) -> str:
    """Return a line that says when, where, with which versions and under which load."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    if load is None and hasattr(os, "getloadavg"):
        load = os.getloadavg()[0]
    said = "" if load is None else f"; load {load:.1f}"
    return f"{datetime.date.today():%Y-%m-%d}, {machine()}; {versions}{said}."


def machine() -> str:
    """Return processor, cores and system, without anything that names the computer."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first row is its head."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *body])


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    replace_section(sys.argv[1], sys.argv[2], sys.stdin.read())
