"""The doctor's panel, and the warning in the status bar that leads to it."""

import pytest
from dialog_hands import press, pressable, says, words_of
from PySide6.QtWidgets import QApplication

import tagger.app.dialogs.doctor as module
from tagger.app.dialogs.doctor import DoctorDialog, open_doctor

REPORT = {
    "requested_provider": "auto",
    "obtained_provider": "cpu",
    "available_providers": ["cuda", "cpu"],
    "providers": [
        {"key": "cuda", "title": "CUDA (NVIDIA GPU)", "verified": False, "available": True},
        {"key": "cpu", "title": "CPU", "verified": True, "available": True},
    ],
    "gpus": [{"name": "NVIDIA GeForce RTX 3060", "driver": "580.95", "family": "Ampere"}],
    "cards": [],
    "versions": {
        "onnxruntime": "1.31.1",
        "onnxruntime_package": "onnxruntime-gpu",
        "nvidia_driver": "580.95",
        "cuda": "",
        "cudnn": "",
    },
    "needed": {"nvidia_driver": 580, "cuda": 13, "cudnn": 9},
    "missing_library": "libcublasLt.so.13",
    "probe": {
        "model": "Starter",
        "cpu_per_s": 188.4,
        "gpu_per_s": None,
        "why_not": "the library libcublasLt.so.13 is missing",
    },
    "cores": 16,
    "problems": [
        {
            "problem": "CUDA could not be used: the library libcublasLt.so.13 is missing.",
            "remedy": "Run `python3 installer/bootstrap.py setup` to install it.",
        }
    ],
}
CRASHED = {
    "problem": "CUDA (NVIDIA GPU) is not tried: it ended the program when it was opened before.",
    "remedy": "After a change, try it again.",
}
IDLE = {
    "key": "k1",
    "short": "Graphics card not used",
    "sentence": "NVIDIA GeForce RTX 3060 is not used. The library libcublasLt.so.13 is missing.",
}


class Asked:
    """Takes the place of the child process: remembers what it was asked, answers at once."""

    report = REPORT
    asked: list

    def __init__(self, arguments, parent=None):
        self.arguments = arguments
        self.done = self.failed = self
        self._listeners = []

    def connect(self, listener):
        self._listeners.append(listener)

    def start(self):
        Asked.asked.append(self.arguments)
        self._listeners[0](Asked.report)

    def close(self):
        pass


@pytest.fixture
def panel(window, monkeypatch):
    """Return a function that opens the panel with a report."""
    monkeypatch.setattr(module, "Child", Asked)
    Asked.asked = []

    def make(report=REPORT):
        Asked.report = report
        return open_doctor(window)

    return make


@pytest.mark.slow
def test_the_doctor_says_what_is_really_used(window, qtbot):
    dialog = open_doctor(window)
    qtbot.waitUntil(lambda: pressable(dialog, "Copy").isEnabled(), timeout=60_000)
    assert dialog.heading.text().startswith("Suggestions run on:")
    assert says(dialog, "1.31")
    dialog.close()


def test_the_problem_stands_first_with_its_remedy_and_the_rest_in_words(panel):
    dialog = panel()
    words = words_of(dialog)
    assert words[0] == "Suggestions run on: CPU"
    problem = next(at for at, line in enumerate(words) if "libcublasLt.so.13 is missing." in line)
    assert "bootstrap.py setup" in words[problem + 1]
    assert problem < words.index("What is used")
    for part in (
        "188 photos/s",
        "not timed: the library libcublasLt.so.13 is missing",
        "NVIDIA GeForce RTX 3060, family Ampere, driver 580.95",
        "580.95; needed: 580 or later",
        "not here; needed: 13",
        "installed, not verified",
    ):
        assert says(dialog, part)
    assert not any(raw in line for line in words for raw in ("{", "}", "None"))
    dialog.close()


def test_the_report_is_copied_as_text(panel):
    dialog = panel()
    press(dialog, "Copy")
    copied = QApplication.clipboard().text()
    assert copied.startswith("Suggestions run on: CPU")
    assert "libcublasLt.so.13 is missing" in copied
    dialog.close()


def test_check_again_looks_again_and_replaces_what_was_shown(panel):
    dialog = panel()
    Asked.report = REPORT | {"obtained_provider": "cuda", "problems": []}
    press(dialog, "Check again")
    assert dialog.heading.text() == "Suggestions run on: CUDA (NVIDIA GPU)"
    assert not says(dialog, "CUDA could not be used")
    assert len(Asked.asked) == 2
    dialog.close()


def test_what_is_computed_on_is_the_setting_of_the_preferences(panel, window):
    dialog = panel()
    assert dialog.provider.currentData() == window.settings.get("provider") == "auto"
    dialog.provider.setCurrentIndex(dialog.provider.findData("cpu"))
    dialog.provider.activated.emit(dialog.provider.currentIndex())
    assert window.settings.get("provider") == "cpu"
    assert Asked.asked[-1][:4] == ["doctor", "--json", "--provider", "cpu"]
    dialog.close()


def test_a_provider_that_crashed_can_be_tried_again_from_the_panel(panel):
    dialog = panel()
    assert dialog.retry_button.isHidden()
    dialog.close()
    dialog = panel(REPORT | {"problems": [CRASHED]})
    Asked.report = REPORT
    press(dialog, "Try what crashed again")
    assert "--try-again" in Asked.asked[-1]
    assert dialog.retry_button.isHidden()
    dialog.close()


def ready(idle):
    return {"type": "ready", "provider": "cpu", "requested": "auto", "idle_gpu": idle}


def test_an_idle_graphics_card_is_told_until_it_is_used(window, panel):
    suggesting, status = window.work.suggesting, window.status
    assert status.idle_gpu.isHidden()
    suggesting._take(ready(IDLE))
    assert not status.idle_gpu.isHidden()
    assert status.idle_gpu.text() == "Graphics card not used"
    assert "libcublasLt.so.13" in status.idle_gpu.toolTip()
    assert "RTX 3060" in status.idle_gpu.accessibleName()
    status.idle_gpu.click()
    (dialog,) = window.findChildren(DoctorDialog)
    dialog.close()
    suggesting._take(ready(None) | {"provider": "cuda"})
    assert status.idle_gpu.isHidden()


def test_a_dismissed_warning_stays_away_until_the_reason_is_another(window):
    suggesting, status = window.work.suggesting, window.status
    suggesting._take(ready(IDLE))
    status.dismiss.click()
    assert status.idle_gpu.isHidden()
    assert status.dismiss.isHidden()
    suggesting._take(ready(IDLE))
    assert status.idle_gpu.isHidden(), "also after the next start of the suggester"
    assert window.settings.get("dismissed") == ["k1"], "and of the program"
    suggesting._take(ready(IDLE | {"key": "k2", "sentence": "The driver is too old."}))
    assert not status.idle_gpu.isHidden()
