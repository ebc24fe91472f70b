"""Schema presets that follow from the starter's maps.

`python -m trainer.starter.presets` rewrites them after a map was edited. The other presets
(`blank`, `fashionai`, `dogs-udacity-133`) are written by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trainer.starter.maps import LabelMap, MapLabel, read_maps


def derived_presets() -> dict[str, dict[str, Any]]:
    """Return the presets made from the starter's maps, by name.

    `everyday` holds all groups; `dogs-121` holds `breed` and, of `tags`, what it needs for its
    gate and parents.
    """
    maps = read_maps()
    tags, breed = maps[0], maps[1]
    dogs = [label for label in tags.labels if label.id in ("starter-tags-animal", breed.gate)]
    return {
        "everyday": {
            "name": "everyday",
            "title": "Everyday photos",
            "description": "What the starter model knows: a few hundred everyday tags, "
            "121 dog breeds and 24 kinds of garment.",
            "groups": [_group(label_map, label_map.labels) for label_map in maps],
        },
        "dogs-121": {
            "name": "dogs-121",
            "title": "Dogs, 121 breeds",
            "description": "The 120 breeds of Stanford Dogs and Kaggle's dog breed set, and the "
            "Dalmatian: all that the starter model knows.",
            "groups": [_group(tags, dogs), _group(breed, breed.labels)],
        },
    }


def preset_text(preset: dict[str, Any]) -> str:
    """Return a preset as its file reads: one line per label."""
    head = {key: value for key, value in preset.items() if key != "groups"}
    groups = ",\n".join(_group_text(group) for group in preset["groups"])
    return f'{_json(head)[:-1]},\n "groups": [\n{groups}\n ]\n}}\n'


def _group(label_map: LabelMap, labels: Iterable[MapLabel]) -> dict[str, Any]:
    return {
        "id": label_map.id,
        "name": label_map.name,
        "kind": label_map.kind,
        "gate": label_map.gate,
        "labels": [
            {
                "id": label.id,
                "name": label.name,
                "parent": label.parent,
                "synonyms": list(label.synonyms),
            }
            for label in labels
        ],
    }


def _group_text(group: dict[str, Any]) -> str:
    head = {key: value for key, value in group.items() if key != "labels"}
    labels = ",\n".join(f"    {_json(label)}" for label in group["labels"])
    return f'  {_json(head)[:-1]},\n   "labels": [\n{labels}\n   ]\n  }}'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Rewrite the derived presets beside this checkout's `resources`."""
    folder = Path(__file__).resolve().parents[2] / "resources" / "presets"
    for name, preset in derived_presets().items():
        (folder / f"{name}.json").write_text(preset_text(preset), encoding="utf-8")


if __name__ == "__main__":
    main()
