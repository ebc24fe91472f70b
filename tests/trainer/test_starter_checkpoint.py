"""The restricted reader gives torch's tensors bit for bit, and runs nothing a file asks for."""

import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from trainer.starter.checkpoint import MAGIC, PROTOCOL, CheckpointError, read_checkpoint
from trainer.starter.weights import weights, weights_path


def test_all_296_tensors_equal_torchs_bit_for_bit():
    torch = pytest.importorskip("torch")
    ours = read_checkpoint(weights_path(), weights().sha256)
    theirs = torch.load(weights_path(), map_location="cpu", weights_only=True)
    assert len(ours) == 296
    assert list(ours) == list(theirs)
    for name, tensor in theirs.items():
        array = tensor.numpy()
        assert ours[name].dtype == array.dtype, name
        assert ours[name].shape == array.shape, name
        assert ours[name].tobytes() == array.tobytes(), name


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4)])
def test_views_of_storages_are_read_like_torch_does(tmp_path, shape):
    torch = pytest.importorskip("torch")
    base = torch.arange(48, dtype=torch.float32).reshape(6, 8)
    count = int(np.prod(shape, dtype=int))
    tensors = OrderedDict(
        turned=base.t(),
        part=base[1:5:2, 3:],
        shaped=torch.arange(count, dtype=torch.int64).reshape(shape),
    )
    path = tmp_path / "views.pth"
    torch.save(tensors, path, _use_new_zipfile_serialization=False)
    read = read_checkpoint(path)
    for name, tensor in tensors.items():
        assert np.array_equal(read[name], tensor.numpy()), name


class Harmful:
    """Pickles as a call that would make a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (open, (str(self.mark), "w"))


def pickles(*values: object) -> bytes:
    return b"".join(pickle.dumps(value, protocol=2) for value in values)


@pytest.mark.parametrize("place", range(5))
def test_a_file_that_asks_for_another_call_is_refused_and_not_obeyed(tmp_path, place):
    mark = tmp_path / "executed"
    parts: list[object] = [MAGIC, PROTOCOL, {"little_endian": True}, OrderedDict(), []]
    parts[place] = Harmful(mark)
    path = tmp_path / "harmful.pth"
    path.write_bytes(pickles(*parts))
    with pytest.raises(CheckpointError, match=r"harmful\.pth was refused: it wants to use .*open'"):
        read_checkpoint(path)
    assert not mark.exists()


def test_a_file_with_another_hash_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "other.pth"
    path.write_bytes(pickles(MAGIC, PROTOCOL, {"little_endian": True}, OrderedDict(), []))
    assert read_checkpoint(path) == {}
    with pytest.raises(CheckpointError, match="not the one this program was made for"):
        read_checkpoint(path, weights().sha256)


def test_broken_files_give_one_sentence(tmp_path):
    whole = weights_path().read_bytes()
    broken = {
        "empty": b"",
        "text": b"this is not a checkpoint",
        "zip": b"PK\x03\x04" + bytes(100),
        "half": whole[: len(whole) // 2],
        "header only": whole[:300],
        "other pickle": pickles([1, 2, 3]),
        "big-endian": pickles(MAGIC, PROTOCOL, {"little_endian": False}, {}, []),
        "no tensors": pickles(MAGIC, PROTOCOL, {"little_endian": True}, {"a": 1}, []),
        "unknown storage": pickles(MAGIC, PROTOCOL, {"little_endian": True}, {}, ["7"]),
    }
    for name, content in broken.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(CheckpointError) as caught:
            read_checkpoint(path)
        assert "\n" not in str(caught.value), name
        assert str(path) in str(caught.value), name


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"nowhere\.pth cannot be read: No such file"):
        read_checkpoint(tmp_path / "nowhere.pth")


def test_reading_and_laying_the_graph_need_no_torch():
    code = (
        "import sys\n"
        "from trainer.starter.weights import weights, weights_path\n"
        "from trainer.starter.checkpoint import read_checkpoint\n"
        "from trainer.starter.lite0 import lite0_backbone\n"
        "lite0_backbone(read_checkpoint(weights_path(), weights().sha256))\n"
        "assert not {'torch', 'torchvision', 'timm', 'onnxruntime'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
