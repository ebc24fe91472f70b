"""Promises about half precision: a real float16 graph, computed by the CPU provider."""

import dataclasses
import json

import numpy as np
import onnx
import onnxruntime as ort
import pytest

import tagger.suggest.precision as precision
from tagger.bundle.golden_files import read_golden
from tagger.bundle.read import read_bundle
from tagger.suggest.blocking import run_suggest
from tagger.suggest.child import Suggester
from tagger.suggest.engine import DeviceLost, Engine
from tagger.suggest.half import Parity, compare, half_graph, sample_pictures
from tagger.suggest.last_run import last_run
from tagger.suggest.photos import pending_photos
from tagger.suggest.plan import find_plan
from tagger.suggest.precision import in_best_precision, last_decision
from tagger.suggest.samples import sample_photos
from tagger.suggest.sessions import open_engine
from tagger.suggest.workplace import Workplace


def engine_of(graph):
    source = graph if isinstance(graph, bytes) else str(graph)
    return Engine(ort.InferenceSession(source, providers=["CPUExecutionProvider"]))


@pytest.fixture
def spec(tiny):
    return read_bundle(tiny)


@pytest.fixture
def full(tiny, spec):
    return open_engine(tiny / "model.onnx", spec.preprocessing, "cpu", 1)


def test_the_half_graph_keeps_inputs_outputs_and_the_heads(starter):
    content = half_graph(starter / "model.onnx")
    before = onnx.load(starter / "model.onnx")
    after = onnx.load_from_string(content)
    onnx.checker.check_model(after)
    assert [(o.name, o.type) for o in after.graph.output] == [
        (o.name, o.type) for o in before.graph.output
    ]
    assert after.graph.input[0].type == before.graph.input[0].type
    half = {each.name for each in after.graph.initializer if each.data_type == 10}
    assert len(half) > 50
    assert not [name for name in half if name.startswith("heads/")]
    assert len(content) < (starter / "model.onnx").stat().st_size


def test_the_starter_answers_the_same_in_half_precision(starter, test_data):
    """On real photos; `docs/providers.md` has the figure for 300 of them, .9954."""
    spec = read_bundle(starter)
    from tagger.imaging.model_input import model_input

    photos = sorted((test_data / "everyday").rglob("*.jpeg"))[::90][:16]
    pixels = np.stack([model_input(photo, spec.preprocessing) for photo in photos])
    half = engine_of(half_graph(starter / "model.onnx"))
    found = compare(engine_of(starter / "model.onnx").run, half.run, pixels, spec)
    assert found.cosine >= 0.999
    assert found.difference < 0.05
    assert found.agreement >= 0.97, "of a few dozen labels one may flip"


def test_other_weights_do_not_pass_for_half_precision(tiny, spec, full):
    model = onnx.load(tiny / "model.onnx")
    for each in model.graph.initializer:
        if each.data_type == 1 and len(each.dims) > 1:
            values = onnx.numpy_helper.to_array(each)
            noise = np.random.default_rng(0).normal(0, 0.2 * values.std(), values.shape)
            each.CopyFrom(onnx.numpy_helper.from_array((values + noise).astype("f"), each.name))
    other = engine_of(model.SerializeToString())
    pictures = sample_pictures(spec, read_golden(tiny, spec).pixels)
    same = compare(full.session.run, full.session.run, pictures, spec)
    assert (same.agreement, same.holds) == (1.0, True)
    assert not compare(full.session.run, other.run, pictures, spec).holds


