"""Lay the sets of shared photos out as the five systems had theirs, by links.

    python tests/trainer/recipe_layouts.py DATA FOLDER [PHOTOS]

writes FOLDER/{satellite,dogs,tags,scenes-tags,fashion,posters} for `python -m trainer recipe`.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _link(target: Path, source: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(source.resolve())


def _write(path: Path, rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def satellite(data: Path, folder: Path, photos: int | None = None) -> Path:
    """`scenes` in Planet's form."""
    samples = json.loads((data / "scenes/annotations.json").read_text())["samples"][:photos]
    rows = [["image_name", "tags"]]
    for sample in samples:
        name = Path(sample["image_name"]).stem
        rows.append([f"train_{name}", " ".join(sorted(sample["image_labels"]))])
        source = data / "scenes/images" / sample["image_name"]
        _link(folder / "train-jpg" / f"train_{name}.jpg", source)
    _write(folder / "train_v2.csv", rows)
    return folder


def dogs(data: Path, folder: Path, per_kind: int | None = None) -> Path:
    """`garments` as folders of kinds: its val is `test`, every eighth train photo `valid`."""
    rows = _rows(data / "garments/labels.csv")
    kinds = sorted({row["garment"] for row in rows})
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        key = row["garment"], row["split"]
        seen[key] = number = seen.get(key, 0) + 1
        if per_kind is not None and number > per_kind:
            continue
        part = "test" if row["split"] == "val" else ("valid" if number % 8 == 0 else "train")
        place = folder / part / f"{kinds.index(row['garment']) + 1:03}.{row['garment']}"
        _link(place / Path(row["photo"]).name, data / "garments" / row["photo"])
    return folder


def tags(data: Path, folder: Path, photos: int | None = None) -> Path:
    """`everyday` in NUS-WIDE's form: `small_train.json`, `small_test.json`, `images/`."""
    rows = _rows(data / "everyday/labels.csv")
    rows = rows[:: max(1, len(rows) // photos)] if photos else rows
    folder.mkdir(parents=True, exist_ok=True)
    _link(folder / "images", data / "everyday/photos")
    labels = sorted({label for row in rows for label in row["labels"].split(";")})
    for file, split in (("small_train.json", "train"), ("small_test.json", "val")):
        samples = [
            {"image_name": Path(row["photo"]).name, "image_labels": row["labels"].split(";")}
            for row in rows
            if row["split"] == split
        ]
        (folder / file).write_text(json.dumps({"samples": samples, "labels": labels}))
    return folder


def scene_tags(data: Path, folder: Path) -> Path:
    """`scenes` as it is: one JSON, `split.csv`, `images/`."""
    for name in ("annotations.json", "split.csv", "images"):
        _link(folder / name, data / "scenes" / name)
    return folder


def fashion(data: Path, folder: Path, photos: int | None = None) -> Path:
    """`attributes` in FashionAI's form; an empty cell is no row; some photos asked again."""
    rows = _rows(data / "attributes/labels.csv")
    groups = [name for name in rows[0] if name not in ("photo", "split")]
    values = {group: sorted({row[group] for row in rows} - {""}) for group in groups}
    marks, questions = [], []
    for at, row in enumerate(rows[:photos]):
        path = f"Images/{Path(row['photo']).name}"
        _link(folder / path, data / "attributes" / row["photo"])
        for group in groups:
            if row[group]:
                letters = "".join("y" if v == row[group] else "n" for v in values[group])
                marks.append([path, f"{group}_labels", letters])
            elif at % 10 == 0:
                questions.append([path, f"{group}_labels", ""])
    _write(folder / "Annotations/label.csv", marks)
    _write(folder / "Tests/question.csv", questions)
    return folder


def posters(data: Path, folder: Path, films: int | None = None) -> Path:
    """`posters`, linked; of fewer films only the first rows of the table."""
    for name in ("MovieGenre.csv", "split.csv", "posters"):
        _link(folder / name, data / "posters" / name)
    if films is not None:
        lines = (folder / "MovieGenre.csv").read_bytes().splitlines(keepends=True)
        (folder / "MovieGenre.csv").unlink()
        (folder / "MovieGenre.csv").write_bytes(b"".join(lines[: films + 1]))
    return folder


LAYOUTS = {
    "satellite": satellite,
    "dogs": dogs,
    "tags": tags,
    "scenes-tags": scene_tags,
    "fashion": fashion,
    "posters": posters,
}


if __name__ == "__main__":
    for name, lay in LAYOUTS.items():
        print(lay(Path(sys.argv[1]), Path(sys.argv[2]) / name))
