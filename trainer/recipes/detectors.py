"""The two detectors of the dog recipe: ImageNet's best class for dogs, a face for humans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tagger.imaging.decode import Source
from tagger.imaging.faces import find_faces
from tagger.imaging.problems import PhotoProblem
from trainer.feeding.pixels import PixelStore
from trainer.nets.backbone import Backbone
from trainer.nets.pretrained import read_tensors
from trainer.recipes.backbones import choose_backbone
from trainer.recipes.features import features_of
from trainer.recipes.forms.common import FormError

FIRST_DOG, LAST_DOG = 151, 268
"""Rows of ImageNet's 1,000 classes that are dogs, both included."""

CLASSES = 1000
SIZE = 224
SOURCE = "resnet50"


@dataclass(frozen=True)
class Detected:
    """What the detectors say of a photo.

    Attributes:
        dog: the best of ImageNet's classes is a dog.
        faces: how many were found.
    """

    dog: bool
    faces: int


class DogDetector:
    """Asks a network trained on ImageNet for its best class.

    Attributes:
        name: of the network.
    """

    def __init__(self, weights: str = "", sha256: str = "") -> None:
        """Open ResNet-50; without its weights Lite0, whose classifier lies in a package.

        Raises:
            FormError: neither is there.
        """
        choice = choose_backbone(SOURCE, "", weights, sha256)
        net = choice.open(SIZE)
        classifier = _classifier(net)
        if classifier is None:
            raise FormError(
                f"{net.name} does not know ImageNet's classes here. Run "
                "'python3 installer/bootstrap.py setup' to install Lite0's weights."
            )
        self.name = choice.name
        self._net, self._classifier = net, classifier

    def best_classes(self, photos: list[Source]) -> tuple[NDArray[np.int64], set[int]]:
        """Return the best of the 1,000 classes of each photo, and rows of unreadable photos."""
        store = PixelStore(photos, self._net.preprocessing, kept_bytes=0)
        features = torch.from_numpy(features_of(self._net, store, np.arange(len(photos))))
        with torch.no_grad():
            best = self._classifier(features).argmax(dim=1).numpy()
        return best, set(store.unreadable)


def _classifier(backbone: Backbone) -> nn.Linear | None:
    """Return the classifier that lies in the backbone's weights file."""
    if backbone.origin.path is None:
        return None
    tensors = read_tensors(backbone.origin.path)
    found = [
        (tensor, tensors[name.removesuffix("weight") + "bias"])
        for name, tensor in tensors.items()
        if name.endswith("weight") and _fits(tensor, backbone.width)
    ]
    if not found:
        return None
    weight, bias = found[0]
    layer = nn.Linear(backbone.width, CLASSES)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def _fits(tensor: Tensor, width: int) -> bool:
    return tuple(tensor.shape) == (CLASSES, width)


def detect(photos: list[Source], detector: DogDetector) -> list[Detected | str]:
    """Ask both detectors about photos; a sentence where a photo cannot be read."""
    best, unreadable = detector.best_classes(photos)
    found: list[Detected | str] = []
    for row, photo in enumerate(photos):
        try:
            faces = len(find_faces(photo))
        except (PhotoProblem, OSError) as error:
            found.append(str(error))
            continue
        if row in unreadable:
            found.append("This photo cannot be read.")
            continue
        found.append(Detected(FIRST_DOG <= int(best[row]) <= LAST_DOG, faces))
    return found
