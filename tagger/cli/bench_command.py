"""Measure how fast this machine suggests, and how near that is to what it could do.

Nothing is written into FOLDER, nothing is kept, and what was computed before is not used.

  tagger bench suggest ~/Photos
  tagger bench suggest ~/Photos --photos 500 --provider cpu --json
  tagger bench suggest ~/Photos --json --details      # also load, breakdown, every slice
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tagger.bundle.spec import SPEC_FILE
from tagger.cli.opening import prepare_starter
from tagger.cli.output import ProgressLine, emit, remark
from tagger.library.opening import checked_folder
from tagger.library.session import bundle_store
from tagger.suggest.benching import run_bench

_KEYS = (
    "decode_per_s",
    "model_per_s",
    "bound_per_s",
    "end_to_end_per_s",
    "ratio",
    "naive_per_s",
    "provider",
    "batch",
    "rss_mb",
    "photos",
)

_STAGES = {
    "facts": "what a scan reads of it",
    "read": "reading the file",
    "decode": "decoding",
    "resize": "resizing",
    "hash": "perceptual hash",
    "copy": "putting batches together",
    "model": "model",
    "store": "storing",
    "other": "queues, messages, the rest",
    "waiting": "waiting, or taken by other programs",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be measured, and the options."""
    subjects = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
    suggest = subjects.add_parser("suggest", help="from photo files to stored suggestions")
    suggest.add_argument("folder", type=Path, help="folder of photos; only read")
    suggest.add_argument(
        "--model", help="id of a model, its folder, or a .tagmodel file; else the default model"
    )
    suggest.add_argument(
        "--provider", default="auto", help="auto (default), or the one to use: cuda, cpu, …"
    )
    suggest.add_argument(
        "--photos", type=_count, help="use at most so many photos, drawn at random"
    )
    suggest.add_argument(
        "--seconds", type=_seconds, default=60.0, help="measure for about so long (60)"
    )
    suggest.add_argument("--json", action="store_true", help="print one line of JSON")
    suggest.add_argument(
        "--details", action="store_true", help="with --json: also load, breakdown and every slice"
    )


def run(args: argparse.Namespace) -> int:
    """Measure; returns the exit code."""
    folder = checked_folder(args.folder)
    bundle = _bundle(args.model)
    line = ProgressLine()
    try:
        figures = run_bench(
            folder,
            bundle,
            provider=args.provider,
            photos=args.photos,
            seconds=args.seconds,
            on_progress=line.show,
        )
    finally:
        line.done()
    for reason in figures["reasons"]:
        remark(reason)
    shown = figures if args.details else {key: figures[key] for key in _KEYS}
    emit(shown, args.json, _text(figures))
    return 0


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1 photo is needed")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 1 <= number <= 3600:
        raise argparse.ArgumentTypeError("between 1 and 3600 seconds")
    return number


def _bundle(wanted: str | None) -> Path:
    """Return the folder or file of the model to measure with; the starter is made if need be."""
    store = bundle_store()
    if wanted is None:
        return store.folder(store.default() or prepare_starter())
    path = Path(wanted)
    if path.is_file() or (path / SPEC_FILE).is_file():
        return path
    return store.folder(wanted)


def _text(figures: dict[str, Any]) -> str:
    return "\n".join([*_speeds(figures), "", *_times(figures), "", _verdict(figures)])


def _speeds(figures: dict[str, Any]) -> list[str]:
    """Return the speeds side by side, with the letters that the verdict uses."""
    shared = figures["provider"] == "cpu"
    formula = "1/(1/D + 1/I), both need the cores" if shared else "the slower of D and I"
    rows = [
        ("D", figures["decode_per_s"], "decoding alone, on all cores"),
        ("I", figures["model_per_s"], f"model alone, batch {figures['batch']}"),
        ("B", figures["bound_per_s"], f"bound of any pipeline: {formula}"),
        ("E", figures["end_to_end_per_s"], "end to end, from file to stored suggestions"),
        ("N", figures["naive_per_s"], "naive loop: decoded in full, one photo per call"),
    ]
    return [
        f"{figures['photos']} photos, {figures['model']['name']}, on {figures['provider']}, "
        f"{figures['cores']} cores, load {figures['load']}, {figures['rounds']} rounds",
        "",
        *(f"  {sign}{rate:>10.1f} photos/s   {what}" for sign, rate, what in rows),
    ]


def _times(figures: dict[str, Any]) -> list[str]:
    """Return where the time of the end-to-end slices went."""
    parts = figures["breakdown_ms"]
    whole = sum(parts.values()) or 1.0
    shares = figures["shares"]
    return [
        "Where the time went, per photo, in milliseconds of one core:",
        *(
            f"  {_STAGES[stage]:<36}{spent:>9.3f}{spent / whole:>7.0%}"
            for stage, spent in parts.items()
        ),
        f"  {'together':<36}{whole:>9.3f}   = {figures['cores']} cores, all the time",
        f"Of the work: disk {shares['disk']:.0%}, decoding {shares['decode']:.0%}, "
        f"model {shares['model']:.0%}, storing {shares['store']:.0%}. "
        f"Memory at most {figures['rss_mb']:.0f} MB.",
    ]


def _verdict(figures: dict[str, Any]) -> str:
    faster = f"; E/N = {figures['speedup']:.2f}" if figures["speedup"] else ""
    return (
        f"E/B = {figures['ratio']:.2f}: {figures['end_to_end_per_s']:.1f} photos/s, "
        f"{figures['ratio']:.0%} of what this machine could do at most{faster}."
    )
