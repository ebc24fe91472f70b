"""Promises about the doctor: on this machine for real, and with made-up machines."""

import json
import queue
import re
import subprocess
import sys

import pytest

import tagger.suggest.doctor as doctor
import tagger.suggest.sessions as sessions
from tagger.suggest.cards import Card
from tagger.suggest.client import SuggestClient
from tagger.suggest.doctor import examine
from tagger.suggest.failures import SETUP
from tagger.suggest.findings import as_text, findings
from tagger.suggest.gpu import Gpu
from tagger.suggest.idle import idle_gpu
from tagger.suggest.last_run import LastRun, last_run, remember_run
from tagger.suggest.libraries import first_missing, runtimes
from tagger.suggest.marks import crashed, forget_crashes, opening, withdraw
from tagger.suggest.probe import timed

RTX = Gpu("NVIDIA GeForce RTX 3060", "580.95.05", 8.6)
CARD = Card("NVIDIA", "NVIDIA GA106 [GeForce RTX 3060]")
RUN = LastRun(
    "2026-11-21T10:00:00Z",
    4500,
    24.0,
    187.5,
    205.0,
    "cpu",
    4,
    {"disk": 0.02, "decode": 0.1, "model": 0.86, "store": 0.02},
)


def sentences(report):
    return [f"{each['problem']} {each['remedy']}" for each in report["problems"]]


@pytest.fixture
def machine(monkeypatch):
    """Return a function that gives this machine other graphics cards."""

    def make(gpus=(), cards=()):
        for module in (sessions, doctor):
            monkeypatch.setattr(module, "gpus", lambda: tuple(gpus))
            monkeypatch.setattr(module, "cards", lambda: tuple(cards))

    return make


def test_the_doctor_tells_what_is_really_used(machine):
    machine()
    report = examine()
    assert report["obtained_provider"] in report["available_providers"]
    assert report["requested_provider"] == "auto"
    assert {entry["key"]: entry["verified"] for entry in report["providers"]}["cuda"] is False
    assert report["versions"]["onnxruntime"]
    assert report["needed"]["nvidia_driver"] == 580
    assert report["problems"] == []
    assert report["idle_gpu"] is None


def test_the_doctor_explains_why_a_wish_was_not_met():
    report = examine("coreml", probe=False)
    assert report["obtained_provider"] == "cpu"
    assert any("Core ML" in sentence for sentence in sentences(report))


def test_a_gpu_with_the_package_for_the_processor_is_a_problem_with_a_command(machine):
    machine([RTX], [CARD])
    report = examine(probe=False)
    assert report["obtained_provider"] == "cpu"
    (problem,) = [each for each in report["problems"] if "NVIDIA GPU was found" in each["problem"]]
    assert SETUP in problem["remedy"]
    assert "NVIDIA GPU was found" in report["idle_gpu"]["sentence"]
    text = as_text(report)
    assert "NVIDIA GeForce RTX 3060, family Ampere, driver 580.95.05" in text


def test_a_card_without_a_driver_is_seen_and_the_driver_asked_for(machine):
    machine([], [CARD])
    report = examine(probe=False)
    assert any("no NVIDIA driver runs" in sentence for sentence in sentences(report))
    assert "needed: 580 or later" in as_text(report)


def test_a_card_that_cuda_13_leaves_out_is_named(machine):
    machine([Gpu("Tesla V100-SXM2-16GB", "580.95", 7.0)])
    text = as_text(examine(probe=False))
    assert "Tesla V100-SXM2-16GB (family Volta) is too old for CUDA 13" in text


def test_the_processor_is_timed_for_real_and_the_gpu_is_said_not_to_be(tiny):
    found = timed(tiny, "cpu", "no graphics card was found", seconds=0.1)
    assert found.cpu_per_s > 10
    assert found.gpu_per_s is None
    assert found.why_not == "no graphics card was found"


def test_both_are_timed_where_both_compute(tiny, monkeypatch):
    """The CPU stands in for the card."""
    import tagger.suggest.probe as probe

    real, asked = probe.open_engine, []

    def opened(model, spec, key, threads):
        asked.append(key)
        return real(model, spec, "cpu", threads)

    monkeypatch.setattr(probe, "open_engine", opened)
    found = timed(tiny, "cuda", "", seconds=0.1)
    assert asked == ["cpu", "cuda"]
    assert found.gpu == "cuda"
    assert found.cpu_per_s > 10
    assert found.gpu_per_s > 10
    assert found.why_not == ""
    text = as_text({"obtained_provider": "cuda", "probe": found.to_json()})
    assert "times as fast on the graphics card" in text


