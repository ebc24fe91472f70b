"""From an embedding to the scores of a group, in NumPy: the numbers that the graph gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.errors import BundleError
from tagger.bundle.fields import Fields
from tagger.bundle.files import read_arrays, read_json, write_arrays, write_json
from tagger.bundle.spec import HEADS_ARRAYS_FILE, HEADS_FILE

HEADS_FORMAT = "tagger-heads"
HEADS_VERSION = 1

HeadType = Literal["linear", "softmax_sum", "mlp", "neighbours", "ensemble"]
HEAD_TYPES: tuple[HeadType, ...] = ("linear", "softmax_sum", "mlp", "neighbours", "ensemble")
LINKS = ("sigmoid", "softmax")

BYTE_ARRAYS = ("rows", "said", "known")
"""Arrays that are stored as uint8."""

FULL = 255.0
"""What a whole vote is in `said` and `known`."""

MAX_NESTING = 4

LOGIT_LIMIT = 16.0
"""Logits of summed probabilities stay within plus and minus this."""

TINY = float(np.exp(-LOGIT_LIMIT))
"""Probabilities below this count as this before a logarithm is taken."""


@dataclass(frozen=True)
class Head:
    """How one group is scored. `L'` is the number of labels, plus 1 with a null class (last).

    Arrays by type (float32 unless said otherwise; D is the embedding size):

    - `linear`: `bias [L']` and either `weight [D, L']` or `select int32 [L']`, the column of the
      embedding that is already the label's logit. z = x @ weight + bias.
    - `softmax_sum`: `weight [D, R]`, `bias [R]`, `rows uint8 [R, L]` of 0 and 1: which of the R
      classes make up a label. p = softmax(x @ weight + bias) @ rows. Multi: z = logit(p). Single:
      z = log p, and with a null class z = log(1 - sum p) for it; a class belongs to one label.
    - `mlp`: `w0 [D, H]`, `b0 [H]`, `w1`, `b1`, ..., ReLU between layers, the last gives [L'].
    - `neighbours`: votes of N remembered photos by likeness. u = x @ axes + shift, at unit length,
      with `axes [D, K]`, `shift [K]`; s = softmax(sharpness * u @ photos.T) with `photos [N, K]` of
      unit length; yes = s @ said / 255 + doubt * usual, all = s @ known / 255 + doubt, with `said`,
      `known` uint8 [N, L'] (known may be left out: all 255) and `usual [L']`, strictly between 0
      and 1. Multi: z = log(yes) - log(all - yes); single: z = log(yes) - log(all).
    - `ensemble`: `columns int32 [M, L']` (column of member m that feeds z, -1: none), `weights
      [M, L']`, `bias [L']`; z = sum over m of weights * member logits + bias.

    Attributes:
        group: id of the group it scores.
        type: one of `HEAD_TYPES`.
        input: what the embedding goes through first: `identity`, or `sqrt` (the root of the
            absolute value, keeping the sign).
        kind: `multi` or `single`.
        arrays: as above.
        options: `has_null` (bool), `normalise` (bool, softmax_sum: divide by the sum over the
            group's labels), `link` (`sigmoid` or `softmax`, where it is not the kind's own),
            `sharpness` and `doubt` (float above 0, neighbours).
        members: heads of an ensemble; each takes the same embedding.
    """

    group: str
    type: HeadType
    input: Literal["identity", "sqrt"]
    kind: Literal["multi", "single"]
    arrays: dict[str, NDArray[Any]]
    options: dict[str, Any] = field(default_factory=dict)
    members: tuple[Head, ...] = ()

    @property
    def has_null(self) -> bool:
        """Whether the last logit is the null class, which is not among the scores."""
        return bool(self.options.get("has_null", False))

    @property
    def normalise(self) -> bool:
        """Whether the labels of a `softmax_sum` share out the whole probability."""
        return bool(self.options.get("normalise", False))

    @property
    def link(self) -> str:
        """What turns logits into scores: `sigmoid` or `softmax`."""
        return str(self.options.get("link", "sigmoid" if self.kind == "multi" else "softmax"))

    @property
    def outputs(self) -> int:
        """Number of logits: labels, plus 1 with a null class."""
        if self.type == "softmax_sum":
            return int(self.arrays["rows"].shape[1]) + int(self.has_null)
        if self.type == "mlp":
            return int(self.arrays[f"b{layer_count(self) - 1}"].shape[0])
        if self.type == "neighbours":
            return int(self.arrays["said"].shape[1])
        return int(self.arrays["bias"].shape[0])

    @property
    def labels(self) -> int:
        """Number of scores it gives."""
        return self.outputs - int(self.has_null)


def layer_count(head: Head) -> int:
    """Return how many layers an `mlp` has."""
    return sum(1 for name in head.arrays if name.startswith("w"))


def head_logits(head: Head, embeddings: NDArray[Any]) -> NDArray[np.float32]:
    """Return the head's logits.

    Args:
        head: the head.
        embeddings: float [N, D]; computed in float32 whatever comes in.

    Returns:
        float32 [N, L], with the null class as last column if the head has one.

    Raises:
        BundleError: the embeddings have another size than the head takes.
    """
    x = _input(head, np.asarray(embeddings, dtype=np.float32))
    try:
        return _LOGITS[head.type](head, x).astype(np.float32, copy=False)
    except (ValueError, IndexError) as error:
        raise BundleError(
            f"the head of group {head.group} does not fit embeddings of size {x.shape[-1]}: {error}"
        ) from error


def with_bias(head: Head, bias: NDArray[np.float32]) -> Head:
    """Return a head that adds `bias` [L'] to the logits of another."""
    if head.type == "ensemble":
        return replace(head, arrays=head.arrays | {"bias": head.arrays["bias"] + bias})
    arrays = {
        "columns": np.arange(len(bias), dtype=np.int32)[None],
        "weights": np.ones((1, len(bias)), np.float32),
        "bias": bias,
    }
    options = {k: v for k, v in head.options.items() if k in ("has_null", "link")}
    return Head(head.group, "ensemble", "identity", head.kind, arrays, options, members=(head,))


def head_scores(head: Head, embeddings: NDArray[Any]) -> NDArray[np.float32]:
    """Return the head's probabilities, float32 [N, L], without the null class.

    Args:
        head: the head.
        embeddings: float [N, D].
    """
    return scores_from_logits(head, head_logits(head, embeddings))


def scores_from_logits(head: Head, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn logits float32 [N, L'] of this head into probabilities float32 [N, L]."""
    scores = sigmoid(logits) if head.link == "sigmoid" else softmax(logits)
    return scores[:, :-1] if head.has_null else scores


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 / (1 + exp(-z)) without overflow, same shape."""
    small = np.exp(-np.abs(logits))
    result = np.where(logits >= 0, np.float32(1), small) / (1 + small)
    return result.astype(np.float32, copy=False)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the softmax over the last axis without overflow, same shape."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
    return result


def _input(head: Head, x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sign(x) * np.sqrt(np.abs(x)) if head.input == "sqrt" else x


def _linear(head: Head, x: NDArray[np.float32]) -> NDArray[np.float32]:
    bias = head.arrays["bias"]
    if "select" in head.arrays:
        return x[:, head.arrays["select"]] + bias
    return x @ head.arrays["weight"] + bias


def class_shares(head: Head, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probabilities of the classes of a `softmax_sum`: float32 [N, R]."""
    return _shares(head, _input(head, embeddings))


def _shares(head: Head, x: NDArray[np.float32]) -> NDArray[np.float32]:
    return softmax(x @ head.arrays["weight"] + head.arrays["bias"])


def _softmax_sum(head: Head, x: NDArray[np.float32]) -> NDArray[np.float32]:
    return logits_of_shares(head, _shares(head, x))


def logits_of_shares(head: Head, shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the logits of a `softmax_sum`, float32 [N, L'], from its `class_shares`."""
    rows = head.arrays["rows"].astype(np.float32)
    sums = shares @ rows
    if head.normalise:
        sums = sums / np.maximum(sums.sum(axis=1, keepdims=True), TINY)
    log = np.log(np.maximum(sums, TINY))
    if head.kind == "multi":
        rest = 1.0 - sums if head.normalise else shares @ (1.0 - rows)
        return log - np.log(np.maximum(rest, TINY))
    if not head.has_null:
        return log
    null = shares @ (1.0 - rows.max(axis=1, keepdims=True))
    return np.concatenate([log, np.log(np.maximum(null, TINY))], axis=1)


def _mlp(head: Head, x: NDArray[np.float32]) -> NDArray[np.float32]:
    for layer in range(layer_count(head)):
        x = (np.maximum(x, 0) if layer else x) @ head.arrays[f"w{layer}"] + head.arrays[f"b{layer}"]
    return x


def _neighbours(head: Head, x: NDArray[np.float32]) -> NDArray[np.float32]:
    arrays, doubt = head.arrays, np.float32(head.options["doubt"])
    u = x @ arrays["axes"] + arrays["shift"]
    u /= np.maximum(np.sqrt((u * u).sum(axis=1, keepdims=True)), TINY)
    shares = softmax((u @ arrays["photos"].T) * np.float32(head.options["sharpness"]))
    yes = shares @ votes(arrays["said"]) + doubt * arrays["usual"]
    every = (shares @ votes(arrays["known"]) if "known" in arrays else np.float32(1)) + doubt
    return np.log(yes) - np.log(every - yes if head.kind == "multi" else every)


def votes(stored: NDArray[Any]) -> NDArray[np.float32]:
    """Return `said` or `known` of a `neighbours` head as numbers from 0 to 1, same shape."""
    return stored.astype(np.float32) / np.float32(FULL)


def _ensemble(head: Head, x: NDArray[np.float32]) -> NDArray[np.float32]:
    total = np.repeat(head.arrays["bias"][None, :], len(x), axis=0)
    for member, columns, weights in zip(
        head.members, head.arrays["columns"], head.arrays["weights"], strict=True
    ):
        fed = np.flatnonzero(columns >= 0)
        total[:, fed] += head_logits(member, x)[:, columns[fed]] * weights[fed]
    return total


_LOGITS = {
    "linear": _linear,
    "softmax_sum": _softmax_sum,
    "mlp": _mlp,
    "neighbours": _neighbours,
    "ensemble": _ensemble,
}


def write_heads(folder: Path, heads: Sequence[Head]) -> None:
    """Write `heads.npz` and `heads.json` into `folder`.

    Floating numbers are stored as float32, integers as int32, those of `BYTE_ARRAYS` as uint8.
    """
    arrays = {name: array for head in heads for name, array in named_arrays(head)}
    write_arrays(folder / HEADS_ARRAYS_FILE, arrays)
    facts = {"format": HEADS_FORMAT, "version": HEADS_VERSION, "heads": heads_to_json(heads)}
    write_json(folder / HEADS_FILE, facts)


def read_heads(folder: Path) -> tuple[Head, ...]:
    """Read what `write_heads` wrote; shapes are checked by `head_rules.check_heads`.

    Raises:
        BundleError: a file is missing or damaged, or an array is missing; names file and array.
    """
    top = Fields(read_json(folder / HEADS_FILE), HEADS_FILE)
    if top.data.get("format") != HEADS_FORMAT:
        raise BundleError(f"{top.path('format')} is not {HEADS_FORMAT!r}")
    if top.whole("version", 1) > HEADS_VERSION:
        raise BundleError(f"{top.path('version')} is newer than this program: update the program")
    arrays = read_arrays(folder / HEADS_ARRAYS_FILE)
    return tuple(
        _read_head(item, item.text("group", empty=False), item.text("group"), arrays)
        for item in top.objects("heads")
    )


def heads_to_json(heads: Sequence[Head]) -> list[dict[str, Any]]:
    """Return everything about heads but their numbers, as plain JSON values."""
    return [
        {
            "group": head.group,
            "type": head.type,
            "input": head.input,
            "kind": head.kind,
            "options": head.options,
            "arrays": sorted(head.arrays),
            "members": heads_to_json(head.members),
        }
        for head in heads
    ]


def named_arrays(head: Head, prefix: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield every array of a head and its members, as stored, under its name in `heads.npz`."""
    prefix = prefix or head.group
    for name in sorted(head.arrays):
        array = head.arrays[name]
        whole = np.uint8 if name in BYTE_ARRAYS else np.int32
        stored = np.float32 if array.dtype.kind == "f" else whole
        yield f"{prefix}/{name}", np.ascontiguousarray(array, dtype=stored)
    for at, member in enumerate(head.members):
        yield from named_arrays(member, f"{prefix}/{at}")


def _read_head(data: Fields, prefix: str, group: str, arrays: dict[str, NDArray[Any]]) -> Head:
    if prefix.count("/") > MAX_NESTING:
        raise BundleError(f"{data.where} is an ensemble nested more than {MAX_NESTING} deep")
    names = data.texts("arrays")
    for name in names:
        if f"{prefix}/{name}" not in arrays:
            raise BundleError(f"{HEADS_ARRAYS_FILE}: array {prefix}/{name} is missing")
    return Head(
        group=group,
        type=cast(HeadType, data.choice("type", HEAD_TYPES)),
        input=cast(Literal["identity", "sqrt"], data.choice("input", ("identity", "sqrt"))),
        kind=cast(Literal["multi", "single"], data.choice("kind", ("multi", "single"))),
        arrays={name: arrays[f"{prefix}/{name}"] for name in names},
        options=data.mapping("options"),
        members=tuple(
            _read_head(member, f"{prefix}/{at}", group, arrays)
            for at, member in enumerate(data.objects("members"))
        ),
    )
