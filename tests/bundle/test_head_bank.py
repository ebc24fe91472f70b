"""Heads computed together give what they give one by one, and share what is equal."""

import numpy as np
import pytest

from tagger.bundle import head_bank
from tagger.bundle.head_bank import HeadBank
from tagger.bundle.heads import Head, head_logits
from tests.bundle.bundle_makers import SIZE, ensemble, linear, mlp, softmax_sum


def again(head, group, **arrays):
    """A head of another group with equal arrays of its own, as read from a file."""
    copied = {name: array.copy() for name, array in head.arrays.items()} | arrays
    return Head(group, head.type, head.input, head.kind, copied, head.options, head.members)


@pytest.fixture
def embeddings():
    return np.random.default_rng(0).normal(0, 1, (40, SIZE)).astype(np.float32)


@pytest.fixture
def heads():
    tags = softmax_sum("tags", 5, "multi")
    rows = np.roll(tags.arrays["rows"][:, :3], 4, axis=0)
    own = linear("own", 5, seed=8)
    return [
        tags,
        again(tags, "wear", rows=rows),
        linear("sky", 4, "single", has_null=True),
        mlp("deep", 6),
        ensemble("both", 5, [tags, own]),
        ensemble("nested", 5, [ensemble("inner", 5, [again(own, "x"), tags]), mlp("m", 5)]),
    ]


def test_together_is_as_one_by_one(heads, embeddings):
    found = HeadBank(heads).logits(embeddings)
    for head in heads:
        assert np.allclose(found[head.group], head_logits(head, embeddings), atol=1e-5), head.group


def test_equal_classes_are_computed_once(heads, embeddings, monkeypatch):
    real, counts = head_bank.class_shares, []
    monkeypatch.setattr(head_bank, "class_shares", lambda *given: counts.append(1) or real(*given))
    HeadBank(heads).logits(embeddings)
    assert len(counts) == 1
