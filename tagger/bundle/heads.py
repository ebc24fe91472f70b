"""From an embedding to the scores of one group, in NumPy: the same numbers as the graph gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.errors import BundleError

HeadType = Literal["linear", "softmax_sum", "mlp", "ensemble"]
HEAD_TYPES: tuple[HeadType, ...] = ("linear", "softmax_sum", "mlp", "ensemble")
LINKS = ("sigmoid", "softmax")

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
            group's labels), `link` (`sigmoid` or `softmax`, where it is not the kind's own).
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
    result: NDArray[np.float32] = np.where(logits >= 0, 1.0, small) / (1.0 + small)
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


def _softmax_sum(head: Head, x: NDArray[np.float32]) -> NDArray[np.float32]:
    shares = softmax(x @ head.arrays["weight"] + head.arrays["bias"])
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
    "ensemble": _ensemble,
}
