"""The five recipes: each source's setting, exactly, beside ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trainer.feeding.augmentation import Augmentation
from trainer.loop.settings import FitSettings, OptimiserSettings, Schedule
from trainer.losses.settings import LossSettings
from trainer.nets.heads import HeadSettings
from trainer.recipes.figures import (
    Figures,
    accuracy_figures,
    choose_by_macro_f1,
    f2_figures,
    fashion_figures,
    genre_figures,
    tag_figures,
)
from trainer.recipes.forms.common import RecipeData
from trainer.recipes.forms.dogs import FORM as DOGS_FORM
from trainer.recipes.forms.dogs import read_dogs
from trainer.recipes.forms.fashion import FORM as FASHION_FORM
from trainer.recipes.forms.fashion import read_fashion
from trainer.recipes.forms.posters import FORM as POSTERS_FORM
from trainer.recipes.forms.posters import read_posters
from trainer.recipes.forms.satellite import FORM as SATELLITE_FORM
from trainer.recipes.forms.satellite import read_satellite
from trainer.recipes.forms.tags import FORM as TAGS_FORM
from trainer.recipes.forms.tags import TOP_LABELS, read_photo_tags
from trainer.recipes.scratch_net import ScratchNet
from trainer.recipes.source_method import SourceSetting
from trainer.recipes.tuning import OurSetting

KERAS_EPSILON = 1e-7
GREY_FILL = (124, 116, 104)
"""The mean colour of ImageNet."""


@dataclass(frozen=True)
class Options:
    """What a user may choose of the reading of a folder.

    Attributes:
        top_labels, first_photos: of photo-tags.
    """

    top_labels: int = TOP_LABELS
    first_photos: int | None = None


@dataclass(frozen=True)
class Recipe:
    """One system.

    Attributes:
        name: on the command line.
        summary: a line for people.
        form: of its folder, in words.
        read: reads such a folder.
        source: its own setting.
        baselines: other settings of the source, by name, run with the first seed for comparison.
        ours: our setting.
        figures: the source's own metrics of the judged photos.
        reported: what the source printed.
        compressed: photos are packed into one compressed array file.
    """

    name: str
    summary: str
    form: str
    read: Callable[[Path, Options], RecipeData]
    source: SourceSetting
    ours: OurSetting
    figures: Figures
    baselines: Mapping[str, SourceSetting] = field(default_factory=dict)
    reported: Mapping[str, Any] = field(default_factory=dict)
    compressed: bool = False


def _satellite() -> Recipe:
    source = SourceSetting(
        backbone="vgg16",
        size=128,
        pool="flatten",
        head=HeadSettings(hidden=(128,), initial="he"),
        fit=FitSettings(
            epochs=15,
            batch=128,
            optimiser=_keras("adam", 1e-3),
            schedule=Schedule("constant", warm_up=0),
            augmentation=Augmentation(flip=0.5, flip_vertical=0.5, rotation=90, fill=None),
            freeze="last-block",
            batch_norm="train",
        ),
        photos=28_335,
        chooses=True,
    )
    turned = Augmentation(flip=0.5, flip_vertical=0.5, shift=0.06, crop=0.7, fill=None)
    return Recipe(
        name="satellite-fbeta",
        summary="satellite photos, several tags each, judged by F2 (VGG16)",
        form=SATELLITE_FORM,
        read=lambda folder, options: read_satellite(folder),
        source=source,
        ours=OurSetting(size=192, augmentation=turned),
        figures=f2_figures,
        reported={"loss": 0.108, "f2": 0.884},
        compressed=True,
    )


def _dogs() -> Recipe:
    transfer = SourceSetting(
        backbone="resnet50",
        size=224,
        pool="avg",
        head=HeadSettings(initial="glorot"),
        fit=FitSettings(
            epochs=20,
            batch=20,
            optimiser=_keras("rmsprop", 1e-3),
            schedule=Schedule("constant", warm_up=0),
            freeze="all",
        ),
        photos=6_680,
        chooses=True,
    )
    scratch = replace(
        transfer,
        backbone="",
        network=ScratchNet,
        head=HeadSettings(dropout=0.5, initial="glorot"),
        fit=replace(transfer.fit, freeze="none", batch_norm="train"),
    )
    return Recipe(
        name="dog-breeds",
        summary="dog breeds by transfer learning, and the dog/human cascade (ResNet-50)",
        form=DOGS_FORM,
        read=lambda folder, options: read_dogs(folder),
        source=transfer,
        baselines={"from-scratch": scratch},
        ours=OurSetting(size=224, augmentation=_GENTLE),
        figures=accuracy_figures,
        reported={"accuracy": 0.821770, "from-scratch accuracy": 0.074163},
    )


def _posters() -> Recipe:
    soft = SourceSetting(
        backbone="mobilenetv2",
        size=224,
        head=HeadSettings(hidden=(1024,), initial="glorot"),
        fit=FitSettings(
            epochs=30,
            batch=256,
            optimiser=_keras("adam", 1e-5),
            schedule=Schedule("constant", warm_up=0),
            losses=LossSettings("soft-f1"),
            freeze="all",
        ),
        photos=32_000,
        chooses=False,
        aside=True,
    )
    crossed = replace(soft, fit=replace(soft.fit, losses=LossSettings("cross-entropy")))
    return Recipe(
        name="posters-softf1",
        summary="film genres from posters, soft-F1 against cross-entropy (MobileNetV2)",
        form=POSTERS_FORM,
        read=lambda folder, options: read_posters(folder),
        source=soft,
        baselines={"cross-entropy": crossed},
        ours=OurSetting(size=224, augmentation=_GENTLE),
        figures=genre_figures,
    )


def _tags() -> Recipe:
    return Recipe(
        name="photo-tags",
        summary="photo tags, chart and gallery (ResNeXt-50)",
        form=TAGS_FORM,
        read=lambda folder, options: read_photo_tags(
            folder, options.top_labels, options.first_photos
        ),
        source=SourceSetting(
            backbone="resnext50",
            size=256,
            pool="avg",
            head=HeadSettings(dropout=0.2),
            fit=FitSettings(
                epochs=35,
                batch=32,
                optimiser=OptimiserSettings("adam", rate=1e-4, decay=0),
                schedule=Schedule("constant", warm_up=0),
                augmentation=Augmentation(
                    flip=0.5, rotation=20, shift=0.2, scale=(0.5, 1.5), fill=GREY_FILL
                ),
                batch_norm="train",
                monitor="macro_f1",
                judge_every=200,
                drop_last=True,
            ),
            photos=5_000,
            chooses=True,
            measure=choose_by_macro_f1,
        ),
        ours=OurSetting(size=192, augmentation=_GENTLE, epochs=10),
        figures=tag_figures,
        reported={"macro_f1": 0.520, "micro_f1": 0.666},
    )


def _fashion() -> Recipe:
    return Recipe(
        name="fashion-attributes",
        summary="garment attributes, eight questions a photo (NASNet-Large)",
        form=FASHION_FORM,
        read=lambda folder, options: read_fashion(folder),
        source=SourceSetting(
            backbone="nasnet-large",
            size=331,
            pool="avg",
            head=HeadSettings(dropout=0.5, initial="glorot"),
            fit=FitSettings(
                epochs=8,
                batch=128,
                piece=16,
                optimiser=_keras("adam", 1e-4),
                schedule=Schedule("steps", stages=((1.0, 4), (0.1, 3), (0.01, 1))),
                augmentation=Augmentation(flip=0.5, rotation=20, scale=(0.8, 1.2), fill=None),
                batch_norm="train",
            ),
            photos=63_658,
            chooses=False,
        ),
        ours=OurSetting(size=224, augmentation=_GENTLE),
        figures=fashion_figures,
        reported={"count_weighted": 0.8850, "first reading": 0.9701, "online map": 0.9740},
    )


def _keras(name: Any, rate: float) -> OptimiserSettings:
    return OptimiserSettings(name, rate=rate, decay=0, momentum=0, epsilon=KERAS_EPSILON)


_GENTLE = Augmentation(flip=0.5, shift=0.06, crop=0.7, fill=None)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (_satellite(), _dogs(), _posters(), _tags(), _fashion())
}
