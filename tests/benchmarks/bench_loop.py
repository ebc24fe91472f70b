"""Figures and times of the whole loop, measured through the real program on the real photo sets.

    python tests/benchmarks/bench_loop.py                 everything, some minutes
    python tests/benchmarks/bench_loop.py --only window   one part: models, fast, everyday …
    python tests/benchmarks/bench_loop.py --only big --write    and into the page of figures

Prints a table with the machine and its load; nothing is judged by a test, since times on a busy
machine say little. The photo sets are found as the tests find them ($TAGGER_TEST_DATA, else
../shared/data beside the checkout). Works in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests" / "e2e")]

from bench_figures import Figure, line, load, promise_text, value_text  # noqa: E402
from bench_page import conditions, replace_section, table  # noqa: E402

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHONPATH"] = str(CHECKOUT)


Part = Callable[[Path, Path], Iterator[Figure]]
"""(photo sets, working folder) → figures."""


def parts() -> dict[str, Part]:
    """Return the parts by name, in the order they run."""
    import bench_big
    import bench_models
    import bench_window

    return {
        "models": bench_models.small_sets,
        "fast": bench_models.fast_starter,
        "everyday": bench_window.everyday,
        "window": bench_window.first_paint,
        "bulk": bench_window.bulk,
        "big": bench_big.big,
    }


def photo_sets() -> Path:
    """Return the folder of the photo sets; ends the program without it."""
    given = os.environ.get("TAGGER_TEST_DATA")
    folder = Path(given) if given else CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        sys.exit(f"No photo sets at {folder}: set TAGGER_TEST_DATA.")
    return folder


def prepare_user(work: Path) -> None:
    """Give the run a user data folder of its own, with the starter in it."""
    os.environ["TAGGER_DATA_DIR"] = str(work / "user-data")
    from tagger.library.places import user_folder
    from trainer.starter.build import ensure_starter

    ensure_starter(user_folder("bundles"))


def machine() -> str:
    """Return what this was measured on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{platform.system()} {platform.machine()}, {cores} cores, Python {sys.version.split()[0]}"
    )


TITLES = {
    "models": "Retrained models beside the starter",
    "fast": "The fast starter in the whole loop",
    "everyday": "The whole loop on `everyday`",
    "window": "The window's first pictures",
    "bulk": "Many photos decided at once",
    "big": "The window on 100,000 photos",
}


def write_page(name: str, figures: list[Figure]) -> None:
    """Replace a part's section of the page of figures."""
    rows = [["", "measured", "promised"]]
    rows += [[each.what.strip(), value_text(each), promise_text(each)] for each in figures]
    again = f"Again: `python tests/benchmarks/bench_loop.py --only {name} --write`"
    replace_section(f"loop-{name}", TITLES[name], f"{conditions()}\n\n{table(rows)}\n\n{again}")


def main() -> int:
    """Measure and print; returns 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=sorted(parts()), help="measure one part")
    parser.add_argument("--write", action="store_true", help="also into resources/BENCHMARKS.md")
    arguments = parser.parse_args()
    only = arguments.only
    print(f"{machine()}; load at the start {load()}\n")
    print(f"{'':52}{'measured':>12}{'promised':>14}   load")
    broken = 0
    with tempfile.TemporaryDirectory(prefix="bench-loop-") as folder:
        work = Path(folder)
        prepare_user(work)
        for name, measure in parts().items():
            if only in (None, name):
                figures = []
                for figure in measure(photo_sets(), work):
                    broken += not figure.kept
                    figures.append(figure)
                    print(line(figure), flush=True)
                if arguments.write:
                    write_page(name, figures)
    print(f"\n{time.strftime('%Y-%m-%d')}: {'all kept' if not broken else f'{broken} NOT KEPT'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
