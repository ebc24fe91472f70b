"""Missing system libraries become Debian packages, and a command that can be pasted."""

import os
import sys

import pytest

from installer import system_packages
from installer.console import SetupError

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Debian packages")


def test_libraries_become_packages_each_once() -> None:
    libraries = ["libGL.so.1", "libxcb-cursor.so.0", "libGL.so.1"]
    assert system_packages.packages_of(libraries) == ["libgl1", "libxcb-cursor0"]


@LINUX
def test_only_libraries_that_do_not_load_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"libc.so.6": "libc6", "libnever-there.so.9": "libnever-there9"}
    monkeypatch.setattr(system_packages, "PACKAGE_OF_LIBRARY", table)
    assert "libnever-there9" in system_packages.missing_packages()
    assert "libc6" not in system_packages.missing_packages()


@LINUX
def test_python_without_ensurepip_needs_the_venv_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages, "PACKAGE_OF_LIBRARY", {"libc.so.6": "libc6"})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert system_packages.missing_packages() == [system_packages.venv_package()]


def test_another_python_than_the_systems_names_its_own_venv_package() -> None:
    assert system_packages.venv_package((3, 99)) == "python3.99-venv"


@LINUX
def test_without_root_the_exact_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages, "missing_packages", lambda: ["libgl1", "python3-venv"])
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SetupError) as told:
        system_packages.ensure()
    assert (
        "sudo apt-get update && "
        "sudo apt-get install -y --no-install-recommends libgl1 python3-venv\n"
    ) in str(told.value)


@LINUX
def test_without_apt_get_the_packages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_packages, "missing_packages", lambda: ["libgl1"])
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SetupError, match=r"no apt-get.*libgl1"):
        system_packages.ensure()


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_need_none(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(system_packages, "missing_packages", lambda: pytest.fail("looked"))
    system_packages.ensure()
