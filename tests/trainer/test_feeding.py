"""The input pipeline: the same batches whatever the threads, and augmentation that does as told."""

import itertools

import numpy as np
import pytest

pytest.importorskip("torchvision")

import torch

from tagger.core.preprocessing import Preprocessing
from trainer.feeding.augmentation import NONE, Augmentation, augmented
from trainer.feeding.feed import Feed
from trainer.feeding.pixels import GREY, PixelStore, decoding_threads
from trainer.feeding.rand_augment import OPERATIONS, rand_augment

SPEC = Preprocessing(48, 40)
BUSY = Augmentation(
    flip=0.5, rotation=20, shift=0.1, scale=(0.8, 1.2), brightness=0.2, random_ops=1, erase=0.3
)


@pytest.fixture
def photos(test_data):
    return sorted((test_data / "scenes" / "images").iterdir())[:20]


def batches(photos, threads, augmentation=BUSY, first=0, epoch=2, **options):
    store = PixelStore(photos, SPEC, **options)
    with decoding_threads(threads) as pool:
        feed = Feed(store, pool, 8, augmentation, seed=5)
        found = list(feed.epoch(np.arange(len(photos)), epoch, first))
    store.close()
    return found


def ramp():
    """A photo that is dark on the left and at the top, in two channels."""
    made = np.zeros((3, 40, 40), np.uint8)
    made[0] = np.arange(40)[None, :] * 6
    made[1] = np.arange(40)[:, None] * 6
    return torch.from_numpy(made)


def many(how, count=60):
    return [augmented(ramp(), how, np.random.default_rng(at)) for at in range(count)]


def test_batches_depend_on_seed_and_epoch_alone(photos, tmp_path):
    one, several = batches(photos, 1), batches(photos, 4, kept_bytes=0)
    from_disk = batches(photos, 3, folder=tmp_path)
    for a, b, c in zip(one, several, from_disk, strict=True):
        assert torch.equal(a.rows, b.rows)
        assert torch.equal(a.images, b.images)
        assert torch.equal(a.images, c.images)
    assert sorted(itertools.chain(*(batch.rows.tolist() for batch in one))) == list(range(20))
    other = batches(photos, 2, epoch=3)
    assert not torch.equal(other[0].rows, one[0].rows)


def test_an_epoch_can_be_taken_up_in_the_middle(photos):
    whole, rest = batches(photos, 2), batches(photos, 2, first=1)
    assert len(rest) == len(whole) - 1
    assert torch.equal(rest[0].images, whole[1].images)


def test_processes_share_every_batch_between_them(photos):
    store = PixelStore(photos, SPEC)
    with decoding_threads(2) as pool:
        rows = np.arange(20)
        whole = list(Feed(store, pool, 8, BUSY).epoch(rows, 0))
        halves = [
            list(Feed(store, pool, 8, BUSY, process=at, processes=2).epoch(rows, 0))
            for at in (0, 1)
        ]
    for batch, one, other in zip(whole, *halves, strict=True):
        assert torch.equal(torch.cat([one.rows, other.rows]), batch.rows)
        assert torch.equal(torch.cat([one.images, other.images]), batch.images)


