"""The end of every training: compare with the parent, write the bundle, keep the run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from tagger import __version__
from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import BundleStore
from tagger.core.decisions import Verdict, verdicts_of
from tagger.library.cache import EmbeddingStore
from tagger.library.library import Library
from tagger.library.roles import signature_text
from tagger.library.runs import REPORT
from trainer.ancestry import Ancestry
from trainer.board import judged_scalars, write_scalars
from trainer.card import child_card
from trainer.cases import make_cases, new_scores, old_scores, photos_to_compare
from trainer.child import ChildGroup
from trainer.data import Dataset, lineage_entry, save_dataset
from trainer.figures import measured
from trainer.missing import missing_examples
from trainer.parity import Parity
from trainer.progress import Progress
from trainer.quick.heads import FittedGroup
from trainer.quick.learn import label_logits
from trainer.report.files import Compared, write_report
from trainer.report.judge import Judgement, judge
from trainer.runs import save_out_of_fold
from trainer.scores import ReadEmbeddings
from trainer.storing import Description, store_child

PARITY_CANDIDATES = 60


@dataclass(frozen=True)
class Start:
    """What a training begins with.

    Attributes:
        library: opened, with the parent in use.
        store: the user's bundles.
        ancestry: parent and root.
        embeddings: kept embeddings of the parent's space.
        dataset: photos with decisions and an embedding.
        lacking: number of photos with decisions that have no embedding.
        began: `time.monotonic` at the press of the button.
    """

    library: Library
    store: BundleStore
    ancestry: Ancestry
    embeddings: EmbeddingStore
    dataset: Dataset
    lacking: int
    began: float


@dataclass(frozen=True)
class Made:
    """What a training made.

    Attributes:
        method: `quick` or `deep`.
        base: preprocessing, embedding size and licence are taken from it.
        backbone: image → embedding.
        children: the groups of the new bundle.
        fitted: those of them that were learned.
        read: gives the new embeddings of slots.
        sample: photos that the suggestions of both models are counted on, at most.
        producer: further facts for `producer` in bundle.json.
        fine_tuned_on: uint64, signatures that the backbone was fine-tuned on, ever.
        fit_s: seconds until everything was fitted.
        facts: further facts for the report.
    """

    method: str
    base: BundleSpec
    backbone: onnx.ModelProto
    children: Sequence[ChildGroup]
    fitted: Sequence[FittedGroup]
    read: ReadEmbeddings
    sample: int
    producer: dict[str, Any]
    fine_tuned_on: NDArray[np.uint64]
    fit_s: float
    facts: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a training gives back: the last line of stdout, the new bundle, the run folder."""

    result: dict[str, Any]
    spec: BundleSpec
    run: Path


def finish(start: Start, made: Made, run: Path, progress: Progress) -> Outcome:
    """Compare old and new model, store the new bundle and write the report.

    Raises:
        ParityError: the graph does not give what was fitted; nothing is stored then.
        BundleError: the bundle cannot be written.
    """
    progress.tell("compare", 0.0, "Comparing before and after")
    compared = _compare(start, made)
    judgement, figures = judge(compared.cases), compared.figures
    progress.tell("bundle", 0.4, "Writing the new model")
    save_dataset(run, start.dataset)
    write_scalars(run, judged_scalars(figures, int(start.dataset.trains.sum())))
    save_out_of_fold(run, _out_of_fold(start.dataset, made.fitted))
    photos = [start.library.photo_path(int(s)) for s in start.dataset.slots[:PARITY_CANDIDATES]]
    description = _describe(start, made, run, figures["after"])
    known = {each.bundle_id for each in start.store.list()}
    spec, parity = store_child(
        start.store, made.base, made.backbone, made.children, description, photos
    )
    result = {
        "fit_s": round(made.fit_s, 2),
        "total_s": round(time.monotonic() - start.began, 2),
        **figures,
        "verdict": judgement.verdict,
        "recommended": judgement.recommended,
        "reasons": judgement.reasons,
        "bundle": spec.bundle_id,
        "run": str(run),
        "report": str(run / REPORT),
    }
    report = result | _further(start, made, judgement, parity)
    try:
        write_report(run, spec.name, report, compared, start.library.photo_path)
    except BaseException:  # who is told that no model was made must not find one
        if spec.bundle_id not in known:
            start.store.delete(spec.bundle_id)
        raise
    progress.tell("done", 1.0, "The new model is ready")
    return Outcome(result, spec, run)