def test_two_runtimes_in_one_environment_are_a_problem(monkeypatch):
    both = {"onnxruntime": "1.31.1", "onnxruntime-gpu": "1.31.1"}
    assert runtimes(lambda name: both.get(name, "")) == both
    monkeypatch.setattr(doctor, "runtimes", lambda: both)
    (problem,) = [
        each for each in examine(probe=False)["problems"] if "side by side" in each["problem"]
    ]
    assert "pip uninstall -y onnxruntime onnxruntime-gpu" in problem["remedy"]
    assert SETUP in problem["remedy"]


def test_the_first_missing_library_is_named():
    there = {"libcublasLt.so.13", "libcublas.so.13", "cublasLt64_13.dll", "cublas64_13.dll"}
    library, package = first_missing(lambda name: name in there)
    assert library in ("libcurand.so.10", "cufft64_12.dll")
    assert package.startswith("nvidia-")
    assert first_missing(lambda name: True) == ("", "")


def test_the_text_is_for_people(machine, own_user_data):
    machine()
    remember_run(RUN)
    text = as_text(examine("cuda"))
    assert text.startswith("Suggestions run on: CPU")
    assert "Problem: No NVIDIA GPU was found." in text
    assert "4,500 in 24 s, 188/s" in text
    assert "disk 2%, decoding 10%, model 86%, storing 2%" in text
    assert str(own_user_data) in text.replace("\n" + " " * 22, "")
    for raw in ("{", "}", "[", "None", "True", "False"):
        assert raw not in text
    assert max(len(line) for line in text.splitlines() if "/" not in line) <= 100
    assert re.search(r"DirectML \(any GPU on Windows\) +not installed, not verified", text)


def test_the_last_run_is_kept_and_damage_means_none(own_user_data):
    assert last_run() is None
    remember_run(RUN)
    assert last_run() == RUN
    remember_run(LastRun("2026-11-21T11:00:00Z", 3, 0.1, 30.0, 200.0, "cpu", 4))
    assert last_run() == RUN, "three photos say nothing"
    (own_user_data / "suggester.json").write_text('{"runs": {"last": {"photos": 3}}}')
    assert last_run() is None


IDLE = [
    ("cpu", "auto", "Linux", [RTX], [CARD], ["The library is missing."], "The library is missing."),
    ("cpu", "auto", "Linux", [], [CARD], ["No driver runs."], "No driver runs."),
    ("cpu", "cpu", "Linux", [RTX], [CARD], [], "the preferences say"),
    ("cpu", "auto", "Windows", [], [Card("AMD", "Radeon RX 7600")], [], "onnxruntime-directml"),
    ("cpu", "auto", "Darwin", [], [Card("Apple", "Apple M4")], ["Core ML failed."], "Core ML"),
    ("", "auto", "Linux", [RTX], [], ["Nothing works."], "Nothing works."),
]


@pytest.mark.parametrize(
    ("obtained", "requested", "system", "gpus", "cards", "reasons", "words"), IDLE
)
def test_an_idle_graphics_card_is_told(obtained, requested, system, gpus, cards, reasons, words):
    found = idle_gpu(obtained, requested, system, gpus, cards, reasons)
    assert words in found.sentence


@pytest.mark.parametrize(
    ("obtained", "system", "gpus", "cards"),
    [
        ("cuda", "Linux", [RTX], [CARD]),
        ("directml", "Windows", [], [Card("AMD", "Radeon RX 7600")]),
        ("cpu", "Linux", [], []),
        ("cpu", "Linux", [], [Card("Intel", "Intel UHD Graphics 620")]),
    ],
)
def test_nothing_is_told_where_it_is_used_or_cannot_be(obtained, system, gpus, cards):
    assert idle_gpu(obtained, "auto", system, gpus, cards, []) is None


def test_another_reason_is_another_idle_card():
    one = idle_gpu("cpu", "auto", "Linux", [RTX], [], ["The library is missing."])
    same = idle_gpu("cpu", "auto", "Linux", [RTX], [], ["The library is missing."])
    other = idle_gpu("cpu", "auto", "Linux", [RTX], [], ["The driver is too old."])
    assert one.key == same.key != other.key


CRASH = """
import os, sys
from tagger.suggest.marks import opening
with opening("cuda", "driver 1"):
    if sys.argv[1] == "crash":
        os.abort()
    if sys.argv[1] == "wait":
        print("opened", flush=True)
        sys.stdin.read()
"""


