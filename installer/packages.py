"""Bringing the environment to exactly what the lock files name, and nothing when it is there."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from installer import places
from installer.console import SetupError, ask, run, say
from installer.environment import ensure_uv
from installer.gpu import Gpu
from installer.parts import TRAINING, locks_for
from installer.state import State, digest_of, distributions, write_state

TORCH_SIZE = (
    "No build of torch for the processor alone can be had here, so the ordinary one comes: with "
    "CUDA libraries that this machine does not use, 2.7 GB more on disk."
)
TRY_IMPORTS = "import PySide6.QtWidgets, apsw, cv2, numpy, onnx, onnxruntime, pi_heif, qtawesome"
TRY_TORCH = "; import torch, torchvision"


def ensure(state: State, version: str, gpu: Gpu) -> State:
    """Install what `state.extras` asks for; returns the new state.

    Does nothing, within milliseconds, when locks, Python version, GPU and `pyproject.toml` are
    those of the last success and no installed package has vanished since.
    """
    digest = digest_for(state, version, gpu)
    if state.digest == digest and _still_there(state):
        say("Python packages: unchanged.")
        return state
    if not os.access(places.ENVIRONMENT, os.W_OK):
        raise SetupError(
            f"{places.ENVIRONMENT} is out of date and cannot be written to. Run the set-up as its "
            "owner, or clone the program to a folder of your own."
        )
    say(gpu.sentence)
    uv = ensure_uv()
    env = _uv_settings()
    state = replace(state, torch=_choose_torch(state, gpu, uv, env))
    write_state(places.ENVIRONMENT, replace(state, digest="", unfinished=True))
    try:
        _install(state, gpu, uv, env)
    except SetupError:
        # uv fetches everything before it changes anything, so a failure leaves a usable state
        write_state(places.ENVIRONMENT, replace(state, digest="", unfinished=False))
        raise
    done = replace(
        state,
        digest=digest_for(state, version, gpu),
        unfinished=False,
        where=str(places.ENVIRONMENT),
        distributions=distributions(places.site_packages()),
    )
    write_state(places.ENVIRONMENT, done)
    return done


def digest_for(state: State, version: str, gpu: Gpu) -> str:
    """The digest of everything that decides what must be installed."""
    locks = locks_for(state.extras, cuda=gpu.usable, torch=state.torch)
    files = [*locks, places.REQUIREMENTS / "uv.txt", places.CHECKOUT / "pyproject.toml"]
    return digest_of(files, version, sys.platform, platform.machine())


def _still_there(state: State) -> bool:
    """Whether everything that the last set-up left is still installed; additions do no harm."""
    return set(state.distributions) <= set(distributions(places.site_packages()))


def _install(state: State, gpu: Gpu, uv: Path, env: Mapping[str, str]) -> None:
    """Bring packages and the program itself into the environment, and try to import them."""
    locks = locks_for(state.extras, cuda=gpu.usable, torch=state.torch)
    names = ", ".join(lock.stem for lock in locks)
    say(f"Installing the pinned packages ({names}). The first time this downloads them.")
    python: list[str | Path] = ["--python", places.python()]
    backend = ["--torch-backend", "cpu"] if state.torch == "cpu" else []
    run(
        [uv, "pip", "sync", *python, *backend, "--compile-bytecode", *locks],
        "The packages could not be installed (see above). Check the network and the free disk "
        "space, then run the same command again: what is already fetched is kept.",
        env=env,
    )
    run(
        [uv, "pip", "install", "--quiet", *python, "--no-deps", "--editable", places.CHECKOUT],
        "The program itself could not be installed into the environment (see above).",
        env=env,
    )
    imports = TRY_IMPORTS + (TRY_TORCH if TRAINING in state.extras else "")
    run([places.python(), "-c", imports], "The installed packages do not load (see above).")


def _choose_torch(state: State, gpu: Gpu, uv: Path, env: Mapping[str, str]) -> str:
    """Which build of torch to take: "cpu" where only that one is needed and can be had."""
    if TRAINING not in state.extras:
        return ""
    if gpu.usable or sys.platform != "linux":
        return "default"  # on Windows and macOS the default build is the small one
    if state.torch:
        return state.torch
    impatient = {**env, "UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "10"}
    lock = places.REQUIREMENTS / "torch-cpu.txt"
    dry_run: list[str | Path] = [
        *(uv, "pip", "install", "--dry-run", "--no-deps", "--reinstall-package", "torch"),
        *("--torch-backend", "cpu", "--python", places.python(), "-r", lock),
    ]
    code, output = ask(dry_run, env=impatient, timeout_s=90)
    if code == 0 and "+cpu" in output:
        return "cpu"
    say(TORCH_SIZE)
    return "default"


def _uv_settings() -> dict[str, str]:
    """The environment for uv: the user's own, with pip's index and certificates where uv has none.

    uv does not read pip's settings, so a machine that is set up for pip alone would be left out.
    """
    env = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    env.pop("VIRTUAL_ENV", None)
    settings = pip_settings(ask([places.python(), "-m", "pip", "config", "list"])[1])
    if "index-url" in settings and not {"UV_INDEX_URL", "UV_DEFAULT_INDEX"} & env.keys():
        env["UV_DEFAULT_INDEX"] = settings["index-url"]
    if "cert" in settings and "SSL_CERT_FILE" not in env:
        env["SSL_CERT_FILE"] = settings["cert"]
    return env


def pip_settings(listing: str) -> dict[str, str]:
    """What `pip config list` printed, by option name, the place that pip listens to most winning.

    Lines look like `global.index-url='…'`; pip prefers `:env:` to `install` to `global`.
    """
    ranks = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        key, separator, value = line.partition("=")
        place, _, name = key.strip().rpartition(".")
        if separator and place in ranks and ranks[place] >= found.get(name, (-1, ""))[0]:
            found[name] = (ranks[place], value.strip().strip("'\""))
    return {name: value for name, (_, value) in found.items()}
