"""Fine-tune a backbone on a library's decisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from tagger.bundle.graph import load_model
from tagger.bundle.head_graph import backbone_of
from tagger.bundle.heads import Head
from tagger.bundle.spec import MODEL_FILE
from tagger.core.preprocessing import Preprocessing
from trainer.ancestry import Ancestry
from trainer.data import Dataset
from trainer.deep.distillation import Distillation
from trainer.deep.graph_net import GraphNet
from trainer.deep.plan import KEPT, TRAIN, Plan, training_side
from trainer.examples import Examples, GroupExamples, multi_group, single_group
from trainer.finish import Start
from trainer.loop.fit import Fitted, fit
from trainer.loop.predict import Rows
from trainer.losses.objective import Objective, make_objective
from trainer.metrics.monitor import MEAN, standard_measure
from trainer.nets.heads import HeadNet, HeadSettings
from trainer.nets.net import Net, make_net
from trainer.progress import Progress
from trainer.quick.basis import make_basis
from trainer.quick.problems import GroupInputs, Setting, fit_path
from trainer.quick.task import GroupTask

KEPT_OUT = 0.15
"""Share of the training photos that the backbone does not see: for regularisation, thresholds and
calibration, and to show how training goes."""

_START_FREEDOM = 0.008


@dataclass(frozen=True)
class Taught:
    """What fine-tuning gives.

    Attributes:
        net: the trained backbone, for the input size in use, on the processor.
        seen: int64, rows of the dataset that it was trained on.
        history: settings, figures and curve, for the report.
    """

    net: GraphNet
    seen: Rows
    history: dict[str, Any]


def teach(
    start: Start,
    tasks: Sequence[GroupTask],
    ancestry: Ancestry,
    preprocessing: Preprocessing,
    plan: Plan,
    run: Path,
    progress: Progress,
) -> Taught:
    """Fine-tune the parent's backbone.

    Args:
        start: decisions and old embeddings.
        tasks: the groups to learn.
        ancestry: with only those heads that must go on fitting.
        preprocessing: of the new bundle.
        plan: how.
        run: folder of checkpoints and curves.
        progress: told.

    Raises:
        NotTrainable: the backbone has steps that are not known here.
    """
    progress.tell("prepare", 0.0, "Preparing")
    graph = backbone_of(load_model(start.ancestry.parent.folder / MODEL_FILE))
    old = start.embeddings.read(start.dataset.slots)
    cores = [replace(task.core(), root=None) for task in tasks]
    examples = _examples(start, cores)
    smaller = replace(
        preprocessing,
        width=training_side(preprocessing.width),
        height=training_side(preprocessing.height),
    )
    net = make_net(GraphNet(graph, smaller), examples.groups, HeadSettings(dropout=plan.dropout))
    seen = examples.rows(TRAIN)
    start_heads(net.heads, cores, seen, old)
    keep = Distillation(_heads_to_keep(ancestry), old, plan.keep)
    settings = plan.settings(len(examples.groups), len(seen))

    def objective(rows: Rows) -> Objective:
        return make_objective(examples, rows, settings.losses, [keep])

    fitted = fit(
        net,
        examples,
        settings,
        run,
        objective=objective,
        measure=standard_measure,
        tell=lambda share, text: progress.tell("fine-tune", share, text),
    )
    history = _history(plan, settings.batch, smaller, fitted)
    return Taught(_for_use(graph, net, preprocessing), seen, history)


def _for_use(graph: onnx.ModelProto, net: Net, preprocessing: Preprocessing) -> GraphNet:
    """Return the backbone for the input size in use."""
    made = GraphNet(graph, preprocessing)
    made.load_state_dict(net.backbone.cpu().state_dict())
    return made.eval()


def _examples(start: Start, tasks: Sequence[GroupTask]) -> Examples:
    dataset = start.dataset
    photos = tuple(start.library.photo_path(int(slot)) for slot in dataset.slots)
    parts = np.full(len(dataset), "", "<U5")
    trained, kept_out = split_for_choosing(dataset)
    parts[trained], parts[kept_out] = TRAIN, KEPT
    return Examples(photos, tuple(group_examples(task, len(dataset)) for task in tasks), parts)


def group_examples(task: GroupTask, photos: int) -> GroupExamples:
    """Return what is known of one group, by rows of the dataset.

    Args:
        task: the group; in a single one *none of these* is a label too.
        photos: number of rows of the dataset.
    """
    names = [label.name for label in task.labels]
    if task.group.kind == "single":
        answers = np.full(photos, -1, np.int64)
        answers[task.rows] = task.answers()[0]
        return single_group(task.group.name, names + [""] * task.has_null, answers)
    weights = np.zeros((photos, len(names)), np.float32)
    targets = np.zeros_like(weights)
    weights[task.rows], targets[task.rows] = task.weights(), task.targets == 1
    return multi_group(task.group.name, names, targets, weights)


def split_for_choosing(dataset: Dataset) -> tuple[Rows, Rows]:
    """Return the training rows that the backbone sees, and those kept out, twins together."""
    rows = np.flatnonzero(dataset.trains)
    families, inverse = np.unique(dataset.twins[rows], return_inverse=True)
    drawn = np.random.default_rng(len(families)).permutation(len(families))
    kept = drawn < round(KEPT_OUT * len(families))
    return rows[~kept[inverse]], rows[kept[inverse]]


def start_heads(
    heads: Iterable[torch.nn.Module],
    cores: Sequence[GroupTask],
    seen: Rows,
    embeddings: NDArray[np.float16],
) -> None:
    """Start each group's head from a quick fit on the old embeddings, without the root.

    Only of photos that the backbone sees: heads that had seen those kept out would make every
    change of the backbone look like a loss.

    Args:
        heads: one for each group.
        cores: what is fitted.
        seen: int64, rows of the dataset.
        embeddings: float16 [photos of the dataset, D].
    """
    for head, core in zip(heads, cores, strict=True):
        own = core.only(np.isin(core.rows, seen))
        if len(own.rows):
            _start_head(head, own, embeddings)


def _start_head(head: torch.nn.Module, core: GroupTask, embeddings: NDArray[np.float16]) -> None:
    basis, x = make_basis(embeddings[core.rows], transform="identity")
    every = np.ones(len(core.rows), bool)
    inputs = GroupInputs(x, basis.variances, None)
    fitted = fit_path(core, inputs, every, [_START_FREEDOM], Setting(), steps=15)[0]
    weight, bias = basis.to_head(fitted.w, fitted.b)
    assert isinstance(head, HeadNet)
    head.load_state_dict(
        {
            "layers.0.weight": torch.from_numpy(weight.T.copy()),
            "layers.0.bias": torch.from_numpy(bias),
        }
    )


def _heads_to_keep(ancestry: Ancestry) -> list[Head]:
    """Return the heads that must go on fitting: the root's, and the parent's of further groups."""
    heads = dict(ancestry.root.heads) if ancestry.root is not None else {}
    learned = set(ancestry.parent.spec.dataset.get("groups", {}))
    for group, head in ancestry.parent.heads.items():
        if group not in learned:
            heads.setdefault(group, head)
    return list(heads.values())


def _history(plan: Plan, batch: int, smaller: Preprocessing, fitted: Fitted) -> dict[str, Any]:
    judged = fitted.judged
    columns = (judged.get(name, []) for name in ("epoch", "loss", MEAN))
    return {
        "plan": asdict(plan),
        "trained_at": [smaller.width, smaller.height],
        **fitted.facts,
        "batch": batch,
        "history": [
            {"epoch": epoch, "kept_out_loss": loss, "kept_out_figure": mean}
            for epoch, loss, mean in zip(*columns, strict=True)
        ],
    }
