"""The store of bundles: listed, added, packed, activated, and whole after a kill."""

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace

import bundle_makers as makers
import pytest

from tagger.bundle.errors import BundleError
from tagger.bundle.packing import unpack_bundle
from tagger.bundle.store import BundleStore
from tagger.bundle.validate import validate_bundle


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "made"
    makers.make(folder)
    return folder


@pytest.fixture
def other(tmp_path):
    folder = tmp_path / "other"
    makers.make(folder, backbone=makers.backbone(1), spec=replace(makers.spec(), name="Other"))
    return folder


@pytest.fixture
def store(tmp_path):
    return BundleStore(tmp_path / "bundles")


def litter(store):
    return [path.name for path in store.root.iterdir() if path.name.startswith(".")]


def test_empty_store_lists_nothing(store):
    assert store.list() == []
    assert store.problems() == []
    assert store.default() is None


def test_added_folder_is_listed_whole(store, made):
    spec = store.add(made)
    assert store.list() == [spec]
    assert validate_bundle(store.folder(spec.bundle_id)) == spec
    assert litter(store) == []


def test_bundle_travels_as_one_file(store, made, tmp_path):
    spec = store.add(made)
    store.pack(spec.bundle_id, tmp_path / "tiny.tagmodel")
    store.pack(spec.bundle_id, tmp_path / "again.tagmodel")
    packed = (tmp_path / "tiny.tagmodel").read_bytes()
    assert packed == (tmp_path / "again.tagmodel").read_bytes()
    elsewhere = BundleStore(tmp_path / "elsewhere")
    assert elsewhere.add(tmp_path / "tiny.tagmodel") == spec
    for file in sorted(store.folder(spec.bundle_id).rglob("*.*")):
        name = file.relative_to(store.folder(spec.bundle_id))
        assert (elsewhere.folder(spec.bundle_id) / name).read_bytes() == file.read_bytes()


def test_zip_of_a_folder_is_taken_too(store, made, tmp_path):
    shutil.make_archive(str(tmp_path / "z"), "zip", tmp_path, "made")
    assert store.add(tmp_path / "z.zip").name == "Tiny"


def test_ids_may_be_shortened_while_unique(store, made, other):
    one, two = store.add(made), store.add(other)
    assert store.get(one.bundle_id[:6]) == one
    assert store.get(two.bundle_id[:6].upper()) == two
    with pytest.raises(BundleError, match="fits several models"):
        store.get("")
    with pytest.raises(BundleError, match="there is no model 'zz'"):
        store.get("zz")


def test_adding_again_replaces_names_and_thresholds(store, made, tmp_path):
    store.add(made)
    makers.make(tmp_path / "renamed", spec=replace(makers.spec(), name="Renamed"))
    store.add(tmp_path / "renamed")
    assert [spec.name for spec in store.list()] == ["Renamed"]


def test_default_survives_and_ends_with_its_bundle(store, made, other):
    one, two = store.add(made), store.add(other)
    store.set_default(one.bundle_id[:8])
    assert BundleStore(store.root).default() == one.bundle_id
    store.delete(two.bundle_id)
    assert store.default() == one.bundle_id
    store.delete(one.bundle_id)
    assert store.default() is None
    assert store.list() == []
    assert litter(store) == []


def test_default_of_an_unknown_bundle_is_refused(store, made):
    store.add(made)
    with pytest.raises(BundleError, match="there is no model"):
        store.set_default("f" * 32)


@pytest.mark.parametrize("content", ["", "[]", '{"bundle": 5}', "{"])
def test_broken_default_file_is_no_crash(store, made, content):
    store.add(made)
    (store.root / "default.json").write_text(content)
    assert store.default() is None


def test_broken_bundle_in_the_store_is_a_problem_not_a_crash(store, made, other):
    good, bad = store.add(made), store.add(other)
    path = store.folder(bad.bundle_id) / "bundle.json"
    path.write_text(path.read_text()[:200])
    (store.root / "notes").mkdir()
    assert store.list() == [good]
    reasons = {problem.folder.name: problem.reason for problem in store.problems()}
    assert "bundle.json is not valid JSON" in reasons[bad.bundle_id]
    assert "bundle.json is missing" in reasons["notes"]
    with pytest.raises(BundleError, match=r"cannot be used: bundle\.json is not valid JSON"):
        store.get(bad.bundle_id)


def test_renamed_folder_is_a_problem(store, made):
    spec = store.add(made)
    store.folder(spec.bundle_id).rename(store.root / "mine")
    assert store.list() == []
    assert "not the name of the folder" in store.problems()[0].reason


def test_refused_bundle_leaves_nothing_behind(store, made):
    (made / "heads.npz").unlink()
    with pytest.raises(BundleError, match=r"heads\.npz is missing"):
        store.add(made)
    assert store.list() == []
    assert list(store.root.iterdir()) == []


@pytest.mark.parametrize("name", ["nowhere", "a.txt", "a.tagmodel", "empty"])
def test_what_is_no_bundle_is_refused_with_a_sentence(store, tmp_path, name):
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "a.tagmodel").write_bytes(b"PK\3\4 cut off")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BundleError, match=name):
        store.add(tmp_path / name)


