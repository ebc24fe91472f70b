"""Compute suggestions for a folder of photos with the library's active model.

A new folder is opened first: photos are found, keywords they hold come in, and the starter model
is prepared if there is none. What is finished is not done again; broken photos are listed.

  tagger suggest ~/Photos
  tagger suggest ~/Photos --json
  tagger suggest ~/Photos --retry      # once more the photos that could not be read
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tagger.cli.opening import ensure_bundle, opened_library
from tagger.cli.output import ProgressLine, emit, remark
from tagger.library.library import Library
from tagger.library.session import bundle_store, settle_model
from tagger.suggest.blocking import SuggestResult, run_suggest
from tagger.suggest.protocol import Message


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, help="folder of photos")
    parser.add_argument(
        "--provider",
        default="auto",
        help="auto (default), or the one to use: cuda, cpu, …; what was obtained is printed",
    )
    parser.add_argument(
        "--retry", action="store_true", help="also try the photos again that could not be read"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Suggest; returns the exit code."""
    with opened_library(args.folder) as opened:
        result = suggest_library(opened.library, args.provider, retry=args.retry)
    emit(result.to_json(), args.json, _text(result))
    return 0


def suggest_library(
    library: Library, provider: str = "auto", *, retry: bool = False
) -> SuggestResult:
    """Compute what is missing in an opened library, with progress on stderr.

    `retry` has photos tried again that could not be read.
    """
    ensure_bundle(library)
    assert library.bundle is not None
    folder = bundle_store().folder(library.bundle.bundle_id)
    line = ProgressLine()

    def show(message: Message) -> None:
        if message["type"] == "progress":
            left = message.get("seconds_left")
            rest = "" if left is None else f", {_duration(left)} left"
            line.show(
                f"{message['done']} of {message['total']} photos, "
                f"{message['photos_per_s']:.0f} photos/s{rest}"
            )

    try:
        result = run_suggest(
            library.places.home,
            folder,
            provider=provider,
            retry=[] if retry else None,
            on_message=show,
        )
    finally:
        line.done()
    for reason in result.reasons:
        remark(reason)
    library.refresh_scores()
    settle_model(library)
    return result


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _text(result: SuggestResult) -> str:
    lines = [f"{problem['path']}: {problem['reason']}" for problem in result.problems]
    speed = f" at {result.photos_per_s:.0f} photos/s" if result.done else ""
    lines.append(
        f"{result.photos} photos: {result.done} computed{speed} on {result.provider}, "
        f"{result.skipped} were there already, {len(result.problems)} cannot be read."
    )
    return "\n".join(lines)
