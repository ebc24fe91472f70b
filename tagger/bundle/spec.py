"""What `bundle.json` says, as data: the contract between trainer and tagger."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, cast

from tagger.bundle.errors import BundleError
from tagger.bundle.fields import Fields, as_number
from tagger.core.preprocessing import PIPELINE_VERSION, Preprocessing

FORMAT = "tagger-bundle"
VERSION = 1
"""Version of the bundle format that this program writes; newer ones are refused."""

SPEC_FILE = "bundle.json"
MODEL_FILE = "model.onnx"
HEADS_ARRAYS_FILE = "heads.npz"
HEADS_FILE = "heads.json"
CARD_FILE = "card.md"
GOLDEN_FOLDER = "golden"

OPERATING_POINTS = ("balanced", "few_mistakes", "miss_little")
"""Names of operating points that the program offers by name (F1, F0.5 and F2)."""

Kind = Literal["multi", "single"]


@dataclass(frozen=True)
class BundleLabel:
    """One label of a group, in output order.

    Attributes:
        id: permanent id, unique in the bundle.
        name: unique in its group, ignoring case, spaces, `_` and `-`.
        synonyms: other names it is known by.
        parent: id of the label (of any group of the bundle) that it implies.
        default_threshold: score from which it is suggested, 0 to 1.
        positives: confirmed photos it was trained on; None where nobody knows.
    """

    id: str
    name: str
    synonyms: tuple[str, ...] = ()
    parent: str | None = None
    default_threshold: float = 0.5
    positives: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the label as plain JSON values."""
        return {
            "id": self.id,
            "name": self.name,
            "synonyms": list(self.synonyms),
            "parent": self.parent,
            "default_threshold": self.default_threshold,
            "positives": self.positives,
        }

    @classmethod
    def read(cls, data: Fields) -> BundleLabel:
        """Read a label written by `to_json`."""
        positives = data.data.get("positives")
        return cls(
            id=data.text("id", empty=False),
            name=data.text("name", empty=False),
            synonyms=data.texts("synonyms"),
            parent=data.text_or_none("parent"),
            default_threshold=data.number("default_threshold", 0.0, 1.0, 0.5),
            positives=None if positives is None else data.whole("positives", 0),
        )


@dataclass(frozen=True)
class BundleGroup:
    """One question and its labels in output order.

    Attributes:
        id: permanent id, unique in the bundle; also names the output `scores/<id>`.
        name: what people call it.
        kind: `multi` (any number true) or `single` (one or none).
        labels: in the order of the columns of `scores/<id>`.
        gate: id of the label of another group that must be true for this question to be asked.
        operating_points: name to one threshold per label, 0 to 1.
        calibration: how the scores were calibrated: `method`, and where known `data` and `n`.
        has_null: the head has one more class, *none of these*; it is not among the outputs.
    """

    id: str
    name: str
    kind: Kind
    labels: tuple[BundleLabel, ...]
    gate: str | None = None
    operating_points: dict[str, tuple[float, ...]] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=lambda: {"method": "none"})
    has_null: bool = False

    @property
    def output(self) -> str:
        """Name of the graph output with this group's scores."""
        return f"scores/{self.id}"

    def to_json(self) -> dict[str, Any]:
        """Return the group as plain JSON values."""
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "gate": self.gate,
            "has_null": self.has_null,
            "calibration": self.calibration,
            "operating_points": {
                name: list(values) for name, values in sorted(self.operating_points.items())
            },
            "labels": [label.to_json() for label in self.labels],
        }

    @classmethod
    def read(cls, data: Fields) -> BundleGroup:
        """Read a group written by `to_json`."""
        return cls(
            id=data.text("id", empty=False),
            name=data.text("name", empty=False),
            kind=cast(Kind, data.choice("kind", ("multi", "single"))),
            labels=tuple(BundleLabel.read(label) for label in data.objects("labels")),
            gate=data.text_or_none("gate"),
            operating_points=_operating_points(data),
            calibration=data.mapping("calibration") or {"method": "none"},
            has_null=data.flag("has_null"),
        )


