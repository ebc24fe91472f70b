"""The command line does what it says, on real photos, and refuses in one sentence."""

import csv
import json
import shutil

import numpy as np
import pytest

from tagger.__main__ import main
from tagger.library.places import user_folder


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_suggest_opens_a_new_folder_and_does_nothing_twice(tagger, model, photos):
    folder = photos("dogs", 12)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    code, first, _ = tagger("suggest", folder, "--json")
    assert code == 0
    assert (first["photos"], first["done"], first["skipped"]) == (13, 12, 0)
    assert [problem["path"] for problem in first["problems"]] == ["broken.jpg"]
    assert first["bundle"] == model
    assert first["provider"] in ("cpu", "cuda")
    code, second, _ = tagger("suggest", folder, "--json")
    assert (second["done"], second["skipped"]) == (0, 12)
    assert (folder / "tagger-annotations.json").is_file()


def test_import_suggest_export_round_trip(tagger, model, photos, test_data, tmp_path):
    folder = photos("captions", 60)
    code, result, _ = tagger("import", folder, test_data / "captions" / "labels.csv", "--json")
    assert code == 0
    assert result["photos"] == 60
    assert result["missing"] == 640
    tagger("suggest", folder)
    target = tmp_path / "out.csv"
    assert tagger("export", folder, "--format", "csv", "-o", target)[0] == 0
    given = {row["photo"]: row for row in rows(test_data / "captions" / "labels.csv")}
    exported = rows(target)
    assert len(exported) == 60
    for row in exported:
        assert row["split"] == given[row["photo"]]["split"]
        assert set(row["tags"].split(";")) - {""} == set(
            given[row["photo"]]["labels"].split(";")
        ) - {""}
    other = tmp_path / "again"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns(".tagger", "tagger-*"))
    assert tagger("import", other, target, "--json")[1]["photos"] == 60
    again = tmp_path / "again.csv"
    tagger("export", other, "--format", "csv", "-o", again)
    labels = [set(row["tags"].split(";")) for row in rows(again)]
    assert labels == [set(row["tags"].split(";")) for row in exported]


def test_export_with_scores_has_every_scored_pair(tagger, model, photos, tmp_path):
    folder = photos("dogs", 3)
    tagger("suggest", folder)
    as_json, as_csv = tmp_path / "s.json", tmp_path / "s.csv"
    tagger("export", folder, "--format", "json", "--with-scores", "-o", as_json)
    tagger("export", folder, "--format", "csv", "--layout", "long", "--with-scores", "-o", as_csv)
    listed = json.loads(as_json.read_text())["photos"]
    assert len(listed) == 3
    assert len(listed[0]["scores"]["breed"]) == 121
    pairs = {
        (photo["path"], group, label): score
        for photo in listed
        for group, labels in photo["scores"].items()
        for label, score in labels.items()
    }
    long = {(r["photo"], r["group"], r["label"]): float(r["score"]) for r in rows(as_csv)}
    assert long.keys() == pairs.keys()
    assert all(abs(long[key] - pairs[key]) < 1e-3 for key in pairs)


def test_undo_takes_an_import_back_and_redo_brings_it(tagger, model, photos, test_data, tmp_path):
    folder = photos("garments", 20)
    before = tmp_path / "before.csv"
    tagger("suggest", folder)
    annotations = folder / "tagger-annotations.json"
    untouched = annotations.read_bytes()
    tagger("import", folder, test_data / "garments" / "labels.csv")
    assert annotations.read_bytes() != untouched
    code, result, _ = tagger("undo", folder, "--json")
    assert code == 0
    assert result["act"].startswith("Import")
    assert annotations.read_bytes() == untouched
    tagger("undo", folder, "--redo")
    tagger("export", folder, "--format", "csv", "-o", before)
    given = {r["photo"]: r["garment"] for r in rows(test_data / "garments" / "labels.csv")}
    assert all(row["garment"] == given[row["photo"]] for row in rows(before))


