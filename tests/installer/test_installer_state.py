"""The record of a set-up: when nothing is done, and when everything is."""

from pathlib import Path

import pytest

from installer import packages, places
from installer.gpu import Gpu
from installer.state import State, digest_of, read_state, write_state

NO_GPU = Gpu(False, "no GPU")


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment folder with one installed package, in place of the checkout's."""
    folder = tmp_path / ".venv"
    (folder / "lib" / "python3.11" / "site-packages" / "numpy-2.dist-info").mkdir(parents=True)
    monkeypatch.setattr(places, "ENVIRONMENT", folder)
    monkeypatch.setattr(
        places, "site_packages", lambda: folder / "lib" / "python3.11" / "site-packages"
    )
    return folder


def test_digest_changes_with_contents_names_and_facts(tmp_path: Path) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("numpy==1\n")
    two.write_text("numpy==1\n")
    first = digest_of([one], "3.11.7")
    assert first == digest_of([one], "3.11.7")
    assert first != digest_of([two], "3.11.7")
    assert first != digest_of([one], "3.12.1")
    one.write_text("numpy==2\n")
    assert first != digest_of([one], "3.11.7")


def test_state_comes_back_as_written(tmp_path: Path) -> None:
    state = State("d", True, ("training",), "cpu", "/x/.venv", ("numpy-2.dist-info",))
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state


@pytest.mark.parametrize("text", ["", "{", "[]", '{"unknown": 1}'])
def test_unreadable_state_is_a_fresh_one(tmp_path: Path, text: str) -> None:
    write_state(tmp_path, State("d"))
    next(tmp_path.iterdir()).write_text(text)
    assert read_state(tmp_path) == State()


def test_training_once_asked_for_is_remembered(tmp_path: Path) -> None:
    write_state(tmp_path, State().wanting(["training"]))
    assert read_state(tmp_path).wanting([]).extras == ("training",)
    assert read_state(tmp_path).wanting(["test"]).extras == ("test", "training")


def test_nothing_is_installed_when_nothing_changed(
    environment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packages, "ensure_uv", lambda: pytest.fail("asked for uv"))
    digest = packages.digest_for(State(), "3.11.7", NO_GPU)
    done = State(digest=digest, distributions=("numpy-2.dist-info",))
    assert packages.ensure(done, "3.11.7", NO_GPU) == done
    assert capsys.readouterr().out == "Python packages: unchanged.\n"


@pytest.mark.parametrize(
    ("extras", "version", "gpu", "installed"),
    [
        (("training",), "3.11.7", NO_GPU, "numpy-2.dist-info"),
        ((), "3.12.1", NO_GPU, "numpy-2.dist-info"),
        ((), "3.11.7", Gpu(True, "a GPU"), "numpy-2.dist-info"),
        ((), "3.11.7", NO_GPU, "pillow-13.dist-info"),
    ],
    ids=["training asked for", "other Python", "a GPU appeared", "a package vanished"],
)
def test_a_change_is_noticed(
    environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    extras: tuple[str, ...],
    version: str,
    gpu: Gpu,
    installed: str,
) -> None:
    class UvAskedFor(Exception):
        pass

    def ask_for_uv() -> Path:
        raise UvAskedFor

    monkeypatch.setattr(packages, "ensure_uv", ask_for_uv)
    digest = packages.digest_for(State(), "3.11.7", NO_GPU)
    done = State(digest=digest, distributions=(installed,))
    with pytest.raises(UvAskedFor):
        packages.ensure(done.wanting(extras), version, gpu)


def test_pips_settings_reach_uv_by_pips_own_order() -> None:
    listing = (
        ":env:.cert='/env.crt'\n"
        "global.cert='/global.crt'\n"
        "global.index-url='https://mirror.example/simple'\n"
        "download.index-url='https://other.example/simple'\n"
    )
    assert packages.pip_settings(listing) == {
        "cert": "/env.crt",
        "index-url": "https://mirror.example/simple",
    }