@dataclass(frozen=True)
class BundleSpec:
    """Everything `bundle.json` holds.

    Attributes:
        name: what people call the model.
        preprocessing: how a photo becomes the graph's input.
        groups: in the order of the graph's score outputs.
        embedding_size: length D of an embedding.
        space_id: names the embedding space; equal ids mean interchangeable embeddings.
            `write_bundle` computes it.
        parent: bundle id of the model this one was trained from.
        bundle_id: hash of graph, heads, preprocessing and label ids. `write_bundle` computes it.
        metrics, dataset, producer: as their writers made them; shown, and kept for the record.
        licence, attribution: what may be done with the model, and who is to be named.
        created: UTC, ISO 8601; `write_bundle` fills it in where empty.
        backbone_hash: hash of the part of the graph that makes the embedding.
    """

    name: str
    preprocessing: Preprocessing
    groups: tuple[BundleGroup, ...]
    embedding_size: int
    space_id: str = ""
    parent: str | None = None
    bundle_id: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    dataset: dict[str, Any] = field(default_factory=dict)
    producer: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    attribution: str = ""
    created: str = ""
    backbone_hash: str = ""

    def group(self, group_id: str) -> BundleGroup:
        """Return the group with this id.

        Raises:
            KeyError: the bundle has no such group.
        """
        for group in self.groups:
            if group.id == group_id:
                return group
        raise KeyError(group_id)

    @property
    def label_count(self) -> int:
        """Number of labels of all groups."""
        return sum(len(group.labels) for group in self.groups)

    def to_json(self) -> dict[str, Any]:
        """Return the content of `bundle.json` as plain JSON values."""
        head = {"format": FORMAT, "version": VERSION}
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        plain["preprocessing"] = self.preprocessing.to_json()
        plain["groups"] = [group.to_json() for group in self.groups]
        return head | {name: plain[name] for name in _ORDER}

    @classmethod
    def from_json(cls, data: Any, where: str = SPEC_FILE) -> BundleSpec:
        """Read what `to_json` gave; keys it does not know are ignored.

        Raises:
            BundleError: a field is missing or makes no sense; the sentence names it.
        """
        top = Fields(data, where)
        _check_version(top)
        return cls(
            name=top.text("name", empty=False),
            preprocessing=_preprocessing(top),
            groups=tuple(BundleGroup.read(group) for group in top.objects("groups")),
            embedding_size=top.whole("embedding_size", 1),
            space_id=top.text("space_id", empty=False),
            parent=top.text_or_none("parent"),
            bundle_id=top.text("bundle_id", empty=False),
            metrics=top.mapping("metrics"),
            dataset=top.mapping("dataset"),
            producer=top.mapping("producer"),
            licence=top.text("licence", ""),
            attribution=top.text("attribution", ""),
            created=top.text("created", ""),
            backbone_hash=top.text("backbone_hash", empty=False),
        )

    def with_ids(self, bundle_id: str, space_id: str, backbone_hash: str) -> BundleSpec:
        """Return the same bundle under these ids."""
        return replace(self, bundle_id=bundle_id, space_id=space_id, backbone_hash=backbone_hash)


_ORDER = (
    "bundle_id",
    "space_id",
    "backbone_hash",
    "name",
    "parent",
    "created",
    "licence",
    "attribution",
    "producer",
    "preprocessing",
    "embedding_size",
    "groups",
    "metrics",
    "dataset",
)


def _check_version(top: Fields) -> None:
    if top.data.get("format") != FORMAT:
        raise BundleError(f"{top.path('format')} is not {FORMAT!r}: this is not a model bundle")
    version = top.whole("version", 1)
    if version > VERSION:
        raise BundleError(
            f"{top.path('version')} is {version}, but this program reads up to {VERSION}: "
            "update the program to use this bundle"
        )


def _preprocessing(top: Fields) -> Preprocessing:
    inner = Fields(top.mapping("preprocessing"), top.path("preprocessing"))
    if inner.whole("pipeline_version", 1, PIPELINE_VERSION) > PIPELINE_VERSION:
        raise BundleError(
            f"{inner.path('pipeline_version')} is newer than this program: update the program"
        )
    try:
        return Preprocessing.from_json(inner.data)
    except KeyError as error:
        raise BundleError(f"{inner.path(str(error.args[0]))} is missing") from None
    except (TypeError, ValueError) as error:
        raise BundleError(f"{inner.where} makes no sense: {error}") from None


def _operating_points(data: Fields) -> dict[str, tuple[float, ...]]:
    points = Fields(data.mapping("operating_points"), data.path("operating_points"))
    return {
        name: tuple(
            as_number(value, f"{points.path(name)}[{at}]", 0.0, 1.0)
            for at, value in enumerate(points.items(name))
        )
        for name in points.data
    }
