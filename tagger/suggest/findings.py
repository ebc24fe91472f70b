"""What the doctor found, in words: the same for the command line and the window."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

_LABEL = 20
_WIDTH = 100
_SHARES = (("disk", "disk"), ("decode", "decoding"), ("model", "model"), ("store", "storing"))


@dataclass(frozen=True)
class Section:
    """A heading and its lines, each a (label, words)."""

    title: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Findings:
    """What people read.

    Attributes:
        headline: what suggestions run on.
        problems: (what is wrong, what to do about it); the second may be empty.
        sections: everything else.
        can_try_again: whether a provider is left out because it crashed before.
    """

    headline: str
    problems: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    can_try_again: bool


def findings(found: dict[str, Any]) -> Findings:
    """Put a report of `tagger.suggest.doctor.examine` into words."""
    titles = {each["key"]: each["title"] for each in found.get("providers") or ()}
    obtained = str(found.get("obtained_provider") or "")
    name = titles.get(obtained, obtained.upper())
    problems = tuple(_parts(problem) for problem in found.get("problems") or ())
    sections = (
        _use(found, titles, name),
        _machine(found),
        _last_run(found, titles),
        _versions(found),
        _ways(found, obtained),
    )
    return Findings(
        f"Suggestions run on: {name}" if obtained else "Suggestions cannot run here",
        problems,
        tuple(section for section in sections if section.lines),
        any("is not tried:" in problem for problem, _ in problems),
    )


def as_text(found: dict[str, Any]) -> str:
    """Return a report as lines for a terminal or the clipboard."""
    read = findings(found)
    lines = [read.headline, ""]
    for problem, remedy in read.problems:
        lines += _wrapped("Problem: ", problem, 9)
        lines += _wrapped("     Do: ", remedy, 9) if remedy else []
    lines += [] if read.problems else ["No problems found."]
    for section in read.sections:
        lines += ["", section.title]
        width = max(_LABEL, *(len(label) + 2 for label, _ in section.lines))
        for label, words in section.lines:
            lines += _wrapped(f"  {label:<{width}}", words, width + 2)
    return "\n".join(lines)


def _use(found: dict[str, Any], titles: dict[str, str], name: str) -> Section:
    requested = str(found.get("requested_provider") or "auto")
    asked = "automatic" if requested == "auto" else titles.get(requested, requested)
    lines = [("Asked for", asked), ("Obtained", name or "nothing")]
    probe = found.get("probe") or {}
    if probe.get("model"):
        lines.append(("Timed with", str(probe["model"])))
    if probe:
        why_not = f"not timed: {probe.get('why_not') or 'not tried'}"
        cpu, gpu = probe.get("cpu_per_s"), probe.get("gpu_per_s")
        lines.append(("Processor", f"{cpu:,.0f} photos/s" if cpu else why_not))
        lines.append(("Graphics card", f"{gpu:,.0f} photos/s" if gpu else why_not))
        if cpu and gpu:
            lines.append(("Gain", f"{gpu / cpu:.1f} times as fast on the graphics card"))
    half = found.get("half")
    if half:
        how = "used" if half.get("used") else "not used"
        lines.append(
            (
                "Half precision",
                f"{how}: {half.get('agreement', 0):.1%} of the labels suggested are the same, "
                f"{half.get('speedup', 0):.1f} times the speed",
            )
        )
    return Section("What is used", tuple(lines))


def _machine(found: dict[str, Any]) -> Section:
    lines = []
    for gpu in found.get("gpus") or ():
        family = f"family {gpu['family']}" if gpu.get("family") else ""
        driver = f"driver {gpu['driver']}" if gpu.get("driver") else ""
        facts = [part for part in (family, driver) if part]
        lines.append(("Graphics card", ", ".join([gpu["name"], *facts])))
    for card in found.get("cards") or ():
        if card["vendor"] != "NVIDIA" or not found.get("gpus"):
            lines.append(("Graphics card", card["name"]))
    if not lines:
        lines.append(("Graphics card", "none found that can compute"))
    lines.append(("Processor cores", str(found.get("cores", "?"))))
    if found.get("data_folder"):
        lines.append(("Program's data", str(found["data_folder"])))
    return Section("This machine", tuple(lines))


def _last_run(found: dict[str, Any], titles: dict[str, str]) -> Section:
    run = found.get("last_run")
    if not run:
        return Section("Last run", (("Photos", "no run to report yet"),))
    where = titles.get(run["provider"], "?")
    lines = [
        ("Photos", f"{run['photos']:,} in {run['seconds']:,.0f} s, {run['photos_per_s']:,.0f}/s"),
        ("Model alone", f"{run['model_per_s']:,.0f} photos/s on {where}"),
    ]
    shares = run.get("shares") or {}
    spent = [f"{words} {shares[key]:.0%}" for key, words in _SHARES if key in shares]
    if spent:
        lines.append(("Time went to", ", ".join(spent)))
    return Section("Last run", tuple(lines))


def _versions(found: dict[str, Any]) -> Section:
    versions, needed = found.get("versions") or {}, found.get("needed") or {}
    gpu = bool(found.get("gpus")) or any(
        card.get("vendor") == "NVIDIA" for card in found.get("cards") or ()
    )
    lines = []
    if "onnxruntime" in versions:
        package = versions.get("onnxruntime_package", "")
        lines.append(("ONNX Runtime", f"{versions['onnxruntime']} (package {package})"))
    for key, label, least in (
        ("nvidia_driver", "NVIDIA driver", "{} or later"),
        ("cuda", "CUDA", "{}"),
        ("cudnn", "cuDNN", "{}"),
    ):
        if key in versions and (gpu or versions[key]):
            here = versions[key] or "not here"
            lines.append((label, f"{here}; needed: {least.format(needed.get(key, '?'))}"))
    if gpu and found.get("missing_library"):
        lines.append(("Missing library", str(found["missing_library"])))
    for key, label in (("python", "Python"), ("platform", "System"), ("program", "Photo Tagger")):
        if versions.get(key):
            lines.append((label, str(versions[key])))
    return Section("Versions", tuple(lines))


def _ways(found: dict[str, Any], obtained: str) -> Section:
    lines = []
    unverified = False
    for each in found.get("providers") or ():
        state = "installed" if each.get("available") else "not installed"
        if each["key"] == obtained:
            state = "in use"
        if each.get("verified") is False:
            state += ", not verified"
            unverified = True
        lines.append((each["title"], state))
    if unverified:
        words = "written from its documentation, never tried by the makers of this program"
        lines.append(("not verified", words))
    return Section("Ways to compute", tuple(lines))


def _parts(problem: Any) -> tuple[str, str]:
    if isinstance(problem, dict):
        return str(problem.get("problem", "")), str(problem.get("remedy", ""))
    return str(problem), ""


def _wrapped(first: str, words: str, indent: int) -> list[str]:
    return textwrap.wrap(
        words,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
