"""What a model sees of photos decoded by the program, beside plain full decoding by Pillow."""

import io

import numpy as np
from PIL import Image, ImageOps

from tagger.bundle.read import read_bundle
from tagger.bundle.spec import MODEL_FILE
from tagger.suggest.sessions import open_engine

BATCH = 8


class Eye:
    """A bundle's model on the CPU: model input in, embeddings and top suggestions out."""

    def __init__(self, folder):
        self.spec = read_bundle(folder)
        self.input = self.spec.preprocessing
        self._engine = open_engine(folder / MODEL_FILE, self.input, "cpu", 1).session

    def look(self, inputs):
        """Return embeddings of length 1, float32 [n, D], and the best label of each group."""
        parts = [
            self._engine.run(np.stack(inputs[at : at + BATCH]))
            for at in range(0, len(inputs), BATCH)
        ]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        rows = joined["embedding"]
        best = np.stack([joined[group.output].argmax(1) for group in self.spec.groups], 1)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True), best

    def likeness(self, inputs, others):
        """Return cosines of embeddings float [n], and share of equal best labels of group one."""
        mine, best = self.look(inputs)
        theirs, other_best = self.look(others)
        return (mine * theirs).sum(1), float((best[:, 0] == other_best[:, 0]).mean())


def reference_input(source, spec):
    """Decode in full with Pillow alone, turn, and resize as the starter was trained: squash."""
    assert (spec.fit, spec.interpolation, spec.antialias) == ("squash", "bicubic", True)
    data = io.BytesIO(source) if isinstance(source, bytes) else source
    with Image.open(data) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    size = (spec.width, spec.height)
    return np.asarray(upright.resize(size, Image.Resampling.BICUBIC))
