"""Imported, suggested, quick-retrained, taken: the new model is as good as promised.

The larger sets and all times are measured by tests/benchmarks/bench_loop.py.
"""

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "group", "measure", "least"),
    [("captions", "tags", "map", 0.62), ("garments", "garment", "accuracy", 0.70)],
)
def test_a_quick_retraining_reaches(
    model, photos, test_data, tagger, tmp_path, name, group, measure, least
):
    folder = photos(name)[0].parent
    imported = tagger("import", folder, test_data / name / "labels.csv", "--json").json
    assert (imported["missing"], imported["ambiguous"], imported["conflicts"]) == (0, 0, 0)
    assert imported["photos"] == tagger("suggest", folder, "--json").json["done"] > 600
    trained = tagger("train", folder, "--json").json
    assert trained["fit_s"] < trained["total_s"]
    assert tagger("models", "use", trained["bundle"], "--library", folder).code == 0
    rescored = tagger("suggest", folder, "--json").json
    assert rescored["bundle"] == trained["bundle"]
    found = tagger("evaluate", folder, "--split", "val", "--json").json["groups"][group]
    assert found[measure] >= least
    assert trained["after"][group][measure] == pytest.approx(found[measure], abs=1e-3)
    assert trained["verdict"] in ("better", "not worse", "can't tell yet")
