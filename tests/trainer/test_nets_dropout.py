"""Dropout by photo and step: the same however a batch is shared out, another at every step."""

import pytest

pytest.importorskip("torch")

import torch

from trainer.nets.dropout import PhotoDropout, show_photos

ROWS = torch.arange(500, 600)


def dropped(rows=ROWS, seed=7, salt=0, share=0.5):
    layer = PhotoDropout(share, salt).train()
    show_photos(layer, rows, seed)
    return layer(torch.ones(len(rows), 640)) == 0


def test_a_photo_loses_the_same_numbers_whatever_stands_beside_it():
    whole = dropped()
    assert torch.equal(dropped(ROWS[60:]), whole[60:])
    assert torch.equal(dropped(ROWS.flip(0)), whole.flip(0))


@pytest.mark.parametrize("other", [{"seed": 8}, {"salt": 1}, {"rows": ROWS + 1}])
def test_another_step_place_or_photo_loses_others(other):
    both = (dropped() & dropped(**other)).float().mean()
    assert both == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_so_many_are_left_out_and_the_mean_stays(share):
    lost = dropped(share=share).float()
    assert lost.mean() == pytest.approx(share, abs=0.01)
    assert lost.mean(0).std() == pytest.approx((share * (1 - share) / len(ROWS)) ** 0.5, rel=0.2)
    layer = PhotoDropout(share).train()
    show_photos(layer, ROWS, 3)
    assert layer(torch.ones(len(ROWS), 640)).mean() == pytest.approx(1, abs=0.02)


def test_in_use_nothing_is_left_out():
    layer = PhotoDropout(0.5).eval()
    show_photos(layer, ROWS, 3)
    assert torch.equal(layer(torch.ones(len(ROWS), 8)), torch.ones(len(ROWS), 8))
