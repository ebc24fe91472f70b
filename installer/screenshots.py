"""Takes the pictures of the documentation from the real window, in `docs/screenshots/`.

    .venv/bin/python installer/screenshots.py [--train FOLDER LABELS]

The window works offscreen on a copy of the demo's sample photos (those whose terms are known),
with settings and models of its own, so nothing of the user's is touched. With `--train` the
labels of a table are imported for a copy of the photos in FOLDER, a quick retraining is run from
its dialog, and the report is pictured too: it shows figures, no photos.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagger.app.window import Window

CHECKOUT = Path(__file__).resolve().parent.parent
TARGET = CHECKOUT / "docs" / "screenshots"
SIZE = (1280, 800)
OPEN_PHOTO = "grace_hopper.jpg"
UNCLEAR_TERMS = {"moon.png", "motorcycle.png"}
PATIENCE_S = 300.0


def main() -> int:
    """Take the pictures; returns the exit code."""
    sys.path.insert(0, str(CHECKOUT))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument(
        "--train", nargs=2, type=Path, metavar=("FOLDER", "LABELS"), help="picture a report too"
    )
    training = parser.parse_args().train
    from tagger.library.places import user_data_dir

    photos = user_data_dir() / "samples" / "photos"
    if not photos.is_dir():
        print("First fetch the sample photos: python3 installer/bootstrap.py demo", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="photo-tagger-") as temporary:
        os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={_screen(Path(temporary))}"
        os.environ["TAGGER_DATA_DIR"] = str(Path(temporary) / "user data")
        _prepare_starter()
        _picture_photos(_copied(photos, Path(temporary) / "Photos"))
        if training:
            folder, labels = training
            _picture_report(_copied(folder, Path(temporary) / folder.name), labels)
    return 0


def _screen(folder: Path) -> Path:
    """Describe the screen: dialogs are as large as it allows, and Qt's own is 800 × 800."""
    width, height = SIZE
    screen = {"name": "screen", "x": 0, "y": 0, "width": width, "height": height}
    screen |= {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    path = folder / "screen.json"
    path.write_text(json.dumps({"screens": [screen]}), "utf-8")
    return path


def _prepare_starter() -> None:
    """Build the starter in the temporary user data folder."""
    from tagger.library.places import user_folder
    from trainer.starter.build import ensure_starter

    ensure_starter(user_folder("bundles"))


def _copied(source: Path, target: Path) -> Path:
    """Copy the photos of `source`, without what the program left there."""
    shutil.copytree(
        source,
        target,
        ignore=shutil.ignore_patterns(".*", "*.txt", "*.json", "*.csv", *UNCLEAR_TERMS),
        copy_function=shutil.copyfile,
    )
    return target


def _opened(folder: Path) -> Window:
    """Open the window on a folder and wait for its suggestions."""
    from PySide6.QtCore import QSize

    from tagger.app.main import make_application, make_window
    from tagger.app.screenshots import wait_until_ready

    make_application()
    window = make_window()
    window.resize(QSize(*SIZE))
    window.show()
    wait_until_ready(window, folder, PATIENCE_S)
    return window


def _picture_photos(folder: Path) -> None:
    """Picture grid and loupe, with a photo open that has suggestions."""
    from tagger.app.screenshots import save

    window = _opened(folder)
    photos = window.session.library.photos
    named = {os.fsdecode(photos.path(int(slot))): int(slot) for slot in window.desk.photos.order}
    window.desk.selection.choose(named[OPEN_PHOTO])
    _saved(save, window, "grid")
    window.perform("view.loupe")
    _saved(save, window, "loupe")
    window.close()


def _picture_report(folder: Path, labels: Path) -> None:
    """Import `labels`, retrain from the dialog, and picture its report."""
    from tagger.__main__ import main as tagger
    from tagger.app.dialogs.retrain import open_retrain

    code = tagger(["import", str(folder), str(labels)])
    if code:
        raise SystemExit(code)
    window = _opened(folder)
    dialog = open_retrain(window)
    dialog.start()
    _wait(lambda: not dialog.run.running)
    if dialog.run.report is None:
        raise SystemExit(f"The retraining gave no report: {dialog.run.failure}")
    _wait(lambda: dialog.pages.shown is dialog.view)
    dialog.grab().save(str(TARGET / "report.png"))
    print(TARGET / "report.png")
    dialog.close()
    window.close()


def _saved(save: Callable[[Window, Path], None], window: Window, name: str) -> None:
    save(window, TARGET / f"{name}.png")
    print(TARGET / f"{name}.png")


def _wait(done: Callable[[], bool]) -> None:
    """Let Qt work until `done()` holds, and a moment longer for the picture to settle."""
    from PySide6.QtCore import QEventLoop, QTimer

    end, calm = time.monotonic() + PATIENCE_S, 0
    while calm < 5 and time.monotonic() < end:
        loop = QEventLoop()
        QTimer.singleShot(50, loop.quit)
        loop.exec()
        calm = calm + 1 if done() else 0


if __name__ == "__main__":
    sys.exit(main())