def test_stray_files_are_not_copied_but_licences_are(store, made):
    (made / "secret.txt").write_text("x")
    (made / "LICENSE.txt").write_text("MIT")
    (made / "golden" / "sub").mkdir()
    (made / "golden" / "sub" / "x.png").write_text("x")
    folder = store.folder(store.add(made).bundle_id)
    assert (folder / "LICENSE.txt").exists()
    assert not (folder / "secret.txt").exists()
    assert not (folder / "golden" / "sub").exists()


def test_links_in_a_folder_are_refused(store, made, tmp_path):
    (made / "card.md").unlink()
    (made / "card.md").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match=r"card\.md is not a plain file"):
        store.add(made)


def zip_with(path, made, extra):
    with zipfile.ZipFile(path, "w") as packed:
        for file in made.rglob("*.*"):
            packed.write(file, file.relative_to(made))
        for name, content in extra:
            packed.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../evil.md", "golden/../../evil.md", "/tmp/evil.md", "C:/evil.md", "golden\\..\\x.md"]
)
def test_zip_that_leads_out_of_the_bundle_is_refused(store, made, tmp_path, name):
    path = zip_with(tmp_path / "evil.tagmodel", made, [(name, "x")])
    with pytest.raises(BundleError, match="leads out of the bundle"):
        store.add(path)
    assert store.list() == []
    assert not (tmp_path / "evil.md").exists()


def test_zip_with_a_link_is_refused(store, made, tmp_path):
    entry = zipfile.ZipInfo("LICENSE")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = zip_with(tmp_path / "evil.tagmodel", made, [(entry, "/etc/passwd")])
    with pytest.raises(BundleError, match="holds a link"):
        store.add(path)


def test_zip_bomb_is_refused_before_it_fills_the_disk(made, tmp_path):
    path = zip_with(tmp_path / "big.tagmodel", made, [("LICENSE", b"\0" * 5_000_000)])
    (tmp_path / "out").mkdir()
    with pytest.raises(BundleError, match="unpacks to more than a bundle may hold"):
        unpack_bundle(path, tmp_path / "out", max_bytes=3_000_000)


def test_zip_with_thousands_of_files_is_refused(store, made, tmp_path):
    path = zip_with(tmp_path / "many.tagmodel", made, [(f"golden/{n}.png", "") for n in range(300)])
    with pytest.raises(BundleError, match="a bundle has at most 200"):
        store.add(path)


@pytest.mark.parametrize("keep", [0.2, 0.6, 0.99])
def test_zip_cut_off_is_refused(store, made, tmp_path, keep):
    path = zip_with(tmp_path / "cut.tagmodel", made, [])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(BundleError, match=r"cut\.tagmodel"):
        store.add(path)


def test_zip_with_damaged_content_is_refused(store, made, tmp_path):
    path = zip_with(tmp_path / "bad.tagmodel", made, [])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BundleError):
        store.add(path)


def test_listing_needs_neither_onnx_nor_a_runtime(store, made):
    store.add(made)
    code = (
        "import sys; from pathlib import Path; from tagger.bundle.store import BundleStore\n"
        f"assert len(BundleStore(Path({str(store.root)!r})).list()) == 1\n"
        "print([m for m in ('onnx', 'onnxruntime', 'torch', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_validating_needs_no_runtime(made):
    code = (
        "import sys; from pathlib import Path\n"
        "import tagger.bundle.golden, tagger.bundle.write\n"
        "from tagger.bundle.validate import validate_bundle\n"
        f"validate_bundle(Path({str(made)!r}))\n"
        "print([m for m in ('onnxruntime', 'torch', 'PySide6') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_default_is_stored_as_readable_json(store, made):
    spec = store.add(made)
    store.set_default(spec.bundle_id)
    assert json.loads((store.root / "default.json").read_text()) == {"bundle": spec.bundle_id}


def test_what_a_killed_program_left_is_cleared_and_brought_back(store, made, other):
    spec = store.add(made)
    store.folder(spec.bundle_id).rename(store.root / f".{spec.bundle_id}.abcd.old")
    for name in (".x.incoming", ".y.new"):
        (store.root / name).mkdir()
        os.utime(store.root / name, (0, 0))
    (store.root / ".z.incoming").mkdir()
    store.add(other)
    assert spec in store.list()
    assert litter(store) == [".z.incoming"]


def test_two_programs_may_add_the_same_bundle_at_once(store, made):
    code = (
        "import sys; from pathlib import Path; from tagger.bundle.store import BundleStore\n"
        f"for _ in range(8): BundleStore(Path({str(store.root)!r})).add(Path({str(made)!r}))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(store.list()) == 1
    assert store.problems() == []


def test_notes_are_kept_by_model_and_go_with_it(store, made, other):
    first, second = store.add(made), store.add(other)
    store.set_note(first.bundle_id[:10], "  with the harbour photos \n")
    store.set_note(second.bundle_id, "second")
    assert store.notes() == {first.bundle_id: "with the harbour photos", second.bundle_id: "second"}
    store.set_note(second.bundle_id, "")
    store.delete(first.bundle_id)
    assert BundleStore(store.root).notes() == {}
    (store.root / "notes.json").write_text("[1]")
    assert store.notes() == {}
