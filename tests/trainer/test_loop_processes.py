"""Trainings that are killed, and trainings of several processes: both give the same result."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

PROGRAM = Path(__file__).with_name("loop_makers.py")
CHECKOUT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"}


def start(test_data, run, out, *options, launcher=()):
    command = [sys.executable, *launcher, str(PROGRAM)]
    command += [str(test_data / "scenes" / "images"), str(run), str(out), *options]
    return subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


def finish(process):
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def read(out):
    return torch.load(out, weights_only=True)


def largest_difference(one, other):
    return max(
        float((one["net"][name] - other["net"][name]).abs().max())
        for name in one["net"]
        if one["net"][name].is_floating_point()
    )


@pytest.mark.slow
def test_a_training_that_was_ended_goes_on_to_the_same_curve(test_data, tmp_path):
    """Told to end, it writes what it has at once; killed, the last that it had written counts."""
    options = ("epochs=6", "average=0.9")
    undisturbed = start(test_data, made(tmp_path / "whole"), tmp_path / "whole.pt", *options)
    told, killed = made(tmp_path / "told"), made(tmp_path / "killed")
    end(start(test_data, told, tmp_path / "told.pt", *options, "SIGTERM=4"))
    assert step_of(told) == 5, "between two judgements, where nothing else would have been written"
    again = [start(test_data, told, tmp_path / "told.pt", *options)]
    options = (*options, "save_every=0")
    end(start(test_data, killed, tmp_path / "killed.pt", *options, "SIGKILL=8"))
    assert step_of(killed) == 7
    again.append(start(test_data, killed, tmp_path / "killed.pt", *options))
    for process in (undisturbed, *again):
        finish(process)
    one = read(tmp_path / "whole.pt")
    for other in (read(tmp_path / "told.pt"), read(tmp_path / "killed.pt")):
        assert other["judged"]["epoch"] == [1, 2, 3, 4, 5, 6]
        assert other["judged"]["loss"] == pytest.approx(one["judged"]["loss"], rel=1e-5)
        assert largest_difference(one, other) < 1e-5
        assert other["facts"]["steps"] == one["facts"]["steps"] == 18


def made(folder):
    folder.mkdir()
    return folder


def end(process):
    """Wait for a process that ends itself under way."""
    _, errors = process.communicate(timeout=300)
    assert process.returncode != 0, errors


def step_of(run):
    return torch.load(run / "last.pt", weights_only=True)["step"]


@pytest.mark.slow
def test_two_processes_give_what_one_gives(test_data, tmp_path):
    """With torchrun and gloo: masked means are taken over the batch of both."""
    options = ("epochs=2", "monitor=loss", "average=0.9")  # with dropout, drawn photo by photo
    alone = start(test_data, "-", tmp_path / "one.pt", *options)
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    finish(start(test_data, "-", tmp_path / "two.pt", *options, launcher=launcher))
    finish(alone)
    one, two = read(tmp_path / "one.pt"), read(tmp_path / "two.pt")
    assert two["facts"]["processes"] == 2
    assert two["facts"]["steps"] == one["facts"]["steps"]
    assert two["judged"]["loss"] == pytest.approx(one["judged"]["loss"], rel=1e-3)
    assert largest_difference(one, two) < 2e-3
