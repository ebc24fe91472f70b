"""The bench of the quick way: real photos in, one line of figures out, nothing written there."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tagger.core.targets import MASKED, NEGATIVE, POSITIVE
from trainer.bench.command import measure_quick, paired_gain
from trainer.bench.labelled import LabelledError, read_labelled
from trainer.progress import Silence

CHECKOUT = Path(__file__).resolve().parents[2]
KEYS = ["photos", "labels", "fit_s", "map", "better_map", "better_s", "gain", "gain_low"]
KEYS += ["sklearn_s", "sklearn_map"]


def part_of(source, folder, photos):
    """Copy some photos of a set, and the rows of its list that name them."""
    with (source / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:photos]
    for row in rows:
        (folder / row["photo"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / row["photo"], folder / row["photo"])
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_what_is_not_listed_is_absent_and_what_may_be_is_masked(test_data, tmp_path):
    data = read_labelled(part_of(test_data / "captions", tmp_path / "set", 60))
    (group,) = data.groups
    assert len(data.photos) == len(group.targets) == 60
    assert set(np.unique(group.targets).tolist()) == {MASKED, NEGATIVE, POSITIVE}
    assert 0 < data.trains.sum() < 60


def test_without_a_list_or_photos_a_sentence_says_so(tmp_path):
    with pytest.raises(LabelledError, match="has no labels"):
        read_labelled(tmp_path)
    (tmp_path / "labels.csv").write_text("photo,labels,split\na.jpg,dog,train\n", "utf-8")
    with pytest.raises(LabelledError, match="None of the photos"):
        read_labelled(tmp_path)
    (tmp_path / "a.jpg").touch()
    (tmp_path / "labels.csv").write_text("photo,labels,split\na.jpg,,train\n", "utf-8")
    with pytest.raises(LabelledError, match="has a label"):
        read_labelled(tmp_path)


@pytest.mark.parametrize("split", ["train", "val", ""])
def test_where_the_split_leaves_nothing_to_judge_or_train_on_a_fifth_is_drawn(split, tmp_path):
    names = [f"{at}.jpg" for at in range(10)]
    for name in names[:-1]:
        (tmp_path / name).touch()
    lines = [f"{name},dog,{split}\n" for name in names]
    (tmp_path / "labels.csv").write_text("photo,labels,split\n" + "".join(lines), "utf-8")
    data = read_labelled(tmp_path)
    assert len(data.photos) == 9
    assert data.trains.sum() == 7
    assert data.trains.tolist() == read_labelled(tmp_path).trains.tolist()


def test_gain_is_the_mean_of_paired_differences_with_the_lower_end_of_its_interval():
    pairs = np.array([[0.5, 0.52], [0.6, 0.63], [0.4, 0.41]])
    gain, low = paired_gain(pairs)
    assert gain == pytest.approx(0.02)
    assert low == pytest.approx(0.02 - 4.303 * 0.01 / np.sqrt(3))


def test_single_groups_are_measured_too(starter, test_data, tmp_path, monkeypatch):
    folder = part_of(test_data / "garments", tmp_path / "set", 150)
    shutil.copytree(starter, tmp_path / "data" / "bundles" / starter.name)
    monkeypatch.setenv("TAGGER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result, details = measure_quick(read_labelled(folder), 2, True, Silence())
    assert result["photos"] + details["judged_photos"] == 150
    assert 0.1 < result["map"] <= 1
    assert 0.1 < result["better_map"] <= 1
    assert result["sklearn_s"] is None
    assert 0 < result["fit_s"] < details["cv_s"] < result["better_s"]


@pytest.mark.slow
def test_bench_prints_its_figures_and_leaves_the_folder_as_it_is(starter, test_data, tmp_path):
    folder = part_of(test_data / "captions", tmp_path / "set", 150)
    shutil.copytree(starter, tmp_path / "data" / "bundles" / starter.name)
    before = sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    environment = os.environ | {
        "TAGGER_DATA_DIR": str(tmp_path / "data"),
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": str(CHECKOUT),
    }
    command = [sys.executable, "-m", "trainer", "bench", "quick", "--data", str(folder), "--json"]
    done = subprocess.run(
        [*command, "--folds", "2"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert list(result) == KEYS
    assert 90 < result["photos"] < 150
    assert 0.1 < result["map"] <= 1
    assert 0.1 < result["better_map"] <= 1
    assert 0 < result["fit_s"] < result["better_s"]
    assert 0.1 < result["sklearn_map"] <= 1
    assert sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*")) == before
