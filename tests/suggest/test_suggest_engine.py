"""Promises about sessions: real ones on the CPU, and stand-ins that fail as GPUs are known to."""

import subprocess
import sys
import threading

import numpy as np
import onnxruntime as ort
import pytest

from tagger.bundle.read import read_bundle
from tagger.suggest.bound import BoundRun, output_widths
from tagger.suggest.engine import DeviceLost, Engine, ModelFailed
from tagger.suggest.sessions import open_engine, steps_elsewhere

OUT_OF_MEMORY = [
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code returned while running Conv "
    "node. Status Message: bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal("
    "size_t, bool) Failed to allocate memory for requested buffer of size 285081600",
    "CUDA failure 2: out of memory ; GPU=0 ; hostname=PC",
    "8007000E Not enough memory resources are available to complete this operation.",
    "bad allocation",
]


@pytest.fixture
def pictures(tiny):
    """Seven pictures for the small bundle, uint8 [7, H, W, 3]."""
    spec = read_bundle(tiny).preprocessing
    random = np.random.default_rng(3)
    return random.integers(0, 256, (7, spec.height, spec.width, 3), np.uint8)


@pytest.fixture
def session(tiny):
    return ort.InferenceSession(str(tiny / "model.onnx"), providers=["CPUExecutionProvider"])


class Small:
    """A session whose memory holds batches up to a size only, and that says so in some words."""

    def __init__(self, session, most, words):
        self._session, self._most, self._words = session, most, words
        self.tried = []

    def __getattr__(self, name):
        return getattr(self._session, name)

    def run(self, names, feed, options=None):
        count = len(feed["image"])
        self.tried.append(count)
        if count > self._most:
            raise RuntimeError(self._words)
        return self._session.run(names, feed, options)


@pytest.mark.parametrize("words", OUT_OF_MEMORY)
def test_a_batch_too_large_for_the_memory_is_halved_and_stays_halved(session, pictures, words):
    small = Small(session, 2, words)
    engine = Engine(small)
    heard = []
    engine.on_halved = heard.append
    expected = Engine(session).run(pictures)
    for _ in range(2):
        found = engine.run(pictures)
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, atol=1e-5)
    assert small.tried == [7, 3] + [1] * 14, "two failures, and none any more"
    assert heard == [3, 1]


def test_a_single_photo_that_does_not_fit_is_an_error_and_not_an_endless_loop(session, pictures):
    engine = Engine(Small(session, 0, OUT_OF_MEMORY[0]))
    with pytest.raises(ModelFailed, match="not enough memory"):
        engine.run(pictures)


def test_a_lost_graphics_card_is_told_from_other_errors(session, pictures):
    lost = Engine(Small(session, 0, "887A0005 The GPU device instance has been suspended."))
    with pytest.raises(DeviceLost, match="stopped working"):
        lost.run(pictures)
    other = Engine(Small(session, 0, "[ONNXRuntimeError] : 1 : FAIL : Something odd."))
    with pytest.raises(ModelFailed, match="Something odd") as caught:
        other.run(pictures)
    assert not isinstance(caught.value, DeviceLost)


def test_prepared_buffers_give_what_a_plain_run_gives(session, pictures):
    """I/O binding on the CPU: the same calls as on a GPU, other memory."""
    buffers = BoundRun(session, "cpu", 4, output_widths(session, pictures[:1]))
    expected = Engine(session).run(pictures)
    for start, count in ((0, 4), (4, 3), (0, 1), (2, 4)):
        found = buffers.run(pictures[start : start + count], ort.RunOptions())
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values[start : start + count], atol=1e-5)


def test_answers_are_not_overwritten_by_the_next_run(session, pictures):
    buffers = BoundRun(session, "cpu", 2, output_widths(session, pictures[:1]))
    first = buffers.run(pictures[:2], ort.RunOptions())
    kept = {name: values.copy() for name, values in first.items()}
    buffers.run(pictures[2:4], ort.RunOptions())
    for name, values in kept.items():
        np.testing.assert_array_equal(first[name], values)


def test_a_bound_engine_serves_several_threads_and_short_batches(session, pictures):
    engine = Engine(session)
    engine.bind(pictures[:1])
    assert engine.is_bound
    expected = Engine(session).run(pictures)
    wrong = []

    def go():
        images = engine.room((4, *pictures.shape[1:]))
        for start in (0, 4, 1, 3):
            part = pictures[start : start + 4]
            images[: len(part)] = part
            found = engine.run(images[: len(part)])
            for name, values in expected.items():
                if not np.allclose(found[name], values[start : start + 4], atol=1e-5):
                    wrong.append((start, name))

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_prepared_buffers_are_halved_with_the_batch(session, pictures, monkeypatch):
    real = BoundRun.run
    tried = []

    def small(self, images, options):
        tried.append(self.batch)
        if self.batch > 2:
            raise RuntimeError(OUT_OF_MEMORY[1])
        return real(self, images, options)

    expected = Engine(session).run(pictures)
    engine = Engine(session)
    engine.bind(pictures[:1])
    monkeypatch.setattr(BoundRun, "run", small)
    images = engine.room((4, *pictures.shape[1:]))
    for start in (0, 3):
        images[:] = pictures[start : start + 4]
        found = engine.run(images)
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values[start : start + 4], atol=1e-5)
    assert tried == [4, 2, 2, 2, 2]
    assert [each.batch for each in engine._bound] == [2], "buffers too large are given back"


def test_buffers_that_give_something_else_are_not_used(session, pictures, monkeypatch):
    real = BoundRun.run
    wrong = lambda self, images, options: {  # noqa: E731
        name: values + 1 for name, values in real(self, images, options).items()
    }
    monkeypatch.setattr(BoundRun, "run", wrong)
    engine = Engine(session)
    engine.bind(pictures[:1])
    assert not engine.is_bound
    assert engine.run(pictures[:2])["embedding"].shape[0] == 2


def test_large_steps_on_another_provider_are_counted(tiny):
    options = ort.SessionOptions()
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    real = ort.InferenceSession(
        str(tiny / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    elsewhere, total = steps_elsewhere(real, "CPUExecutionProvider")
    assert elsewhere == 0
    assert total >= 1
    assert steps_elsewhere(real, "CUDAExecutionProvider") == (total, total)
    assert steps_elsewhere(object(), "CUDAExecutionProvider") == (0, 0), "an older ONNX Runtime"


def test_what_was_opened_says_where_it_runs(tiny):
    found = open_engine(tiny / "model.onnx", read_bundle(tiny).preprocessing, "auto", 1)
    assert found.provider.name == next(iter(found.session.get_providers()))


TALKING = """
import os, sys
from tagger.suggest.sessions import _stderr

with _stderr() as said:
    os.write(2, b"from a library\\n")
    print("from Python", file=sys.stderr)
    heard = said()
    os.write(2, b"later\\n")
    if sys.argv[1] == "crash":
        os.abort()
    assert said().startswith(heard)
print(heard, end="")
"""


def run_talking(how):
    return subprocess.run([sys.executable, "-c", TALKING, how], capture_output=True, text=True)


def test_what_libraries_write_to_stderr_is_heard_and_passed_on(own_user_data):
    done = run_talking("end")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["from a library", "from Python"]
    assert done.stderr.splitlines() == ["from a library", "from Python", "later"]
    assert not list((own_user_data / "logs").glob("opening-*"))


def test_what_was_said_before_a_crash_is_kept(own_user_data):
    assert run_talking("crash").returncode != 0
    (log,) = (own_user_data / "logs").glob("opening-*")
    assert log.read_text().splitlines()[-1] == "later"
