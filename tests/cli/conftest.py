"""Running the real command line in this process, on real photos."""

import json
import os
import shutil

import pytest

from tagger.__main__ import main
from tagger.bundle.store import BundleStore
from tagger.library.places import user_folder


@pytest.fixture
def model(starter, own_user_data):
    """The real starter in this test's user data folder, as the default."""
    bundles = user_folder("bundles")
    shutil.copytree(starter, bundles / starter.name)
    BundleStore(bundles).set_default(starter.name)
    return starter.name


@pytest.fixture
def tagger(capfd):
    """Run `tagger ARGUMENTS`; returns (exit code, last line of stdout, stderr)."""

    def run(*arguments):
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
        captured = capfd.readouterr()
        lines = captured.out.strip().splitlines()
        last = lines[-1] if lines else ""
        return code, json.loads(last) if "--json" in arguments else last, captured.err

    return run


@pytest.fixture
def photos(test_data, tmp_path):
    """Copy photos of a set into a folder of their own: `photos("everyday", 40)`."""

    def copy(name, count=None):
        target = tmp_path / name
        source = test_data / name
        names = sorted(
            os.path.relpath(os.path.join(folder, file), source)
            for folder, _, files in os.walk(source)
            for file in files
            if file.lower().endswith((".jpg", ".jpeg"))
        )
        for relative in names[:count]:
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / relative, target / relative)
        return target

    return copy
