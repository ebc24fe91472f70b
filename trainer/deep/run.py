"""Deep retraining of one library: fine-tune the backbone, then fit the same heads as quick mode."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.bundle.heads import head_scores
from tagger.bundle.store import BundleStore
from tagger.core.preprocessing import Preprocessing
from tagger.library.library import Library
from trainer.ancestry import DISTILLED_KEY, SHIFTS_KEY, Ancestry, Model, shifted
from trainer.begin import begin
from trainer.child import ChildGroup
from trainer.data import Dataset
from trainer.deep.carried import logit_shifts
from trainer.deep.embed import NewEmbeddings, torch_embeddings
from trainer.deep.graph_net import GraphNet
from trainer.deep.head_nets import can_distil
from trainer.deep.plan import Plan
from trainer.deep.teach import Taught, teach
from trainer.finish import Made, Outcome, Start, finish
from trainer.loop.checkpoint import forget
from trainer.missing import nothing_to_learn
from trainer.parity import Agreement, agreement_of
from trainer.progress import Progress, Silence
from trainer.quick.learn import learn_groups, prepare
from trainer.quick.run import gather_groups
from trainer.quick.task import GroupTask, make_task

SAMPLE = 1000
"""Photos beyond those with labels that suggestions are counted on (each has to be computed)."""

_CANDIDATES = 60


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
    start, ancestry, taught = _taught(library, store, wish, progress, run)
    embeddings = _new_embeddings(start, taught, progress.part(0.75, 0.85))
    made = _made(start, ancestry, taught, wish, embeddings, progress.part(0.85, 0.9))
    outcome = finish(start, made, run, progress.part(0.9, 1.0))
    forget(run)
    return outcome


def _new_embeddings(start: Start, taught: Taught, progress: Progress) -> NewEmbeddings:
    photos = len(start.dataset)
    return NewEmbeddings(
        taught.net.export(),
        taught.net.preprocessing,
        start.library.photo_path,
        lambda done: progress.tell("embed", done / photos, f"{done} photos looked at anew"),
    )


def _made(
    start: Start,
    ancestry: Ancestry,
    taught: Taught,
    wish: Wish,
    embeddings: NewEmbeddings,
    progress: Progress,
) -> Made:
    """Fit the heads on the new embeddings and check the graph against the trained network."""
    fresh = embeddings.read(start.dataset.slots)
    fine_tuned_on = np.union1d(start.ancestry.deep, start.dataset.signatures[taught.seen])
    ancestry = _moved(start, ancestry, fresh)
    tasks = _tasks(start.dataset, ancestry.root)
    material = prepare(start.dataset, fresh, fine_tuned_on)
    fitted = learn_groups(tasks, material, progress, better=True)
    groups = gather_groups(start.library.facts.schema, ancestry, fitted, set(), wish.aim)
    agreement = _check_against_torch(start, taught.net, groups, embeddings)
    return Made(
        method="deep",
        base=replace(start.ancestry.parent.spec, preprocessing=taught.net.preprocessing),
        backbone=embeddings.backbone,
        children=groups,
        fitted=fitted,
        read=embeddings.read,
        sample=SAMPLE,
        producer=_producer(ancestry),
        fine_tuned_on=fine_tuned_on,
        fit_s=time.monotonic() - start.began,
        facts={
            "aim": wish.aim,
            "training": taught.history,
            "torch_parity": {
                **agreement.to_json(),
                "sentence": f"On {agreement.photos} photos the graph answers as the trained "
                f"network: {agreement.words}.",
            },
        },
    )


def assist(library: Library, store: BundleStore, wish: Wish, run: Path) -> None:
    """Share the work of fine-tuning with the first process, which alone makes the new bundle.

    Raises:
        TaggerError: as `fine_tune` does until the backbone is taught.
    """
    _taught(library, store, wish, Silence(), run)


def _taught(
    library: Library, store: BundleStore, wish: Wish, progress: Progress, run: Path
) -> tuple[Start, Ancestry, Taught]:
    progress.tell("read", 0.0, "Reading your labels")
    start = begin(library, store)
    ancestry = _fitting(start.ancestry)
    tasks = _tasks(start.dataset, ancestry.root)
    if not tasks:
        raise nothing_to_learn(library, start.lacking, start.dataset, set())
    preprocessing = _preprocessing(start.ancestry.parent.spec.preprocessing, wish.size)
    told = progress.part(0.02, 0.75)
    return start, ancestry, teach(start, tasks, ancestry, preprocessing, wish.plan, run, told)


def _tasks(dataset: Dataset, root: Model | None) -> list[GroupTask]:
    found = [make_task(dataset, data, root) for data in dataset.groups]
    return [task for task in found if task is not None]


def _moved(start: Start, ancestry: Ancestry, fresh: NDArray[np.float16]) -> Ancestry:
    """Return the ancestry with heads that say as much of the new embeddings as of the old."""
    trains = start.dataset.trains
    old, new = start.embeddings.read(start.dataset.slots[trains]), fresh[trains]
    parent = shifted(ancestry.parent, logit_shifts(ancestry.parent, old, new))
    if ancestry.root is None:
        return replace(ancestry, parent=parent)
    more = logit_shifts(ancestry.root, old, new)
    both = {label: ancestry.shifts.get(label, 0) + more.get(label, 0) for label in more}
    root = shifted(ancestry.root, more)
    return replace(ancestry, parent=parent, root=root, shifts={**ancestry.shifts, **both})


def _producer(ancestry: Ancestry) -> dict[str, Any]:
    """Return what later trainings must know of the root: its heads were made to fit, and how."""
    if ancestry.root is None:
        return {}
    return {DISTILLED_KEY: ancestry.root.spec.bundle_id, SHIFTS_KEY: dict(ancestry.shifts)}


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


def _check_against_torch(
    start: Start,
    net: GraphNet,
    groups: Sequence[ChildGroup],
    embeddings: NewEmbeddings,
) -> Agreement:
    """Compare scores from the exported graph with those from the trained module.

    Raises:
        ParityError: they differ by more than `trainer.parity.LIMIT`.
    """

    def by_torch(pixels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        return _scores(groups, torch_embeddings(net, pixels))

    def by_graph(pixels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        return _scores(groups, embeddings.compute(pixels))

    photos = [start.library.photo_path(int(slot)) for slot in start.dataset.slots[:_CANDIDATES]]
    described = {child.group.output: child.group for child in groups}
    agreement = agreement_of(by_torch, by_graph, described, photos, net.preprocessing)
    agreement.must_hold()
    return agreement


def _scores(
    groups: Sequence[ChildGroup], embeddings: NDArray[np.floating]
) -> dict[str, NDArray[Any]]:
    return {child.group.output: head_scores(child.head, embeddings) for child in groups}
