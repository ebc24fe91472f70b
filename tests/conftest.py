"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real photos beside the checkout; skips without it, fails without it in CI."""
    given = os.environ.get("TAGGER_TEST_DATA")
    folder = Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        message = f"no test photos at {folder}: set TAGGER_TEST_DATA"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(autouse=True)
def own_user_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test gets a user data folder of its own, so none reads another's models or settings."""
    folder = tmp_path / "user-data"
    monkeypatch.setenv("TAGGER_DATA_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def starter(pytestconfig: pytest.Config) -> Path:
    """The folder of the real starter bundle, built once and kept between test runs.

    Copy it to change it.
    """
    from tagger.bundle.store import BundleStore
    from trainer.starter.build import ensure_starter

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    bundles = pytestconfig.cache.mkdir(f"bundles-{worker}")
    return BundleStore(bundles).folder(ensure_starter(bundles).bundle_id)
