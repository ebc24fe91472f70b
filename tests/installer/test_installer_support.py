"""A system without packages is told so before anything is fetched."""

import pytest

from installer import support
from installer.console import SetupError


def test_this_machine_is_supported() -> None:
    support.check()


@pytest.mark.parametrize(
    ("system", "machine", "version"),
    [
        ("Linux", "x86_64", ("glibc", "2.36")),
        ("Linux", "aarch64", ("glibc", "2.41")),
        ("Darwin", "arm64", ("macos", "14.5")),
        ("Windows", "AMD64", ("", "")),
    ],
)
def test_supported_systems_pass(system: str, machine: str, version: tuple[str, str]) -> None:
    support.check(system, machine, version)


@pytest.mark.parametrize(
    ("system", "machine", "version", "words"),
    [
        ("Linux", "x86_64", ("glibc", "2.31"), "this system has glibc 2.31"),
        ("Linux", "aarch64", ("glibc", "2.36"), r"need glibc 2\.39"),
        ("Linux", "x86_64", ("", ""), "another C library"),
        ("Darwin", "x86_64", ("macos", "15.0"), "Intel processors"),
        ("Darwin", "arm64", ("macos", "13.6"), "this is macOS 13.6"),
    ],
)
def test_others_get_one_sentence(
    system: str, machine: str, version: tuple[str, str], words: str
) -> None:
    with pytest.raises(SetupError, match=words):
        support.check(system, machine, version)