def test_unreadable_photos_are_grey_and_named(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    store = PixelStore([tmp_path / "broken.jpg", tmp_path / "gone.jpg"], SPEC)
    assert (store.read(0) == GREY).all()
    assert (store.read(1) == GREY).all()
    assert store.unreadable == {0, 1}


def test_photos_are_decoded_once_while_there_is_room(photos, monkeypatch):
    from trainer.feeding import pixels

    decoded = []
    real = pixels.model_input
    monkeypatch.setattr(pixels, "model_input", lambda p, s: decoded.append(p) or real(p, s))
    one = 48 * 40 * 3
    store = PixelStore(photos[:4], SPEC, kept_bytes=3 * one)
    for row in (0, 1, 2, 3, 0, 1, 2, 3):
        store.read(row)
    assert len(decoded) == 5


def test_nothing_is_done_where_nothing_is_asked_for():
    assert torch.equal(augmented(ramp(), NONE, np.random.default_rng(0)), ramp())


def test_flips_happen_at_the_chance_given():
    mirrored = sum(
        bool(photo[0, 20, 0] > photo[0, 20, -1]) for photo in many(Augmentation(flip=0.5))
    )
    assert 15 < mirrored < 45
    upside = [photo[1, 0, 20] > photo[1, -1, 20] for photo in many(Augmentation(flip_vertical=1.0))]
    assert all(upside)


def test_rotation_reaches_any_angle_within_its_bounds():
    turned = many(Augmentation(rotation=90, fill=(9, 9, 9)))
    across = np.array([float(photo[0, 20, 30]) - float(photo[0, 20, 10]) for photo in turned])
    assert across.min() < 40
    assert across.max() > 100
    assert (across > -40).all(), "never further than a right angle"
    corners = [tuple(photo[:, 0, 0].tolist()) for photo in turned]
    assert sum(corner == (9, 9, 9) for corner in corners) > 30, "filled with the colour given"


def test_shifts_repeat_the_edge_or_fill_it():
    edge = many(Augmentation(shift=0.2, fill=None))
    assert {int(photo[0, 20, 0]) for photo in edge} >= {0, 6, 12}
    assert all(int(photo[2].max()) == 0 for photo in edge)
    filled = many(Augmentation(shift=0.2, fill=(0, 0, 255)))
    assert any(int(photo[2].max()) == 255 for photo in filled)


def test_colours_move_within_their_bounds():
    bright = [float(photo[0].float().mean()) for photo in many(Augmentation(brightness=0.3))]
    plain = float(ramp()[0].float().mean())
    assert min(bright) < 0.85 * plain
    assert max(bright) > 1.1 * plain
    assert min(bright) > 0.68 * plain
    other = augmented(ramp(), Augmentation(contrast=0.5, saturation=0.5, hue=0.2), _rng())
    assert other.shape == (3, 40, 40)
    assert other.dtype == torch.uint8


def test_erasing_and_cropping_keep_the_size():
    erased = many(Augmentation(erase=1.0, fill=(1, 2, 3)), 10)
    assert all((photo == torch.tensor([1, 2, 3])[:, None, None]).all(0).any() for photo in erased)
    cropped = many(Augmentation(crop=0.3), 10)
    assert all(photo.shape == (3, 40, 40) for photo in cropped)
    assert len({photo.numpy().tobytes() for photo in cropped}) == 10


@pytest.mark.parametrize("operation", range(len(OPERATIONS)))
def test_every_operation_of_randaugment_keeps_form_and_type(operation):
    for strength in (-0.6, 0.3):
        photo = OPERATIONS[operation](ramp(), strength, (9, 9, 9))
        assert photo.shape == (3, 40, 40)
        assert photo.dtype == torch.uint8


def test_randaugment_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    first, again = (rand_augment(ramp(), 2, 9, None, np.random.default_rng(4)) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(torch.get_rng_state(), before)


def test_mixup_blends_two_photos_of_the_batch(photos):
    mixed = batches(photos, 2, Augmentation(mixup=0.4))[0]
    assert 0.5 <= mixed.share < 1
    store = PixelStore(photos, SPEC)
    for at in range(3):
        one, other = (
            store.read(int(rows[at])).astype(float) for rows in (mixed.rows, mixed.partners)
        )
        expected = mixed.share * one + (1 - mixed.share) * other
        assert np.abs(mixed.images[at].numpy() - expected).max() <= 1


def test_a_last_batch_that_is_not_full_can_be_left_out(photos):
    store = PixelStore(photos, SPEC)
    with decoding_threads(1) as pool:
        assert Feed(store, pool, 8).steps(np.arange(20)) == 3
        assert Feed(store, pool, 8, drop_last=True).steps(np.arange(20)) == 2
        assert Feed(store, pool, 8, drop_last=True).steps(np.arange(5)) == 1


def _rng():
    return np.random.default_rng(0)
