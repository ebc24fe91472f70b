"""Writes the lock files in `requirements/` from `pyproject.toml` and the `.in` files beside them.

    .venv/bin/python installer/lock.py [--upgrade]

Without `--upgrade` versions stay where the sources still allow them. Locks hold for every
system and Python version at once, with hashes and without the address of any package index.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
REQUIREMENTS = CHECKOUT / "requirements"
OPTIONS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"),
    *("--no-emit-index-url", "--no-header", "--annotation-style", "line"),
)
TORCH = re.compile(r"(torch|torchvision|triton|nvidia-[\w-]+|cuda-[\w-]+)$")
TORCH_CPU = """\
# torch for the processor alone comes from an index of its own, whose files have other hashes.
# The versions are those of torch.txt; what they depend on is in base.txt and training.txt.
"""


def main() -> int:
    """Write all locks, those first whose versions the later ones must keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions allowed")
    upgrade = parser.parse_args().upgrade
    compile_lock("pyproject.toml", "base", upgrade=upgrade)
    compile_lock("training.in", "training", keep=["base"], upgrade=upgrade, also_read="torch")
    split_torch()
    kept = ["base", "training", "torch"]
    for name in ("cpu", "gpu", "test"):
        compile_lock(f"{name}.in", name, keep=kept, upgrade=upgrade)
    for name in ("starter", "samples", "uv"):
        compile_lock(f"{name}.in", name, upgrade=upgrade, deps=False)
    return 0


def compile_lock(
    source: str,
    name: str,
    *,
    keep: list[str] | None = None,
    upgrade: bool = False,
    deps: bool = True,
    also_read: str = "",
) -> None:
    """Resolve `source` into `NAME.txt`, at the versions of the locks in `keep`.

    `deps=False` leaves out what the packages depend on. `also_read` is a lock that was split off
    from this one, whose versions are kept too.
    """
    lock = REQUIREMENTS / f"{name}.txt"
    other = REQUIREMENTS / f"{also_read}.txt"
    if also_read and lock.exists() and other.exists():
        lock.write_text(lock.read_text("utf-8") + other.read_text("utf-8"), "utf-8")
    path = source if source == "pyproject.toml" else f"requirements/{source}"
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", *OPTIONS, path]
    for constraint in keep or ():
        command += ["--constraint", f"requirements/{constraint}.txt"]
    command += ["--upgrade"] if upgrade else []
    command += [] if deps else ["--no-deps"]
    subprocess.run(
        [*command, "--output-file", f"requirements/{name}.txt"], cwd=CHECKOUT, check=True
    )
    print(lock.relative_to(CHECKOUT), len(entries(lock.read_text("utf-8"))), "packages")


def entries(lock: str) -> dict[str, str]:
    """The text of a lock by package name: requirement, hashes, and the note on who needs it.

    A package that is pinned differently for different systems has all its entries joined.
    """
    found: dict[str, str] = {}
    for entry in re.split(r"(?m)^(?=[A-Za-z0-9])", lock):
        match = re.match(r"[A-Za-z0-9._-]+(?===)", entry)
        if match:
            found[match[0]] = found.get(match[0], "") + entry
    return found


def split_torch() -> None:
    """Move torch and the CUDA libraries from `training.txt` into `torch.txt` and `torch-cpu.txt`.

    So the rest can be installed beside either build of torch.
    """
    training = REQUIREMENTS / "training.txt"
    found = entries(training.read_text("utf-8"))
    torch = {name: entry for name, entry in found.items() if TORCH.match(name)}
    rest = "".join(entry for name, entry in found.items() if name not in torch)
    training.write_text(rest, "utf-8")
    (REQUIREMENTS / "torch.txt").write_text("".join(torch.values()), "utf-8")
    pins = (torch[name].split()[0] + "\n" for name in ("torch", "torchvision"))
    (REQUIREMENTS / "torch-cpu.txt").write_text(TORCH_CPU + "".join(pins), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