def run_opening(how):
    return subprocess.run([sys.executable, "-c", CRASH, how], capture_output=True, check=False)


def test_a_provider_whose_opening_crashed_is_known_until_something_changes(own_user_data):
    assert not crashed("cuda", "driver 1")
    assert run_opening("fine").returncode == 0
    assert not crashed("cuda", "driver 1")
    assert run_opening("crash").returncode != 0
    assert crashed("cuda", "driver 1")
    assert not crashed("cuda", "driver 2"), "another driver is another chance"
    assert not crashed("tensorrt", "driver 1")
    assert forget_crashes() == ["cuda"]
    assert not crashed("cuda", "driver 1")


def test_a_provider_that_another_program_is_opening_did_not_crash(own_user_data):
    child = subprocess.Popen(
        [sys.executable, "-c", CRASH, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout.readline() == b"opened\n"
        assert not crashed("cuda", "driver 1")
        assert forget_crashes() == []
        child.kill()
        child.wait()
    assert crashed("cuda", "driver 1")


def test_a_provider_that_fails_in_an_ordinary_way_leaves_no_mark(own_user_data):
    with pytest.raises(RuntimeError), opening("cuda", "driver 1"):
        raise RuntimeError("CUDA failure 35")
    assert not crashed("cuda", "driver 1")


def test_who_is_told_to_end_while_opening_did_not_crash(own_user_data):
    with opening("cuda", "driver 1"):
        withdraw()
        assert not list((own_user_data / "opening").glob("*.json"))


def test_the_doctor_answers_in_one_line_of_json_and_through_the_pipe(talk):
    done = subprocess.run(
        [sys.executable, "-m", "tagger", "_suggester", "--doctor"], capture_output=True, check=True
    )
    report = json.loads(done.stdout)
    assert report["obtained_provider"]
    one = talk()
    one.client.doctor()
    assert one.wait("doctor")["obtained_provider"] == report["obtained_provider"]


def test_findings_keep_problem_and_remedy_apart():
    read = findings(
        {
            "obtained_provider": "cpu",
            "providers": [{"key": "cpu", "title": "CPU", "available": True}],
            "problems": [{"problem": "It is late.", "remedy": "Go home."}, "Plain sentence."],
        }
    )
    assert read.headline == "Suggestions run on: CPU"
    assert read.problems == (("It is late.", "Go home."), ("Plain sentence.", ""))
    assert not read.can_try_again


CRASHING = """
import os, sys
import tagger.suggest.sessions as sessions
from tagger.suggest.child import main
from tagger.suggest.gpu import Gpu

real = sessions._opened

def opened(model, provider, spec, threads):
    if provider.key == "cuda":
        os.abort()
    return real(model, provider, spec, threads)

sessions._opened = opened
sessions.gpus = lambda: (Gpu("NVIDIA GeForce RTX 3060", "580.95", 8.6),)
sessions.ort.get_available_providers = lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
sys.exit(main(sys.argv[1:]))
"""


def test_a_provider_that_crashes_the_suggester_does_so_once(make_library, tiny, tmp_path):
    """The client starts a crashed suggester again; the new one passes the provider over."""
    said = queue.SimpleQueue()
    command = [sys.executable, "-c", CRASHING]
    client = SuggestClient(said.put, command=command, log_file=tmp_path / "log")
    kinds = []
    try:
        client.start(make_library(3), tiny)
        while (message := said.get(timeout=60))["type"] != "finished":
            kinds.append(message["type"])
            assert message["type"] not in ("error", "crashed"), message
            if message["type"] == "ready":
                ready = message
    finally:
        client.close()
    assert kinds.count("restarted") == 1
    assert message["done"] == 3
    assert ready["provider"] == "cpu"
    assert "ended the program when it was opened before" in ready["reasons"][0]
    assert "RTX 3060" in ready["idle_gpu"]["sentence"]


def test_the_command_line_survives_a_provider_that_crashes_the_doctor(monkeypatch, capsys):
    import tagger.cli.doctor_command as command
    from tagger.cli.main import run as main

    monkeypatch.setattr(command, "suggester_command", lambda: [sys.executable, "-c", CRASHING])
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["obtained_provider"] == "cpu"
    assert any("ended the program" in each["problem"] for each in report["problems"])
    assert findings(report).can_try_again
    assert main(["doctor", "--json", "--try-again"]) == 0, "it crashes again, and is told again"
    assert findings(json.loads(capsys.readouterr().out.splitlines()[-1])).can_try_again
