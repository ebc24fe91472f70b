"""Deep retraining of one library: fine-tune the backbone, then fit the same heads as quick mode."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tagger.bundle.graph import load_model
from tagger.bundle.head_graph import backbone_of
from tagger.bundle.heads import Head, head_scores
from tagger.bundle.spec import MODEL_FILE
from tagger.bundle.store import BundleStore
from tagger.core.preprocessing import Preprocessing
from tagger.library.library import Library
from trainer.ancestry import DISTILLED_KEY, Ancestry, Model
from trainer.begin import begin
from trainer.child import ChildGroup
from trainer.data import Dataset
from trainer.deep.embed import NewEmbeddings, torch_embeddings
from trainer.deep.graph_net import GraphNet
from trainer.deep.head_nets import Distillation, can_distil
from trainer.deep.loop import Lesson, Plan, train
from trainer.deep.losses import AllGroups, GroupLoss
from trainer.deep.memory import keep_freed_memory
from trainer.deep.photos import PhotoReader
from trainer.finish import Made, Outcome, Start, finish
from trainer.missing import nothing_to_learn
from trainer.parity import LIMIT, ParityError
from trainer.progress import Progress
from trainer.quick.basis import make_basis
from trainer.quick.learn import learn_groups, prepare
from trainer.quick.problems import GroupInputs, Setting, fit_path
from trainer.quick.run import gather_groups
from trainer.quick.task import GroupTask, make_task

KEPT_OUT = 0.15
"""Share of the training photos that the backbone does not see: for stopping, regularisation,
thresholds and calibration."""

SAMPLE = 1000
"""Photos beyond those with labels that suggestions are counted on (each has to be computed)."""

PARITY_PHOTOS = 16
_START_FREEDOM = 0.008


@dataclass(frozen=True)
class Wish:
    """What was asked for.

    Attributes:
        plan: of the loop.
        size: side of the model input in pixels, 0 = as it is.
        aim: operating point for the default thresholds.
    """

    plan: Plan
    size: int = 0
    aim: str = "balanced"


def fine_tune(
    library: Library, store: BundleStore, wish: Wish, progress: Progress, run: Path
) -> Outcome:
    """Fine-tune the active bundle's backbone on a library's labels; activates nothing.

    The run's folder `run` keeps what went in and came out.

    Raises:
        NoModel: the library has no model yet.
        NothingToLearn: no group has an example to learn from.
        NotTrainable: the backbone has steps that are not known here.
        ParityError: the exported graph does not give what was trained; nothing is stored then.
    """
    keep_freed_memory()
    progress.tell("read", 0.0, "Reading your labels")
    start = begin(library, store)
    tasks = _tasks(start)
    if not tasks:
        raise nothing_to_learn(library, start.lacking, start.dataset, set())
    preprocessing = _preprocessing(start.ancestry.parent.spec.preprocessing, wish.size)
    model = backbone_of(load_model(start.ancestry.parent.folder / MODEL_FILE))
    net = GraphNet(model, (preprocessing.height, preprocessing.width))
    seen, history = _teach(start, tasks, net, preprocessing, wish.plan, progress.part(0.02, 0.75))
    backbone = net.export()
    computing = progress.part(0.75, 0.85)
    photos = len(start.dataset)
    embeddings = NewEmbeddings(
        backbone,
        preprocessing,
        library.photo_path,
        lambda done: computing.tell("embed", done / photos, f"{done} photos looked at anew"),
    )
    fine_tuned_on = np.union1d(start.ancestry.deep, start.dataset.signatures[seen])
    fresh = embeddings.read(start.dataset.slots)
    material = prepare(start.dataset, fresh, fine_tuned_on)
    fitted = learn_groups(tasks, material, progress.part(0.85, 0.9))
    groups = gather_groups(library.facts.schema, _fitting(start.ancestry), fitted, set(), wish.aim)
    difference = _check_against_torch(start, net, groups, preprocessing, embeddings)
    root = start.ancestry.root
    made = Made(
        method="deep",
        base=replace(start.ancestry.parent.spec, preprocessing=preprocessing),
        backbone=backbone,
        children=groups,
        fitted=fitted,
        read=embeddings.read,
        sample=SAMPLE,
        producer={DISTILLED_KEY: root.spec.bundle_id} if root else {},
        fine_tuned_on=fine_tuned_on,
        fit_s=time.monotonic() - start.began,
        facts={"aim": wish.aim, "training": history, "torch_parity": difference},
    )
    return finish(start, made, run, progress.part(0.9, 1.0))


def _tasks(start: Start) -> list[GroupTask]:
    root = _fitting(start.ancestry).root
    found = [make_task(start.dataset, data, root) for data in start.dataset.groups]
    return [task for task in found if task is not None]


def _fitting(ancestry: Ancestry) -> Ancestry:
    """Return the ancestry with those heads only that can be carried over to another backbone."""
    root = None if ancestry.root is None else _carried(ancestry.root)
    return replace(ancestry, parent=_carried(ancestry.parent), root=root)


def _carried(model: Model) -> Model:
    heads = {group: head for group, head in model.heads.items() if can_distil(head)}
    groups = tuple(group for group in model.spec.groups if group.id in heads)
    return replace(model, heads=heads, spec=replace(model.spec, groups=groups))


def _preprocessing(parent: Preprocessing, size: int) -> Preprocessing:
    return replace(parent, width=size, height=size) if size else parent


def _teach(
    start: Start,
    tasks: Sequence[GroupTask],
    net: GraphNet,
    preprocessing: Preprocessing,
    plan: Plan,
    progress: Progress,
) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """Fine-tune the backbone; return the dataset rows it saw, and the history."""
    progress.tell("prepare", 0.0, "Preparing")
    dataset = start.dataset
    old = start.embeddings.read(dataset.slots)
    trained, kept_out = split_for_stopping(dataset)
    heads = _heads_to_keep(_fitting(start.ancestry))
    reader = PhotoReader(
        [start.library.photo_path(int(slot)) for slot in dataset.slots], preprocessing
    )
    lesson = Lesson(
        net=net,
        groups=AllGroups([_group_loss(task, dataset, old) for task in tasks]),
        distillation=Distillation(heads),
        old_scores=[torch.from_numpy(s) for s in Distillation.targets(heads, old)],
        reader=reader,
        trained=trained,
        kept_out=kept_out,
    )
    history = train(lesson, plan, lambda share, text: progress.tell("fine-tune", share, text))
    reader.close()
    return trained, history


def split_for_stopping(dataset: Dataset) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the training rows that the backbone sees, and those kept out, twins together."""
    rows = np.flatnonzero(dataset.trains)
    families, inverse = np.unique(dataset.twins[rows], return_inverse=True)
    drawn = np.random.default_rng(len(families)).permutation(len(families))
    kept = drawn < round(KEPT_OUT * len(families))
    return rows[~kept[inverse]], rows[kept[inverse]]