def test_sample_pictures_are_always_the_same(tiny, spec):
    golden = read_golden(tiny, spec).pixels
    first, second = (sample_pictures(spec, golden) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert len(first) > 60


def test_numbers_that_are_none_are_never_the_same(spec, full):
    def broken(pixels):
        return {name: values * np.nan for name, values in full.session.run(pixels).items()}

    pixels = np.zeros((2, spec.preprocessing.height, spec.preprocessing.width, 3), np.uint8)
    assert not compare(full.session.run, broken, pixels, spec).holds


@pytest.fixture
def counted(monkeypatch):
    """Count how often the two precisions are compared; the half one counts as worth it."""
    calls = []
    real = precision.compare
    monkeypatch.setattr(precision, "compare", lambda *given: (calls.append(1), real(*given))[1])
    monkeypatch.setattr(precision, "WORTH", 0.0)
    monkeypatch.setattr(precision, "_SECONDS", 0.0)
    return calls


def test_half_precision_is_decided_once_and_remembered(tiny, spec, full, counted):
    checked = []
    for _ in range(2):
        engine = in_best_precision(tiny, spec, full, checked.append)
        assert engine is not full.session
    assert len(counted) == 1
    assert len(checked) == 2, "the golden answers are asked of it each time"
    assert last_decision()["used"]
    assert last_decision()["cosine"] > 0.999


def test_half_precision_that_is_not_faster_is_not_used(tiny, spec, full, counted, monkeypatch):
    monkeypatch.setattr(precision, "WORTH", 1e9)
    golden = read_golden(tiny, spec).pixels

    def photos():
        return golden[np.arange(64) % len(golden)]

    for _ in range(2):
        assert in_best_precision(tiny, spec, full, lambda engine: None, photos) is full.session
    assert len(counted) == 1


def test_too_few_photos_leave_a_refusal_open(tiny, spec, full, counted, monkeypatch):
    refused = Parity(0.9, 10, 0.99, 0.1, 69)
    monkeypatch.setattr(precision, "compare", lambda *given: (counted.append(1), refused)[1])
    for _ in range(2):
        assert in_best_precision(tiny, spec, full, lambda engine: None) is full.session
    assert len(counted) == 2, "the next library may have photos enough"


def test_half_precision_without_the_golden_answers_is_not_used(tiny, spec, full, counted):
    from tagger.bundle.errors import GoldenMismatch

    def refuse(engine):
        raise GoldenMismatch("another answer")

    assert in_best_precision(tiny, spec, full, refuse) is full.session
    assert not counted


def test_photos_are_sampled_over_the_whole_library_without_the_broken_ones(make_library, spec):
    home = make_library(9)
    broken = sorted(home.glob("*.jp*g"))[4]
    broken.write_bytes(b"no picture")
    place = Workplace(home)
    try:
        listed = pending_photos(place.places)
        found = sample_photos(len(listed), listed.path, spec.preprocessing, 6)
        assert len(sample_photos(len(listed), listed.path, spec.preprocessing)) == 8
    finally:
        place.close()
    assert 5 <= len(found) <= 6
    assert found.shape[1:] == (spec.preprocessing.height, spec.preprocessing.width, 3)


def test_a_batch_that_did_not_fit_is_remembered_for_the_device(spec, full, own_user_data):
    def plan(device):
        found = find_plan(full.session, spec.preprocessing, "cpu", "m", lambda: False, device)
        return found.share

    first = plan("card one")
    full.session.on_halved(1)
    assert plan("card one") == 1
    full.session.on_halved = lambda most: None
    assert plan("card two") == first or first > 1
    plans = json.loads((own_user_data / "suggester.json").read_text())["plans"]
    assert sorted(each["share"] == 1 for name, each in plans.items() if "card one" in name) == [
        True
    ]


def test_the_figures_of_a_run_are_kept_for_the_doctor(make_library, tiny):
    home = make_library(24)
    done = run_suggest(home, tiny)
    kept = last_run()
    assert kept.photos == done.decoded == 24
    assert kept.provider == "cpu"
    assert set(kept.shares) == {"disk", "decode", "model", "store"}
    assert abs(sum(kept.shares.values()) - 1) < 0.01
    assert kept.photos_per_s == done.photos_per_s


def test_a_graphics_card_that_is_lost_in_a_run_costs_speed_only(make_library, tiny, monkeypatch):
    """The suggester itself, with a model whose card stops at its third batch."""
    import queue

    import tagger.suggest.child as child

    real = child.open_model
    asked = []

    def opened(folder, requested, *rest):
        asked.append(requested)
        model = real(folder, "cpu", *rest)
        if requested != "cpu":
            engine, count = model.engine, []
            compute = engine.run

            def run(images):
                count.append(1)
                if len(count) > 2:
                    raise DeviceLost("The graphics card cannot go on: it stopped.")
                return compute(images)

            engine.run = run
        return dataclasses.replace(
            model, obtained=dataclasses.replace(model.obtained, requested=requested)
        )

    monkeypatch.setattr(child, "open_model", opened)
    home = make_library(40)
    said = queue.SimpleQueue()
    suggester = Suggester(said.put)
    request = {"type": "start", "library": str(home), "bundle": str(tiny), "provider": "auto"}
    suggester.handle(request)
    readies = []
    while (message := said.get(timeout=60))["type"] != "finished":
        assert message["type"] != "error", message
        if message["type"] == "ready":
            readies.append(message)
    suggester.close()
    assert asked == ["auto", "cpu"]
    assert readies[1]["reasons"] == ["The graphics card cannot go on: it stopped."]
    assert readies[1]["requested"] == "auto"
    assert message["photos"] == 40
    assert message["done"] + message["skipped"] == 40, "what was computed before is not done again"
    assert message["skipped"] > 0


def test_a_provider_that_answers_wrongly_is_left_for_the_processor(tiny, monkeypatch):
    """The golden answers are asked of the provider really in use, not of the bundle alone."""
    import tagger.suggest.workplace as workplace
    from tagger.suggest.providers import by_key

    real = workplace.open_engine

    def opened(model, spec, requested, threads):
        found = real(model, spec, "cpu", threads)
        if requested == "cpu":
            return found
        compute = found.session.run
        found.session.run = lambda images: {
            name: values[:, ::-1] for name, values in compute(images).items()
        }
        return dataclasses.replace(found, provider=by_key("directml"), requested=requested)

    monkeypatch.setattr(workplace, "open_engine", opened)
    model = workplace.open_model(tiny, "auto", lambda: False)
    assert (model.obtained.provider.key, model.obtained.requested) == ("cpu", "auto")
    assert "DirectML (any GPU on Windows) does not give the answers" in model.obtained.reasons[0]
