"""Run all recipes on the shared photos, laid out as the sources had theirs; print a table.

    python tests/benchmarks/bench_recipes.py DATA [--seconds 300] [--seeds 3] [--only NAME …]

DATA is the folder of photo sets. The runs lie in a temporary folder, which is named.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[])
    args = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="recipes-"))
    print(f"runs: {home}; load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    print("| recipe | photos | judged by | original | ours | difference |")
    print("| --- | --- | --- | ---: | ---: | ---: |")
    for recipe, layout, photos in RUNS:
        if args.only and recipe not in args.only:
            continue
        folder = recipe_layouts.LAYOUTS[layout](args.data, home / "sets" / layout)
        run = home / "runs" / layout
        command = [
            *(sys.executable, "-m", "trainer", "recipe", recipe, "--data", str(folder), "--json"),
            *("--run", str(run), "--seconds", str(args.seconds), "--seeds", str(args.seeds)),
        ]
        done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True)
        line = json.loads(done.stdout.splitlines()[-1])
        print(
            f"| {recipe} | {photos} | {line['metric']} | {line['original_setting']:.3f} | "
            f"{line['ours']:.3f} | {line['difference']:+.3f} ({line['low']:+.3f} to "
            f"{line['high']:+.3f}) |",
            flush=True,
        )
        report = json.loads((run / "report.json").read_text())
        for name, method in report["methods"].items():
            flat = {k: v for k, v in method["figures"].items() if not isinstance(v, dict)}
            print(f"  {name}: {flat}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
