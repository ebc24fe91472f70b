"""`python -m trainer` explains itself, and exits as the program's conventions say."""

import subprocess
import sys
import types

import pytest

from tagger.core.errors import TaggerError
from trainer import __main__ as dispatch
from trainer.__main__ import COMMANDS, Command, main


def made_command(monkeypatch, run):
    module = types.ModuleType("made_command", "What it does.")
    module.add_arguments = lambda parser: parser.add_argument("--number", type=int)
    module.run = run
    monkeypatch.setitem(sys.modules, "made_command", module)
    monkeypatch.setitem(COMMANDS, "made", Command("made_command", "a summary"))


def test_help_lists_every_command_with_its_summary(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    shown = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert name in shown
        assert command.summary in shown


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--nonsense"], ["made", "--number", "x"]])
def test_wrong_usage_exits_with_2(monkeypatch, capsys, arguments):
    made_command(monkeypatch, lambda arguments: 0)
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_arguments_reach_the_command_and_its_code_comes_back(monkeypatch):
    made_command(monkeypatch, lambda arguments: arguments.number)
    assert main(["made", "--number", "0"]) == 0
    assert main(["made", "--number", "1"]) == 1


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (TaggerError("The folder is missing."), "The folder is missing.\n"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "setup --training"),
        (KeyboardInterrupt(), "Interrupted.\n"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_1(monkeypatch, capsys, error, sentence):
    def fail(arguments):
        raise error

    made_command(monkeypatch, fail)
    assert main(["made"]) == 1
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""


def test_a_fault_of_our_own_is_not_hidden(monkeypatch):
    def fail(arguments):
        raise ModuleNotFoundError("No module named 'tagger.typo'", name="tagger.typo")

    made_command(monkeypatch, fail)
    with pytest.raises(ModuleNotFoundError):
        main(["made"])


def test_the_registry_imports_no_training_library():
    code = (
        "import sys\n"
        "import trainer.__main__\n"
        "assert not {'torch', 'timm', 'sklearn', 'onnxruntime', 'onnx'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_it_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "trainer", "starter", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert dispatch.PROGRAM in done.stdout
    assert "--json" in done.stdout
