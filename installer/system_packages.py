"""The system's own packages: what Qt loads at run time, and what makes environments.

Each library is tried by really loading it, so that any distribution's names will do; the
package names are Debian's (and Ubuntu's). Nothing of this applies to Windows and macOS, where
the wheels bring all they need (not tried on either).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterable

from installer.console import SetupError, ask, run, say

PACKAGE_OF_LIBRARY = {
    # Qt itself, also without a display
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libX11.so.6": "libx11-6",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libbrotlidec.so.1": "libbrotli1",
    # a window on a real X display
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}

TRY_TO_LOAD = """
import ctypes, sys
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name)
    except OSError:
        print(name)
"""


def ensure() -> None:
    """Install the system packages that are missing, or say exactly how to.

    As root this runs apt-get; otherwise, and where there is no apt-get, raises `SetupError`
    with the command to run. Does nothing on Windows and macOS.
    """
    if not sys.platform.startswith("linux"):
        return
    missing = missing_packages()
    if not missing:
        say("System packages: all here.")
        return
    say(f"System packages missing: {' '.join(missing)}.")
    if shutil.which("apt-get") is None:
        raise SetupError(
            "This system has no apt-get. Install what your distribution calls these Debian "
            f"packages, then run the same command again: {' '.join(missing)}"
        )
    if os.geteuid() != 0:
        sudo = "sudo " if shutil.which("sudo") else ""
        raise SetupError(
            f"Installing them needs root. Run this{'' if sudo else ' as root'}, "
            f"then the same command again:\n\n    {apt_command(missing, sudo)}\n"
        )
    _install(missing)
    still = missing_packages()
    if still:
        raise SetupError(f"apt-get went through, but these still do not load: {' '.join(still)}")


def missing_packages() -> list[str]:
    """The Debian packages that this machine lacks, in the order of the table."""
    code, output = ask([sys.executable, "-c", TRY_TO_LOAD, *PACKAGE_OF_LIBRARY])
    if code:
        raise SetupError(f"This Python cannot load libraries (ctypes): {output.strip()}")
    needed = packages_of(output.split())
    if not importlib.util.find_spec("ensurepip"):
        needed.append(venv_package())
    return needed


def packages_of(libraries: Iterable[str]) -> list[str]:
    """The Debian packages that hold `libraries`, each once."""
    return list(dict.fromkeys(PACKAGE_OF_LIBRARY[library] for library in libraries))


def venv_package(version: tuple[int, int] = sys.version_info[:2]) -> str:
    """The package with `ensurepip` for this Python: Debian leaves it out of Python itself."""
    code, output = ask(["/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2])"])
    is_default = code == 0 and output.split() == [str(part) for part in version]
    return "python3-venv" if is_default else f"python{version[0]}.{version[1]}-venv"


def apt_command(packages: Iterable[str], sudo: str = "sudo ") -> str:
    """The line to paste into a terminal that installs `packages`."""
    install = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    return f"{sudo}apt-get update && {sudo}{install}"


def _install(packages: list[str]) -> None:
    say("Installing them with apt-get.")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    failure = f"apt-get failed (see above). To try it by hand: {apt_command(packages, sudo='')}"
    run(["apt-get", "update", "-qq"], failure, env=env)
    quiet = ("-qq", "-o", "Dpkg::Use-Pty=0")
    install = ["apt-get", "install", "-y", *quiet, "--no-install-recommends", *packages]
    run(install, failure, env=env)
    importlib.invalidate_caches()