def test_evaluate_judges_the_starter_on_breeds(tagger, model, photos, test_data):
    folder = photos("dogs", 30)
    tagger("import", folder, test_data / "dogs" / "labels.csv")
    tagger("suggest", folder)
    code, result, _ = tagger("evaluate", folder, "--split", "val", "--json")
    assert code == 0
    breed = result["groups"]["breed"]
    assert breed["support"] == 30
    assert breed["accuracy"] > 0.6
    assert breed["top3"] >= breed["accuracy"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["suggest", "{tmp}/missing"], "does not exist"),
        (["suggest", "{tmp}/file.txt"], "is a file"),
        (["import", "{tmp}/photos", "{tmp}/missing.csv"], "missing.csv does not exist"),
        (["import", "{tmp}/photos", "{tmp}/half.json"], "half.json"),
        (["models", "use", "zzzz"], "zzzz"),
        (["models", "add", "{tmp}/file.txt"], "file.txt"),
        (["models", "rollback", "--library", "{tmp}/photos"], "none before"),
        (["undo", "{tmp}/photos"], "nothing to undo"),
        (["{tmp}/nowhere"], "does not exist"),
        (["export", "{tmp}/photos", "--format", "csv", "-o", "{tmp}/no/x.csv"], "x.csv"),
    ],
)
def test_what_cannot_be_done_is_one_clear_sentence(tagger, model, tmp_path, arguments, words):
    (tmp_path / "photos").mkdir()
    (tmp_path / "file.txt").write_text("text")
    (tmp_path / "half.json").write_text('{"samples": [{"image_name": "a.jpg", "image_la')
    code, _, err = tagger(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert code == 1
    assert words in err
    assert "Traceback" not in err
    assert len([line for line in err.splitlines() if line.strip()]) <= 3


@pytest.mark.parametrize("arguments", [["suggest"], ["export", "x"], ["undo", "a", "b"]])
def test_wrong_usage_is_exit_code_two(tagger, arguments):
    assert tagger(*arguments)[0] == 2


def test_an_empty_folder_is_nothing_to_do(tagger, model, tmp_path):
    (tmp_path / "empty").mkdir()
    code, result, _ = tagger("suggest", tmp_path / "empty", "--json")
    assert code == 0
    assert result["photos"] == 0


@pytest.mark.parametrize("name", ["suggest", "import", "export", "train", "evaluate", "models"])
def test_help_shows_examples(capfd, name):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    example = "tagger models list" if name == "models" else f"tagger {name} ~/Photos"
    assert example in capfd.readouterr().out


def test_a_model_that_answers_otherwise_is_not_activated(tagger, model, photos, tmp_path):
    folder = photos("dogs", 2)
    tagger("suggest", folder)
    bundles = user_folder("bundles")
    other = tmp_path / "other"
    shutil.copytree(bundles / model, other)
    for path in sorted((other / "golden").iterdir()):
        if path.suffix == ".npz":
            arrays = dict(np.load(path))
            arrays = {key: value[..., ::-1].copy() for key, value in arrays.items()}
            np.savez(path, **arrays)
    shutil.rmtree(bundles / model)
    shutil.copytree(other, bundles / model)
    code, _, err = tagger("models", "use", model, "--library", folder)
    assert code == 1
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_training_names_what_it_lacked_and_its_model_stays_while_used(
    tagger, model, photos, capfd
):
    folder = photos("dogs", 12)
    names = sorted(path.name for path in folder.rglob("*.jpg"))
    lines = [f"{name},seen;{'rare' if at < 2 else ''}" for at, name in enumerate(names)]
    table = folder.parent / "few.csv"
    table.write_text("\n".join(["photo,labels", *lines]))
    tagger("import", folder, table)
    tagger("suggest", folder)
    assert main(["train", str(folder)]) == 0
    said = capfd.readouterr().out
    assert "`rare` has 2 confirmed photos; 8 are needed to judge it." in said
    assert "`seen`" not in said
    assert "Take it: tagger models use" in said
    made = tagger("models", "list", "--json")[1]["models"][-1]
    assert made["parent"] == model
    assert 2 <= made["decisions"] <= 14, "those on photos that were not kept out"
    tagger("models", "use", made["bundle"], "--library", folder)
    code, _, err = tagger("models", "delete", made["bundle"])
    assert code == 1
    assert f"{folder} uses" in err
    tagger("models", "rollback", "--library", folder)
    assert tagger("models", "delete", made["bundle"])[0] == 0
