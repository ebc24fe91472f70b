"""Run all recipes on the shared photos, laid out as the sources had theirs; write the figures.

    python tests/benchmarks/bench_recipes.py DATA [--seconds 300] [--seeds 3] [--only NAME …]

DATA is the folder of photo sets; the runs lie in a temporary folder, which is named. With
`--runs FOLDER` nothing is run: the finished runs there are read (FOLDER/satellite, dogs, posters,
scenes-tags, tags, fashion). The figures go to `resources/BENCHMARKS.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench_page import conditions, replace_section, table

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "tests" / "trainer"))

import recipe_layouts  # noqa: E402 (lies beside the trainer's tests)

RUNS = (
    ("satellite-fbeta", "satellite", "scenes"),
    ("dog-breeds", "dogs", "garments"),
    ("posters-softf1", "posters", "posters"),
    ("photo-tags", "scenes-tags", "scenes"),
    ("photo-tags", "tags", "everyday"),
    ("fashion-attributes", "fashion", "attributes"),
)
NAMES = {"map": "mAP", "balanced_accuracy": "balanced accuracy"}
PACKAGES = ("torch", "timm", "numpy")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--runs", type=Path, help="read finished runs instead")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    chosen = [run for run in RUNS if not args.only or run[0] in args.only]
    runs = args.runs or _fights(args, chosen)
    reports = [
        (photos, json.loads((runs / layout / "report.json").read_text()))
        for _, layout, photos in chosen
        if (runs / layout / "report.json").is_file()
    ]
    text = _section(reports, load)
    print(text)
    replace_section("recipes", "Recipes: the sources' settings against ours", text)
    return 0


def _fights(args: argparse.Namespace, chosen: Sequence[tuple[str, str, str]]) -> Path:
    """Run the fights; return the folder that their run folders lie in."""
    home = Path(tempfile.mkdtemp(prefix="recipes-"))
    print(f"runs: {home}", file=sys.stderr)
    for recipe, layout, _ in chosen:
        folder = recipe_layouts.LAYOUTS[layout](args.data, home / "sets" / layout)
        command = [
            *(sys.executable, "-m", "trainer", "recipe", recipe, "--data", str(folder), "--json"),
            *("--run", str(home / "runs" / layout)),
            *("--seconds", str(args.seconds), "--seeds", str(args.seeds)),
        ]
        subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True)
    return home / "runs"


def _section(reports: Sequence[tuple[str, dict[str, Any]]], load: float) -> str:
    fights = [["recipe", "photos", "seconds", "judged by", "original", "ours", "difference"]]
    own = [["recipe", "photos", "method", "the source's own figures"]]
    for photos, report in reports:
        interval = f"{report['low']:+.3f} to {report['high']:+.3f}"
        fights.append(
            [
                *(report["recipe"], photos, f"{report['seconds']:.0f}", NAMES[report["metric"]]),
                *(f"{report['original_setting']:.3f}", f"{report['ours']:.3f}"),
                f"{report['difference']:+.3f} ({interval})",
            ]
        )
        for name, method in report["methods"].items():
            flat = {k: v for k, v in method["figures"].items() if not isinstance(v, dict)}
            said = ", ".join(f"{k} {v:.3f}" for k, v in flat.items())
            own.append([report["recipe"], photos, name, said])
    backbones = _backbones([report["backbone"] for _, report in reports])
    return (
        f"{conditions(load, PACKAGES)} Seconds for each side and seed; mean of "
        f"{reports[0][1]['seeds']} seeds; 95 % interval of the paired bootstrap over the judged "
        f"photos. {backbones}\n\n{table(fights)}\n\n{table(own)}\n\n"
        "Again: `python tests/benchmarks/bench_recipes.py DATA`"
    )


def _backbones(sentences: Sequence[str]) -> str:
    """Return what the reports say of backbones, those of one stand-in together."""
    parts = [sentence.partition(" stands in for ") for sentence in sentences]
    sources = list(dict.fromkeys(rest.partition(",")[0] for _, found, rest in parts if found))
    said = list(dict.fromkeys(whole for whole, found, _ in parts if not found))
    if sources:
        stand_in = next(name for name, found, _ in parts if found)
        said.append(
            f"{stand_in} stands in for {', '.join(sources)} on both sides: methods are compared "
            "on the same weights, not the sources' figures."
        )
    return " ".join(said)


if __name__ == "__main__":
    sys.exit(main())