def _heads_to_keep(ancestry: Ancestry) -> list[Head]:
    """Return the heads that must go on fitting: the root's, and the parent's of further groups."""
    heads = dict(ancestry.root.heads) if ancestry.root is not None else {}
    learned = set(ancestry.parent.spec.dataset.get("groups", {}))
    for group, head in ancestry.parent.heads.items():
        if group not in learned:
            heads.setdefault(group, head)
    return list(heads.values())


def _group_loss(task: GroupTask, dataset: Dataset, embeddings: NDArray[np.float16]) -> GroupLoss:
    """Start a group's head from a quick fit on the old embeddings, without the root."""
    core = replace(task.core(), root=None)
    basis, x = make_basis(embeddings[core.rows], transform="identity")
    every = np.ones(len(core.rows), bool)
    inputs = GroupInputs(x, basis.variances, None)
    fitted = fit_path(core, inputs, every, [_START_FREEDOM], Setting(), steps=15)[0]
    weight, bias = basis.to_head(fitted.w, fitted.b)
    return GroupLoss(core, len(dataset), torch.from_numpy(weight), torch.from_numpy(bias))


def _check_against_torch(
    start: Start,
    net: GraphNet,
    groups: Sequence[ChildGroup],
    preprocessing: Preprocessing,
    embeddings: NewEmbeddings,
) -> float:
    """Compare scores from the exported graph with those from the trained module.

    Raises:
        ParityError: they differ by more than `LIMIT`.
    """
    slots = start.dataset.slots[:PARITY_PHOTOS]
    reader = PhotoReader([start.library.photo_path(int(s)) for s in slots], preprocessing)
    pixels = reader.read(range(len(slots)))
    reader.close()
    by_torch, by_graph = torch_embeddings(net, pixels), embeddings.compute(pixels)
    largest = 0.0
    for child in groups:
        difference = np.abs(head_scores(child.head, by_torch) - head_scores(child.head, by_graph))
        largest = max(largest, float(difference.max()))
    if not largest <= LIMIT:
        raise ParityError(
            f"The new model is not used: its graph differs by {largest:.2g} from the trained "
            f"network ({LIMIT:g} is allowed)."
        )
    return largest
