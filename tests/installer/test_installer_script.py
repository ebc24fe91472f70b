"""The script itself: usage, sentences instead of traces, the lock, and a repaired environment."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from installer import environment, places
from installer.console import SetupError, run
from installer.state import State, read_state, write_state

SCRIPT = places.CHECKOUT / "installer" / "bootstrap.py"


def bootstrap(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the script as a user would, from another folder."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_help_names_the_three_commands(tmp_path: Path) -> None:
    done = bootstrap("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert all(command in done.stdout for command in ("demo", "test", "setup"))


@pytest.mark.parametrize(
    "arguments", [(), ("unknown",), ("setup", "--unknown"), ("demo", "a", "b")]
)
def test_wrong_usage_is_two(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert bootstrap(*arguments, cwd=tmp_path).returncode == 2


def test_demo_of_what_is_no_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, words in (("file", "is not a folder"), ("nowhere", "does not exist")):
        done = bootstrap("demo", name, cwd=tmp_path)
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr == f"{name} {words}; give a folder of photos.\n"


def test_a_failing_program_becomes_the_given_sentence() -> None:
    with pytest.raises(SetupError, match="It did not work"):
        run([sys.executable, "-c", "raise SystemExit(3)"], "It did not work.")
    with pytest.raises(SetupError, match=r"It did not work\. \(No such file"):
        run(["/nowhere/program"], "It did not work.")


@pytest.mark.skipif(os.name == "nt", reason="waits for ever on POSIX only")
def test_a_second_set_up_waits_for_the_first(tmp_path: Path) -> None:
    code = """
        import sys, time
        from pathlib import Path
        from installer.guard import one_at_a_time
        with one_at_a_time(Path(sys.argv[1])):
            print("begin", time.monotonic(), flush=True)
            time.sleep(0.5)
            print("end", time.monotonic(), flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    first = subprocess.Popen(command, cwd=places.CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    first.stdout.readline()
    second = subprocess.run(
        command, cwd=places.CHECKOUT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    end_of_first = float(first.communicate()[0].split()[1])
    assert second[0].startswith("Another set-up is at work")
    assert float(second[1].split()[1]) >= end_of_first


@pytest.mark.slow
def test_a_broken_environment_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "check out" / ".venv"
    folder.parent.mkdir()
    monkeypatch.setattr(places, "ENVIRONMENT", folder)

    state, version = environment.ensure()
    assert state == State(where=str(folder))
    assert version == ".".join(map(str, sys.version_info[:3]))
    assert places.python(folder).exists()

    kept = folder / "kept"
    kept.touch()
    assert environment.ensure() == (state, version)
    assert kept.exists(), "a working environment was thrown away"

    write_state(folder, State(where=str(folder), unfinished=True, extras=("training",)))
    state, _ = environment.ensure()
    assert not kept.exists(), "a half-made environment was kept"
    assert state.extras == ("training",)
    assert read_state(folder) == state

    places.python(folder).unlink()
    environment.ensure()
    assert places.python(folder).exists()
    told = capfd.readouterr().out
    assert "was left half made; it is made anew" in told
    assert "does not work; it is made anew" in told


@pytest.mark.slow
def test_a_moved_checkout_gets_an_environment_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    monkeypatch.setattr(places, "ENVIRONMENT", tmp_path / "old" / ".venv")
    environment.ensure()
    (tmp_path / "old").rename(tmp_path / "new")
    monkeypatch.setattr(places, "ENVIRONMENT", tmp_path / "new" / ".venv")
    state, _ = environment.ensure()
    assert state.where == str(tmp_path / "new" / ".venv")
