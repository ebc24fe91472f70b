"""Heads in NumPy: from embeddings to scores, and to disk and back."""

import bundle_makers as makers
import numpy as np
import pytest

from tagger.bundle.errors import BundleError
from tagger.bundle.head_rules import check_head
from tagger.bundle.heads import (
    Head,
    head_logits,
    head_scores,
    read_heads,
    scores_from_logits,
    sigmoid,
    softmax,
    write_heads,
)


@pytest.fixture
def embeddings() -> np.ndarray:
    return np.abs(np.random.default_rng(9).normal(0, 1, (7, makers.SIZE))).astype(np.float32)


def test_linear_head_gives_sigmoid_of_product(embeddings):
    head = makers.linear("g", 3)
    z = embeddings.astype(np.float64) @ head.arrays["weight"] + head.arrays["bias"]
    assert np.abs(head_scores(head, embeddings) - 1 / (1 + np.exp(-z))).max() < 1e-6


def test_select_picks_columns_that_are_logits_already(embeddings):
    arrays = {"select": np.asarray([4, 0], np.int32), "bias": np.asarray([0, 1], np.float32)}
    head = Head("g", "linear", "identity", "multi", arrays)
    assert np.allclose(head_logits(head, embeddings), embeddings[:, [4, 0]] + [0, 1])


def test_softmax_sum_multi_scores_are_sums_of_class_probabilities(embeddings):
    head = makers.softmax_sum("g", 5, "multi")
    shares = softmax(embeddings @ head.arrays["weight"] + head.arrays["bias"])
    assert np.abs(head_scores(head, embeddings) - shares @ head.arrays["rows"]).max() < 1e-6


def test_softmax_sum_single_with_null_leaves_the_rest_to_none(embeddings):
    head = makers.softmax_sum("g", 4, "single", has_null=True)
    shares = softmax(embeddings @ head.arrays["weight"] + head.arrays["bias"])
    scores = head_scores(head, embeddings)
    assert np.abs(scores - shares @ head.arrays["rows"]).max() < 1e-6
    assert (scores.sum(axis=1) < 1).all()
    assert head_logits(head, embeddings).shape == (7, 5)
    assert head.labels == 4


def test_softmax_sum_single_normalised_sums_to_one(embeddings):
    head = makers.softmax_sum("g", 4, "single", normalise=True)
    assert np.allclose(head_scores(head, embeddings).sum(axis=1), 1, atol=1e-6)


def test_softmax_sum_logit_stays_exact_where_one_class_takes_all():
    weight = np.zeros((1, 3), np.float32)
    bias = np.asarray([0, -11, -12], np.float32)
    arrays = {"weight": weight, "bias": bias, "rows": np.asarray([[1], [0], [0]], np.uint8)}
    head = Head("g", "softmax_sum", "identity", "multi", arrays)
    logit = head_logits(head, np.zeros((1, 1), np.float32))[0, 0]
    assert abs(logit + np.log(np.exp(-11.0) + np.exp(-12.0))) < 1e-4


def test_ensemble_weighs_members_and_skips_missing_columns(embeddings):
    one, two = makers.linear("g", 2), makers.mlp("g", 3)
    arrays = {
        "columns": np.asarray([[1, -1], [2, 0]], np.int32),
        "weights": np.asarray([[0.5, 9], [2, 1]], np.float32),
        "bias": np.asarray([0.1, 0.2], np.float32),
    }
    head = Head("g", "ensemble", "identity", "multi", arrays, {}, (one, two))
    first, second = head_logits(one, embeddings), head_logits(two, embeddings)
    expected = np.stack([0.5 * first[:, 1] + 2 * second[:, 2] + 0.1, second[:, 0] + 0.2], axis=1)
    assert np.abs(head_logits(head, embeddings) - expected).max() < 1e-5


def test_sqrt_input_keeps_the_sign():
    arrays = {"weight": np.eye(2, dtype=np.float32), "bias": np.zeros(2, np.float32)}
    head = Head("g", "linear", "sqrt", "multi", arrays)
    assert np.allclose(head_logits(head, np.asarray([[4.0, -9.0]])), [[2, -3]])


def test_links_do_not_overflow():
    extreme = np.asarray([[-1e4, 0, 1e4]], np.float32)
    with np.errstate(over="raise", invalid="raise"):
        assert sigmoid(extreme).tolist() == [[0, 0.5, 1]]
        assert softmax(extreme).tolist() == [[0, 0, 1]]
        assert sigmoid(extreme).dtype == softmax(extreme).dtype == np.float32


def test_single_group_may_keep_sigmoid_scores_of_its_maker():
    head = makers.linear("g", 2, "single", link="sigmoid")
    assert np.allclose(scores_from_logits(head, np.zeros((1, 2), np.float32)), 0.5)


def test_float16_embeddings_are_computed_in_float32(embeddings):
    head = makers.linear("g", 3)
    assert head_logits(head, embeddings.astype(np.float16)).dtype == np.float32


def test_embeddings_of_another_size_are_refused_with_the_group_named(embeddings):
    with pytest.raises(BundleError, match="group g-x does not fit embeddings of size 11"):
        head_logits(makers.linear("g-x", 3), embeddings[:, :11])


def test_heads_survive_writing_and_reading(tmp_path, embeddings):
    nested = makers.ensemble("a", 4, [makers.linear("a", 3), makers.softmax_sum("a", 4, "multi")])
    heads = [nested, makers.mlp("b", 2, "single", has_null=True)]
    write_heads(tmp_path, heads)
    again = read_heads(tmp_path)
    assert [head.options for head in again] == [{}, {"has_null": True}]
    for head, kept in zip(heads, again, strict=True):
        assert check_head(kept, makers.SIZE) == head.outputs
        assert (head_logits(head, embeddings) == head_logits(kept, embeddings)).all()


def test_pickled_objects_in_heads_are_refused(tmp_path):
    write_heads(tmp_path, [makers.linear("g", 3)])
    with (tmp_path / "heads.npz").open("wb") as file:
        np.savez(file, **{"g/weight": np.asarray([{}], object), "g/bias": np.zeros(1)})
    with pytest.raises(BundleError, match=r"heads\.npz is damaged"):
        read_heads(tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weight": np.zeros((5, 3), np.float32)}, r"g/weight has shape \[5, 3\], not \[12, 3\]"),
        ({"bias": np.asarray([0, np.nan, 0], np.float32)}, r"g/bias has numbers that are not fin"),
        ({"bias": np.zeros((1, 3), np.float32)}, r"g/bias has shape"),
        ({"weight": np.zeros((12, 3), np.int32)}, r"g/weight has numbers of type int32"),
        ({"select": np.asarray([0, 1, 12], np.int32)}, r"g/select leaves the embedding"),
    ],
)
def test_misshapen_linear_head_is_refused_by_name(change, sentence):
    head = makers.linear("g", 3)
    head.arrays.update(change)
    with pytest.raises(BundleError, match=sentence):
        check_head(head, makers.SIZE)


def test_single_softmax_sum_with_shared_class_is_refused():
    head = makers.softmax_sum("g", 4, "single")
    head.arrays["rows"][0, :2] = 1
    with pytest.raises(BundleError, match="gives one class to two labels"):
        check_head(head, makers.SIZE)


def test_ensemble_with_column_beyond_its_member_is_refused():
    head = makers.ensemble("g", 4, [makers.linear("g", 3)])
    head.arrays["columns"][0, 0] = 3
    with pytest.raises(BundleError, match="a column that member 0 does not have"):
        check_head(head, makers.SIZE)
