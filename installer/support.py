"""Systems for which the pinned packages exist at all: told at once, not after a download."""

from __future__ import annotations

import platform
import re

from installer.console import SetupError

OLDEST_GLIBC = (2, 34)
OLDEST_GLIBC_ARM = (2, 39)
OLDEST_MACOS = (14, 0)


def check(
    system: str | None = None,
    machine: str | None = None,
    version: tuple[str, str] | None = None,
) -> None:
    """Raise `SetupError` with the reason where Qt or ONNX Runtime have no package.

    `version` is (name of the C library, its version) on Linux, ("macos", version) on macOS; every
    argument is for tests.
    """
    system, machine = system or platform.system(), (machine or platform.machine()).lower()
    if system == "Darwin":
        _check_mac(machine, (version or ("macos", platform.mac_ver()[0]))[1])
    elif system == "Linux":
        _check_linux(machine, *(version or platform.libc_ver()))


def _check_mac(machine: str, version: str) -> None:
    if machine == "x86_64":
        raise SetupError("There is no ONNX Runtime for Macs with Intel processors.")
    if _numbers(version) < OLDEST_MACOS:
        raise SetupError(f"This needs macOS 14 or newer, and this is macOS {version}.")


def _check_linux(machine: str, library: str, version: str) -> None:
    oldest = OLDEST_GLIBC if machine in ("x86_64", "amd64") else OLDEST_GLIBC_ARM
    if library != "glibc" or _numbers(version) < oldest:
        found = f"{library or 'another C library'} {version}".strip()
        raise SetupError(
            f"Qt's packages need glibc {oldest[0]}.{oldest[1]} or newer, and this system has "
            f"{found}. Debian 12 and Ubuntu 22.04 are new enough (on ARM processors Debian 13 and "
            "Ubuntu 24.04)."
        )


def _numbers(version: str) -> tuple[int, ...]:
    """The first two numbers of a version; (0,) where there are none."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2]) or (0,)
