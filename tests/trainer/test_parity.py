"""No bundle is stored whose graph does not answer as it was trained, and reports say so plainly."""

import shutil

import numpy as np
import pytest

from trainer.parity import ParityError, check_parity, provider_agreements
from trainer.session import other_providers


@pytest.fixture
def photos(test_data):
    return sorted((test_data / "scenes" / "images").iterdir())[:6]


@pytest.fixture
def bundle(starter, tmp_path):
    """A starter of this test's own, whose heads can be changed."""
    return shutil.copytree(starter, tmp_path / "bundle")


def changed(bundle, change):
    """Change one number of a head."""
    arrays = dict(np.load(bundle / "heads.npz"))
    name = next(name for name in arrays if name.endswith("/bias"))
    arrays[name] = arrays[name].copy()
    arrays[name][0] = change(arrays[name][0])
    np.savez(bundle / "heads.npz", **arrays)


def test_the_report_says_difference_decisions_and_what_was_not_compared(starter, photos):
    found = check_parity(starter, photos)
    said = found.to_json()
    assert said["largest_difference"] <= 1e-4
    assert (said["same_decisions"], said["photos"], said["real_photos"]) == (1.0, 6, True)
    assert said["sentences"][0].startswith("On 6 photos the stored model answers as it was")
    assert len(said["gpus"]) + len(found.unobtained) == len(other_providers())
    if not other_providers():
        assert said["sentences"][1] == "Not compared on a graphics card: none can be used here."


@pytest.mark.parametrize("change", [lambda bias: bias + 3, lambda bias: np.nan])
def test_heads_that_differ_from_the_graph_are_refused(bundle, photos, change):
    changed(bundle, change)
    with pytest.raises(ParityError, match="differs by"):
        check_parity(bundle, photos)


def test_without_a_readable_photo_the_golden_pictures_prove_it(bundle, tmp_path):
    found = check_parity(bundle, [tmp_path / "gone.jpg"])
    assert not found.real
    assert found.formula.photos > 0
    changed(bundle, lambda bias: bias + 3)
    with pytest.raises(ParityError):
        check_parity(bundle, [])


@pytest.mark.skipif("CUDAExecutionProvider" in other_providers(), reason="there is one")
def test_a_graphics_card_that_cannot_be_had_is_named_and_never_the_processor_in_disguise(
    starter, photos
):
    found, unobtained = provider_agreements(starter, photos, ["CUDAExecutionProvider"])
    assert found == []
    assert unobtained == ["CUDAExecutionProvider was asked for, but cannot be had on this machine."]