def _compare(start: Start, made: Made) -> Compared:
    library, ancestry = start.library, start.ancestry
    photos = photos_to_compare(library, start.embeddings, start.dataset, made.sample)
    before = old_scores(library, ancestry.parent, start.embeddings.read, photos)
    after = new_scores(library.facts.schema, made.children, made.read, photos)
    fitted = {group.task.group.num: group for group in made.fitted}
    cases = make_cases(library, ancestry, photos, before, after, fitted, start.dataset)
    figures = {
        "before": measured(library, photos, before, start.dataset),
        "after": measured(library, photos, after, start.dataset),
    }
    return Compared(photos.slots, cases, figures)


def _out_of_fold(dataset: Dataset, fitted: Sequence[FittedGroup]) -> dict[str, Any]:
    return {
        group.task.group.id: (
            dataset.signatures[group.fitted.rows],
            [label.id for label in group.fitted.labels],
            label_logits(group.fitted, group.out_of_fold),
        )
        for group in fitted
    }


def _describe(start: Start, made: Made, run: Path, figures: dict[str, Any]) -> Description:
    parent, dataset = start.ancestry.parent.spec, start.dataset
    entry = lineage_entry(dataset, start.ancestry.trained, run.name)
    entry["decisions"] = _decisions(start)
    if len(made.fine_tuned_on):
        entry["fine_tuned_on"] = [signature_text(int(s)) for s in made.fine_tuned_on]
    name = f"{start.library.places.home.name}, {entry['photos']} photos"
    groups = [child.group for child in made.children]
    judged = int(dataset.judges.sum())
    return Description(
        name=name,
        dataset=entry,
        metrics={"photos": judged, "groups": figures},
        producer={"program": f"trainer.{made.method}", "version": __version__} | made.producer,
        card=child_card(name, parent, groups, entry, figures, judged, _remembered(made.children)),
    )


def _decisions(start: Start) -> int:
    """Return how many decisions on training photos there are, in the groups that are learned."""
    schema = start.library.facts.schema
    photos, labels, codes = start.library.facts.decisions.everything()
    learned = {data.group.num for data in start.dataset.groups}
    nums = [label.num for label in schema.labels.values() if label.group in learned]
    training = start.dataset.slots[start.dataset.trains]
    taken = np.isin(photos, training) & np.isin(labels, nums)
    return int((verdicts_of(codes[taken]) != Verdict.NONE).sum())


def _remembered(children: Sequence[ChildGroup]) -> int:
    """Return of how many photos a model keeps numbers to find neighbours, at most, by group."""
    heads = [child.head for child in children]
    for head in heads:  # grows while it is walked
        heads.extend(head.members)
    return max((len(h.arrays["photos"]) for h in heads if h.type == "neighbours"), default=0)


def _further(start: Start, made: Made, judgement: Judgement, parity: Parity) -> dict[str, Any]:
    root = start.ancestry.root
    return {
        "method": made.method,
        "parent": start.ancestry.parent.spec.bundle_id,
        "root": root.spec.bundle_id if root else None,
        "groups": judgement.groups,
        "missing": missing_examples(start.dataset),
        "photos": {
            "training": int(start.dataset.trains.sum()),
            "judging": int(start.dataset.judges.sum()),
            "without_embedding": start.lacking,
        },
        "parity": parity.to_json(),
        "choices": {group.task.group.name: group.facts for group in made.fitted},
        **made.facts,
    }
