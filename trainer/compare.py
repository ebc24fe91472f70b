"""Compare two models on a library's own photos, as a training's report compares old and new.

Only photos that neither model nor an ancestor of theirs was trained on judge. Both models must have
looked at the library's photos; nothing is activated.

  python -m trainer compare --library ~/Photos 3f9a 81c2
  python -m trainer compare --library ~/Photos 3f9a --json      (the one in use against 3f9a)
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import BundleStore
from tagger.core.errors import TaggerError
from tagger.library.cache import EmbeddingStore
from tagger.library.library import Library
from tagger.library.opening import checked_folder
from tagger.library.places import user_folder
from tagger.library.runs import REPORT, new_run
from trainer.ancestry import NoModel, ancestry_of
from trainer.cases import make_cases, old_scores, photos_to_compare
from trainer.figures import measured
from trainer.gather import read_dataset
from trainer.report.files import Compared, write_report
from trainer.report.judge import judge


class CannotCompare(TaggerError):
    """The models cannot be compared on this library."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("models", nargs="+", metavar="ID", help="one or two models, old one first")
    parser.add_argument(
        "--library", type=Path, required=True, metavar="FOLDER", help="folder of the library"
    )
    parser.add_argument("--json", action="store_true", help="print the result as one line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Compare; print the result. Returns the exit code."""
    if len(arguments.models) > 2:
        raise CannotCompare("Name one model, to compare with the one in use, or two.")
    checked_folder(arguments.library)
    store = BundleStore(user_folder("bundles"))
    with Library.open(arguments.library) as library:
        specs = [store.get(each) for each in arguments.models]
        if len(specs) == 1:
            if library.active_bundle_id is None:
                raise NoModel(f"{library.places.home} uses no model yet: name two models.")
            specs.insert(0, store.get(library.active_bundle_id))
        result = compare(library, store, *specs)
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
        return 0
    for name, change in result["groups"].items():
        print(f"{name}: {change['before']} → {change['after']} ({change['verdict']})")
    print(f"Report: {result['page']}")
    return 0


def compare(
    library: Library, store: BundleStore, old: BundleSpec, new: BundleSpec
) -> dict[str, Any]:
    """Compare two models on the photos that may judge both; writes a report into a run's folder.

    Returns:
        verdict, reasons, figures by group, and where the report lies.

    Raises:
        CannotCompare: they are one model, or one of them has not looked at the photos.
        BundleError: one of them cannot be read.
        RunError: the report cannot be written.
    """
    if old.bundle_id == new.bundle_id:
        raise CannotCompare(f"“{old.name}” is compared with itself: name another model.")
    began = time.monotonic()
    if library.active_bundle_id:
        library.use_bundle(store.get(library.active_bundle_id), remember=False)
    ancestries = [ancestry_of(library, store, spec) for spec in (old, new)]
    stores = [_embeddings(library, spec) for spec in (old, new)]
    slots = np.arange(library.facts.slots)
    signatures = library.photos.signature[slots]
    embedded = stores[0].kept(slots, signatures) & stores[1].kept(slots, signatures)
    trained = np.union1d(ancestries[0].trained, ancestries[1].trained)
    dataset = read_dataset(library, trained, embedded)
    dataset = dataset.only(embedded[dataset.slots])
    photos = photos_to_compare(library, stores[0], dataset).only(embedded)
    before, after = (
        old_scores(library, ancestry.parent, kept.read, photos)
        for ancestry, kept in zip(ancestries, stores, strict=True)
    )
    cases = make_cases(library, ancestries[0], photos, before, after, {}, dataset)
    judgement = judge(cases)
    figures = {
        "before": measured(library, photos, before, dataset),
        "after": measured(library, photos, after, dataset),
    }
    folder = new_run()
    seconds = round(time.monotonic() - began, 2)
    report = {
        "method": "compare",
        "verdict": judgement.verdict,
        "recommended": judgement.recommended,
        "reasons": judgement.reasons,
        "groups": judgement.groups,
        "bundle": new.bundle_id,
        "parent": old.bundle_id,
        "photos": {"training": len(trained), "judging": int(dataset.judges.sum())},
        "fit_s": 0.0,
        "total_s": seconds,
        **figures,
    }
    compared = Compared(photos.slots, cases, figures)
    write_report(folder, new.name, report, compared, library.photo_path)
    return _short(report, folder)


def _embeddings(library: Library, spec: BundleSpec) -> EmbeddingStore:
    store = EmbeddingStore.open(library.places.cache, spec.space_id, spec.embedding_size)
    slots = np.arange(library.facts.slots)
    if not store.kept(slots, library.photos.signature[slots]).any():
        raise CannotCompare(
            f"“{spec.name}” has not looked at the photos of {library.places.home} yet: use it "
            "there once, let it suggest, and compare then."
        )
    return store


def _short(report: dict[str, Any], folder: Path) -> dict[str, Any]:
    names = ("measure", "before", "after", "difference", "low", "high", "verdict", "photos")
    groups = {
        name: {key: group.get(key) for key in names} for name, group in report["groups"].items()
    }
    kept = ("verdict", "recommended", "reasons", "bundle", "parent", "total_s")
    return {
        **{key: report[key] for key in kept},
        "groups": groups,
        "report": str(folder / REPORT),
        "page": str(folder / "report.html"),
    }
