"""Breeds by the starter model, for the cascade where no recipe was run yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.spec import MODEL_FILE
from tagger.bundle.store import BundleStore
from tagger.imaging.model_input import model_input
from tagger.imaging.problems import PhotoProblem
from trainer.session import open_session
from trainer.starter.build import ensure_starter

GROUP = "breed"


def starter_breeds(photos: Sequence[Path], bundles: Path) -> tuple[list[str], NDArray[np.float32]]:
    """Return the names of the starter's breeds, and their probabilities float32 [photos, breeds].

    A photo that cannot be read gets zeros.
    """
    spec = ensure_starter(bundles)
    run = open_session((BundleStore(bundles).folder(spec.bundle_id) / MODEL_FILE).read_bytes())
    group = next(group for group in spec.groups if group.name == GROUP)
    scores = np.zeros((len(photos), len(group.labels)), np.float32)
    for row, photo in enumerate(photos):
        try:
            scores[row] = run(model_input(photo, spec.preprocessing)[None])[group.output][0]
        except (PhotoProblem, OSError):
            continue
    return [label.name for label in group.labels], scores
