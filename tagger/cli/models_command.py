r"""List, choose, compare, note, add and delete models, or go back to the one before.

A model is a bundle: a network with its labels and everything needed to use and retrain it.
Ids may be shortened to what is unambiguous.

  tagger models list
  tagger models use 3f9a --library ~/Photos      for one library
  tagger models use 3f9a                         for new libraries
  tagger models rollback --library ~/Photos      back to the model before
  tagger models compare 3f9a 81c2 --library ~/Photos    on photos that neither learned from
  tagger models note 3f9a "after the harbour trip"
  tagger models delete 3f9a
  tagger models add my.tagmodel
  tagger models add model.onnx --labels labels.csv --mean 0.485 0.456 0.406 \
      --std 0.229 0.224 0.225
  tagger models add wd-tagger-folder
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from tagger.bundle.spec import BundleSpec
from tagger.bundle.store import BundleStore
from tagger.cli.opening import ModelError, close_library, run_trainer
from tagger.cli.output import emit, remark
from tagger.library.library import Library
from tagger.library.places import user_folder
from tagger.library.runs import read_run
from tagger.library.session import bundle_store
from tagger.suggest.adding import add_foreign
from tagger.suggest.checking import check_bundle

_FOREIGN = (
    "labels",
    "kind",
    "layout",
    "channels",
    "scale",
    "mean",
    "std",
    "output",
    "threshold",
    "fit",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="show the models on this machine")
    listing.add_argument("--library", type=Path, help="mark the one this library uses")
    use = actions.add_parser("use", help="take a model, for a library or for new ones")
    use.add_argument("id", help="id of the model, or its beginning")
    use.add_argument("--library", type=Path, help="the library; without: for new libraries")
    back = actions.add_parser("rollback", help="go back to the model a library used before")
    back.add_argument("--library", type=Path, required=True, help="the library")
    compare = actions.add_parser("compare", help="compare two models on a library's own photos")
    compare.add_argument("ids", nargs="+", metavar="ID", help="the old one and the new one")
    compare.add_argument("--library", type=Path, required=True, help="the library")
    note = actions.add_parser("note", help="keep a note about a model; an empty one forgets it")
    note.add_argument("id", help="id of the model, or its beginning")
    note.add_argument("text", help="the note")
    delete = actions.add_parser("delete", help="delete a model for good")
    delete.add_argument("id", help="id of the model, or its beginning")
    add = actions.add_parser("add", help="add a bundle, a WD-tagger folder or an ONNX model")
    add.add_argument("path", type=Path, help="bundle folder, .tagmodel, model folder or .onnx")
    _add_foreign_options(add)
    for action in (listing, use, back, compare, note, delete, add):
        action.add_argument("--json", action="store_true", help="print one line of JSON")


def _add_foreign_options(parser: argparse.ArgumentParser) -> None:
    foreign = parser.add_argument_group("a single ONNX model (found by themselves where possible)")
    foreign.add_argument("--labels", type=Path, help="label list: CSV, TXT or JSON")
    foreign.add_argument("--kind", choices=["multi", "single"], help="many labels, or one")
    foreign.add_argument("--group", default=None, help="name of the group its labels form")
    foreign.add_argument("--layout", choices=["NCHW", "NHWC"], help="order of the input")
    foreign.add_argument("--channels", choices=["RGB", "BGR"], help="order of the colours")
    foreign.add_argument("--scale", type=float, help="pixels are multiplied with it (1/255)")
    foreign.add_argument("--mean", type=float, nargs=3, help="subtracted after scaling")
    foreign.add_argument("--std", type=float, nargs=3, help="divided by after that")
    foreign.add_argument("--output", choices=["logits", "probabilities"], help="what comes out")
    foreign.add_argument("--threshold", type=float, help="from which score to suggest")
    foreign.add_argument("--fit", choices=["squash", "crop", "pad"], help="how photos are fitted")


def run(args: argparse.Namespace) -> int:
    """Do the action; returns the exit code."""
    actions = {
        "list": _list,
        "use": _use,
        "rollback": _rollback,
        "compare": _compare,
        "note": _note,
        "delete": _delete,
        "add": _add,
    }
    return actions[args.action](args, bundle_store())


def _list(args: argparse.Namespace, store: BundleStore) -> int:
    active = None
    if args.library:
        library = Library.open(args.library)
        active = library.active_bundle_id
        library.close()
    default, notes = store.default(), store.notes()
    rows, lines = [], []
    names: dict[str | None, str] = {}
    for spec in store.list():
        marks = [
            word
            for word, is_it in (
                ("default", spec.bundle_id == default),
                ("active", spec.bundle_id == active),
            )
            if is_it
        ]
        note = notes.get(spec.bundle_id, "")
        rows.append(_entry(spec) | {"marks": marks, "note": note})
        names[spec.bundle_id] = spec.name
        groups = ", ".join(f"{group.name} ({len(group.labels)})" for group in spec.groups)
        suffix = f"  [{', '.join(marks)}]" if marks else ""
        lines.append(f"{spec.bundle_id[:12]}  {spec.name}: {groups}{suffix}")
        if summary := spec.producer.get("summary"):
            lines.append(f"{'':14}{summary}")
        lines += [f"{'':14}{words}" for words in (_lineage(spec, names), note) if words]
    emit({"models": rows}, args.json, "\n".join(lines) or "No models yet: run tagger suggest.")
    return 0


def _entry(spec: BundleSpec) -> dict[str, object]:
    return {
        "bundle": spec.bundle_id,
        "name": spec.name,
        "parent": spec.parent,
        "created": spec.created,
        "summary": spec.producer.get("summary", ""),
        "groups": {group.name: len(group.labels) for group in spec.groups},
        "photos": spec.dataset.get("photos"),
        "decisions": spec.dataset.get("decisions"),
        "revision": spec.dataset.get("revision"),
        "run": spec.dataset.get("run"),
    }


def _lineage(spec: BundleSpec, names: Mapping[str | None, str]) -> str:
    """Say what a model was made from; `names` are those of older models by id."""
    if not spec.dataset.get("photos"):
        return ""
    parent = names.get(spec.parent, "a model that is gone")
    words = f"from {parent}, {spec.dataset['photos']:,} photos"
    decisions = spec.dataset.get("decisions")
    return f"{words}, {decisions:,} decisions" if isinstance(decisions, int) else words


def _use(args: argparse.Namespace, store: BundleStore) -> int:
    spec = store.get(args.id)
    if args.library is None:
        store.set_default(spec.bundle_id)
        emit(_entry(spec), args.json, f"New libraries use {spec.name} ({spec.bundle_id[:12]}).")
        return 0
    check_bundle(store.folder(spec.bundle_id))
    library = Library.open(args.library)
    try:
        library.use_bundle(spec)
    finally:
        close_library(library)
    text = f"{args.library} uses {spec.name} ({spec.bundle_id[:12]}). Run tagger suggest on it."
    emit(_entry(spec), args.json, text)
    return 0


def _rollback(args: argparse.Namespace, store: BundleStore) -> int:
    library = Library.open(args.library)
    try:
        before = library.previous_bundle_id()
        if before is None:
            raise ModelError(f"{args.library} has used one model only: there is none before.")
        spec = store.get(before)
        check_bundle(store.folder(before))
        library.use_bundle(spec, remember=False)
        library.previous_bundle_id(forget=True)
    finally:
        close_library(library)
    emit(_entry(spec), args.json, f"{args.library} is back at {spec.name}.")
    return 0


def _compare(args: argparse.Namespace, store: BundleStore) -> int:
    if len(args.ids) > 2:
        raise ModelError("Name one model, to compare with the one in use, or two.")
    chosen = [store.get(each).bundle_id for each in args.ids]
    result = run_trainer(["compare", "--library", str(args.library), *chosen, "--json"])
    lines = [f"The second model is {result['verdict']}."]
    lines += [f"  {reason}" for reason in result["reasons"]]
    lines.append(f"Report: {result['page']}")
    emit(result, args.json, "\n".join(lines))
    return 0


def _note(args: argparse.Namespace, store: BundleStore) -> int:
    spec = store.set_note(args.id, args.text)
    emit(_entry(spec) | {"note": args.text.strip()}, args.json, f"Noted about {spec.name}.")
    return 0


def _delete(args: argparse.Namespace, store: BundleStore) -> int:
    spec = store.get(args.id)
    _must_not_be_in_use(spec)
    store.delete(spec.bundle_id)
    emit(_entry(spec), args.json, f"Deleted {spec.name} ({spec.bundle_id[:12]}).")
    return 0


def _must_not_be_in_use(spec: BundleSpec) -> None:
    """Refuse to delete a model that the library it was trained on uses."""
    name = Path(str(spec.dataset.get("run") or "")).name
    run = read_run(user_folder("runs") / name) if name else None
    if run is None or not Path(run.state.library).is_dir():
        return
    with Library.open(run.state.library) as library:
        if library.active_bundle_id == spec.bundle_id:
            raise ModelError(
                f"{run.state.library} uses {spec.name}. Take another model there first, such as "
                "the one before: tagger models rollback --library FOLDER."
            )


def _add(args: argparse.Namespace, store: BundleStore) -> int:
    if not args.path.exists():
        raise ModelError(
            f"{args.path} does not exist. Give a bundle, a model folder or .onnx file."
        )
    if args.path.suffix == ".tagmodel" or (args.path / "bundle.json").is_file():
        spec = store.add(args.path)
    else:
        remark("Checking the model and making a bundle of it …")
        given = {name: getattr(args, name) for name in _FOREIGN} | {"group_name": args.group}
        spec = add_foreign(args.path, store, given, remark)
    emit(_entry(spec), args.json, f"Added {spec.name} ({spec.bundle_id[:12]}).")
    return 0
