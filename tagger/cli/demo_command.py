"""Try the program: open the window on sample photos, or on a folder of yours.

Without a usable display the same job is done headless: suggestions are computed, annotation JSON
and CSV written, and a screenshot of the real window saved; the last three lines are their paths.

  tagger demo
  tagger demo ~/Photos
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from pathlib import Path

from tagger.cli.display import has_display
from tagger.cli.opening import ModelError, opened_library
from tagger.cli.output import remark
from tagger.cli.suggest_command import suggest_library
from tagger.library.exporting import export_wide
from tagger.library.mirror import write_mirror
from tagger.library.opening import checked_folder
from tagger.library.places import user_data_dir, user_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", nargs="?", type=Path, help="your photos instead of the samples")


def run(args: argparse.Namespace) -> int:
    """Run the demo; returns the exit code."""
    folder = args.folder or user_data_dir() / "samples" / "photos"
    if args.folder is None and not folder.is_dir():
        raise ModelError(
            f"The sample photos are not at {folder}: fetch them with "
            f"“python3 installer/bootstrap.py demo”, or give a folder of yours."
        )
    checked_folder(folder)
    if has_display():
        return int(importlib.import_module("tagger.app.main").run_window(folder))
    remark("There is no usable display: the demo runs headless.")
    return _headless(folder)


def _headless(folder: Path) -> int:
    results = user_folder("demo")
    with opened_library(folder) as opened:
        suggest_library(opened.library)
        annotations = write_mirror(opened.library.places, opened.library.catalog).path
        table = results / "labels.csv"
        export_wide(opened.library, table)
    screenshot = results / "window.png"
    remark("Taking a screenshot of the window …")
    quiet = {"QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": "default.warning=false"}
    environment = {**os.environ, **quiet}
    script = "import sys; from pathlib import Path; from tagger.app.main import run_window; "
    script += "sys.exit(run_window(Path(sys.argv[1]), screenshot=Path(sys.argv[2])))"
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(screenshot)],
        env=environment,
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode or not screenshot.is_file():
        raise ModelError("The window could not be shown for the screenshot; see above.")
    for path in (annotations, table, screenshot):
        print(path.absolute(), flush=True)
    return 0
