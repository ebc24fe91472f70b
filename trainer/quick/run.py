"""Quick retraining of one library, from decisions to a stored bundle and its report."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagger.bundle.graph import load_model
from tagger.bundle.head_graph import backbone_of
from tagger.bundle.spec import MODEL_FILE
from tagger.bundle.store import BundleStore
from tagger.core.schema import Schema
from tagger.library.library import Library
from tagger.library.runs import new_run
from trainer.ancestry import DISTILLED_KEY, SHIFTS_KEY, Ancestry
from trainer.begin import begin
from trainer.cases import SAMPLE
from trainer.child import ChildGroup, consistent, kept_groups, learned_group
from trainer.data import Dataset, group_hash
from trainer.finish import Made, Outcome, finish
from trainer.missing import nothing_to_learn
from trainer.progress import Progress
from trainer.quick.heads import FittedGroup
from trainer.quick.learn import learn_groups, prepare
from trainer.quick.record import Record
from trainer.quick.task import GroupTask, make_task


def retrain(
    library: Library,
    store: BundleStore,
    *,
    run: Path | None = None,
    aim: str = "balanced",
    better: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Fit new heads on a library's kept embeddings and store the bundle; activates nothing.

    Args:
        library: opened; its active bundle becomes the parent.
        store: the user's bundles.
        run: the run's folder; None makes one.
        aim: operating point for the default thresholds: a key of `thresholds.AIMS`.
        better: take a little longer for networks and neighbours beside linear weights.
        progress: told what is being done.

    Raises:
        NoModel: the library has no model yet.
        NothingToLearn: no group has anything new to learn from, or no photo an embedding.
        ParityError: the graph does not give what was fitted; nothing is stored then.
    """
    told = progress or Progress()
    told.tell("read", 0.0, "Reading your labels")
    start = begin(library, store)
    method = "better" if better else "quick"
    tasks, unchanged = find_tasks(start.dataset, start.ancestry, method)
    if not tasks:
        raise nothing_to_learn(library, start.lacking, start.dataset, unchanged)
    told.tell("fit", 0.1, f"Preparing {len(start.dataset)} photos")
    embeddings = start.embeddings.read(start.dataset.slots)
    material = prepare(start.dataset, embeddings, start.ancestry.deep)
    folder = run or new_run()
    record = Record(folder)
    fitted = learn_groups(tasks, material, replace(told.part(0.15, 0.8), drawn=record.draw), better)
    record.close()
    made = Made(
        method=method,
        base=start.ancestry.parent.spec,
        backbone=backbone_of(load_model(start.ancestry.parent.folder / MODEL_FILE)),
        children=gather_groups(library.facts.schema, start.ancestry, fitted, unchanged, aim),
        fitted=fitted,
        read=start.embeddings.read,
        sample=SAMPLE,
        producer=_inherited(start.ancestry),
        fine_tuned_on=start.ancestry.deep,
        fit_s=time.monotonic() - start.began,
        facts={"aim": aim},
    )
    return finish(start, made, folder, told.part(0.8, 1.0))


def _inherited(ancestry: Ancestry) -> dict[str, Any]:
    """Return which root's heads the backbone was made to fit, if it was fine-tuned, and how."""
    producer = ancestry.parent.spec.producer
    return {key: producer[key] for key in (DISTILLED_KEY, SHIFTS_KEY) if producer.get(key)}


def find_tasks(
    dataset: Dataset, ancestry: Ancestry, method: str = "quick"
) -> tuple[list[GroupTask], set[int]]:
    """Return what is to be learned, and the nums of groups that are as the parent learned them.

    What another method learned is learned anew, but the quick way never redoes a deep model.
    """
    by = str(ancestry.parent.spec.producer.get("program", "")).removeprefix("trainer.")
    alike = by == method or (method == "quick" and by == "deep")
    known = ancestry.parent.spec.dataset.get("groups", {}) if alike else {}
    tasks, unchanged = [], set()
    for data in dataset.groups:
        task = make_task(dataset, data, ancestry.root)
        if task is None:
            continue
        if isinstance(known, dict) and known.get(data.group.id) == group_hash(dataset, data):
            unchanged.add(data.group.num)
        else:
            tasks.append(task)
    return tasks, unchanged


def gather_groups(
    schema: Schema,
    ancestry: Ancestry,
    fitted: list[FittedGroup],
    unchanged: set[int],
    aim: str,
) -> list[ChildGroup]:
    """Return the groups of the new bundle in display order.

    Learned ones; from the parent those that are as it learned them and those that are not to be
    learned; from the root those without examples, so that undone mistakes are undone.
    """
    learned = {group.task.group.num for group in fitted}
    others = set(schema.groups) - learned
    as_before = others & (unchanged | {g.num for g in schema.groups.values() if not g.learned})
    groups = [learned_group(group, schema, aim) for group in fitted]
    groups += kept_groups(ancestry.parent, schema, as_before, aim)
    groups += kept_groups(ancestry.root or ancestry.parent, schema, others - as_before, aim)
    place = {num: at for at, num in enumerate(schema.groups)}
    groups.sort(key=lambda child: place[schema.labels[child.nums[0]].group])
    return consistent(groups)
