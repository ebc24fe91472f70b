"""Scores of a few photos that belong to no library, in the child: nothing is stored."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from tagger.core.errors import TaggerError
from tagger.imaging.faces import find_faces
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem
from tagger.suggest.workplace import Model, open_model


def score(request: dict[str, Any]) -> dict[str, Any]:
    """Score photos by a bundle.

    Args:
        request: `bundle` (folder), `photos` (paths), `provider` (`auto` if left out), and
            `faces` (whether to look for faces as well).

    Returns:
        `bundle`, `provider`, and `photos`: for each, in order, `scores` (group id →
        probabilities in the bundle's order) and `faces` (their number) where asked for, or
        `problem` (a sentence); or `error`.
    """
    try:
        model = open_model(
            Path(request["bundle"]), str(request.get("provider") or "auto"), lambda: False
        )
    except TaggerError as error:
        return {"error": str(error)}
    return {
        "bundle": model.spec.bundle_id,
        "provider": model.obtained.provider.key,
        "photos": [
            _scored(model, os.fsencode(path), bool(request.get("faces")))
            for path in request["photos"]
        ],
    }


def _scored(model: Model, path: bytes, faces: bool) -> dict[str, Any]:
    try:
        pixels = model_input(path, model.spec.preprocessing)
        outputs = model.engine.run(pixels[None])
        found = {"faces": len(find_faces(path))} if faces else {}
    except (PhotoProblem, TaggerError) as error:
        return {"problem": str(error)}
    except OSError as error:
        return {"problem": error.strerror or str(error)}
    groups = [group.id for group in model.spec.groups]
    return {
        "scores": {
            group: np.asarray(outputs[f"scores/{group}"][0], np.float64).tolist()
            for group in groups
        }
    } | found
