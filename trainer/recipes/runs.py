"""Finding the finished run of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, overload

from tagger.bundle.errors import BundleError
from tagger.bundle.files import read_json
from tagger.library.places import user_folder
from trainer.recipes.saved import MODEL, SavedError

REPORT = "report.json"


@overload
def finished_run(recipe: str, run: Path | None, missing_ok: Literal[False] = False) -> Path: ...


@overload
def finished_run(recipe: str, run: Path | None, missing_ok: bool) -> Path | None: ...


def finished_run(recipe: str, run: Path | None, missing_ok: bool = False) -> Path | None:
    """Return the folder of a finished run: the one asked for, else the recipe's newest.

    Args:
        recipe: name.
        run: asked for.
        missing_ok: return None where there is none, instead of raising.

    Raises:
        SavedError: there is none, or the one asked for is another recipe's or not finished.
    """
    if run is not None:
        found = _recipe_of(run)
        if found != recipe:
            what = "holds no finished run" if found is None else f"is a run of {found}"
            raise SavedError(f"{run} {what}. Give the run folder of {recipe}.")
        return run
    folders = [path for path in user_folder("runs").iterdir() if path.is_dir()]
    own = [path for path in folders if _recipe_of(path) == recipe]
    if own:
        return max(own, key=lambda path: (path / REPORT).stat().st_mtime)
    if missing_ok:
        return None
    raise SavedError(
        f"There is no finished run of {recipe} yet: run 'python -m trainer recipe {recipe} "
        "--data DIR' first, or give its folder with --run."
    )


def _recipe_of(run: Path) -> str | None:
    try:
        report = read_json(run / REPORT)
        return str(report["recipe"]) if (run / MODEL).is_file() else None
    except (BundleError, KeyError, TypeError):
        return None
