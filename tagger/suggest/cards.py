"""The graphics cards that the system lists, whether or not a driver makes them usable."""

from __future__ import annotations

import json
import platform
import re
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PCI = Path("/sys/bus/pci/devices")
PCI_NAMES = (Path("/usr/share/misc/pci.ids"), Path("/usr/share/hwdata/pci.ids"))

_VENDORS = {0x10DE: "NVIDIA", 0x1002: "AMD", 0x8086: "Intel", 0x106B: "Apple", 0x5143: "Qualcomm"}
_DISPLAY = 0x03
"""PCI class of display controllers, among them 3D controllers without an output."""

_WINDOWS = (
    "powershell",
    "-NoProfile",
    "-NonInteractive",
    "-Command",
    "ConvertTo-Json @(Get-CimInstance Win32_VideoController | Select-Object Name, PNPDeviceID)",
)
_MAC = ("system_profiler", "SPDisplaysDataType", "-json")

Ask = Callable[[Iterable[str]], str]
"""A command to what it prints; empty if it cannot be run."""


@dataclass(frozen=True)
class Card:
    """A graphics card, as the system lists it.

    Attributes:
        vendor: `NVIDIA`, `AMD`, `Intel`, `Apple` or `Qualcomm`; others cannot compute.
        name: what the system or its list of devices calls it.
    """

    vendor: str
    name: str


def ask(command: Iterable[str], seconds: float = 10) -> str:
    """Return what a command prints; empty if it is not there, fails, or takes too long."""
    try:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def seen_cards(
    *,
    system: str = "",
    ask: Ask = ask,
    devices: Path = PCI,
    names: Iterable[Path] = PCI_NAMES,
) -> list[Card]:
    """Return the graphics cards of known vendors; every argument is for tests."""
    system = system or platform.system()
    if system == "Windows":
        return _of_windows(ask(_WINDOWS))
    if system == "Darwin":
        return _of_mac(ask(_MAC))
    return _of_linux(devices, list(names))


def _of_linux(devices: Path, names: list[Path]) -> list[Card]:
    found = []
    try:
        folders = sorted(devices.iterdir())
    except OSError:
        return []
    for folder in folders:
        try:
            kind, vendor, device = (
                int((folder / name).read_text(), 16) for name in ("class", "vendor", "device")
            )
        except (OSError, ValueError):
            continue
        if kind >> 16 == _DISPLAY and vendor in _VENDORS:
            title = _pci_name(vendor, device, names) or f"graphics card {vendor:04x}:{device:04x}"
            found.append(Card(_VENDORS[vendor], f"{_VENDORS[vendor]} {title}"))
    return found


def _pci_name(vendor: int, device: int, lists: list[Path]) -> str:
    """Look a device up in the first list of PCI ids there is; empty if it is not in it."""
    for path in lists:
        try:
            text = path.read_text("utf-8", "replace")
        except OSError:
            continue
        block = re.search(rf"^{vendor:04x}  .*\n((?:\t.*\n|#.*\n)*)", text, re.MULTILINE)
        line = block and re.search(rf"^\t{device:04x}  (.+)$", block.group(1), re.MULTILINE)
        return line.group(1).strip() if line else ""
    return ""


def _of_windows(answer: str) -> list[Card]:
    found = []
    for each in _listed(answer):
        vendor = re.search(r"VEN_([0-9A-F]{4})", str(each.get("PNPDeviceID")), re.IGNORECASE)
        known = _VENDORS.get(int(vendor.group(1), 16)) if vendor else None
        if known:
            found.append(Card(known, str(each.get("Name") or f"{known} graphics card")))
    return found


def _of_mac(answer: str) -> list[Card]:
    try:
        entries = json.loads(answer)["SPDisplaysDataType"]
    except (ValueError, KeyError, TypeError):
        entries = []
    names = [str(each.get("sppci_model", "")) for each in entries if isinstance(each, dict)]
    vendors = (*_VENDORS.values(), "Radeon")
    found = []
    for name in names:
        vendor = next((known for known in vendors if known.lower() in name.lower()), "")
        if vendor:
            found.append(Card(vendor.replace("Radeon", "AMD"), name))
    return found


def _listed(answer: str) -> list[dict[str, object]]:
    try:
        found = json.loads(answer)
    except ValueError:
        return []
    entries = found if isinstance(found, list) else [found]
    return [each for each in entries if isinstance(each, dict)]
