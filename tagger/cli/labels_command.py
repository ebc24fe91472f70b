"""List, add, rename, merge and delete the groups and labels of a library.

Every change is one act; "tagger undo" takes it back. In a single group (one label or none) photos
that show a new label may have another one now: say --new if not, or --split-from that one, and the
photos that have it return to review.

  tagger labels list ~/Photos
  tagger labels add-group ~/Photos weather --kind single --labels sunny rainy
  tagger labels add ~/Photos kite surfboard --group tags
  tagger labels add ~/Photos foggy --group weather --new
  tagger labels add ~/Photos drizzle --group weather --split-from rainy
  tagger labels rename ~/Photos drizzle "light rain" --group weather
  tagger labels merge ~/Photos "light rain" --into rainy --group weather
  tagger labels delete ~/Photos foggy --group weather
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tagger.cli.opening import opened_library
from tagger.cli.output import emit
from tagger.core.errors import TaggerError
from tagger.core.schema import Group, Label
from tagger.library.library import Library
from tagger.library.schema_counts import GroupLine, read_groups
from tagger.library.schema_edit import delete_label, merge_labels, rename_label
from tagger.library.schema_new import new_group, new_labels, split_sources
from tagger.library.schema_split import listed_names, split_label

_NAMED = 8


class LabelsError(TaggerError):
    """A group or label is not there, or it was not said how a new one comes about."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="show groups and labels, with decisions")
    make_group = actions.add_parser("add-group", help="make a group")
    add = actions.add_parser("add", help="add labels to a group")
    rename = actions.add_parser("rename", help="rename a label; the old name stays a synonym")
    merge = actions.add_parser("merge", help="merge a label into another, with its decisions")
    delete = actions.add_parser("delete", help="delete a label with its decisions")
    everything = (listing, make_group, add, rename, merge, delete)
    for action in everything:
        action.add_argument("folder", type=Path, help="folder of the library")
    listing.add_argument("--group", help="only this one")
    listing.add_argument("--all", action="store_true", help="also what only the model offers")
    make_group.add_argument("name", help="name of the new group")
    make_group.add_argument(
        "--kind", choices=["multi", "single"], required=True, help="any number of labels, or one"
    )
    make_group.add_argument("--labels", nargs="+", default=[], help="its first labels")
    add.add_argument("names", nargs="+", metavar="NAME", help="name of a new label")
    how = add.add_mutually_exclusive_group()
    how.add_argument("--new", action="store_true", help="no photo that shows it has another label")
    how.add_argument("--split-from", metavar="LABEL", help="what its photos are called now")
    add.add_argument("--parent", metavar="GROUP/LABEL", help="label that holds wherever it does")
    for action in (rename, merge, delete):
        action.add_argument("label", help="name of the label")
    rename.add_argument("name", help="its new name")
    merge.add_argument("--into", required=True, metavar="LABEL", help="the label that stays")
    for action in (add, rename, merge, delete):
        action.add_argument("--group", required=True, help="name of the group")
    for action in everything:
        action.add_argument("--json", action="store_true", help="print one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Do the action; returns the exit code."""
    actions = {
        "list": _list,
        "add-group": _add_group,
        "add": _add,
        "rename": _rename,
        "merge": _merge,
        "delete": _delete,
    }
    with opened_library(args.folder) as opened:
        actions[args.action](args, opened.library)
    return 0


def _list(args: argparse.Namespace, library: Library) -> None:
    wanted = _group(library, args.group).num if args.group else None
    lines = [
        line
        for line in read_groups(library)
        if (args.all or line.group.adopted) and wanted in (None, line.group.num)
    ]
    rows = [_described(library, line, args.all) for line in lines]
    text = "\n".join(_told(row) for row in rows)
    emit({"groups": rows}, args.json, text or "No groups yet: tagger labels add-group makes one.")


def _described(library: Library, line: GroupLine, everything: bool) -> dict[str, object]:
    schema = library.facts.schema
    group = line.group
    return {
        "group": group.name,
        "kind": group.kind,
        "asked_of": None if group.gate not in schema.labels else schema.title(group.gate),
        "learned": group.learned,
        "reviewed": line.reviewed,
        "labels": [
            {
                "label": each.label.name,
                "parent": None
                if each.label.parent not in schema.labels
                else schema.title(each.label.parent),
                "synonyms": list(each.label.synonyms),
                "confirmed": each.confirmed,
                "rejected": each.rejected,
                "unsure": each.unsure,
                "offered_only": not each.label.adopted,
            }
            for each in line.labels
            if everything or each.label.adopted
        ],
    }


def _told(row: dict[str, object]) -> str:
    labels = row["labels"]
    assert isinstance(labels, list)
    number = "1 label" if len(labels) == 1 else f"{len(labels):,} labels"
    lines = [f"{row['group']}  ({row['kind']}, {number})"]
    width = max((len(each["label"]) for each in labels), default=0)
    for each in labels:
        offered = "  offered by the model" if each["offered_only"] else ""
        counts = f"{each['confirmed']:>6,} confirmed {each['rejected']:>6,} rejected"
        lines.append(f"  {each['label']:<{width}} {counts}{offered}")
    return "\n".join(lines)


def _add_group(args: argparse.Namespace, library: Library) -> None:
    group = new_group(library, args.name, args.kind, args.labels)
    emit(
        {"group": group.name, "kind": group.kind, "labels": args.labels},
        args.json,
        f"Made the group “{group.name}” ({group.kind}).",
    )


def _add(args: argparse.Namespace, library: Library) -> None:
    group = _group(library, args.group)
    parent = _titled(library, args.parent).num if args.parent else None
    returning = 0
    if args.split_from is not None:
        source = _label(library, group, args.split_from)
        returning = split_label(library, source.num, args.names, parent=parent)
    else:
        if not args.new:
            _must_not_ask(library, group, args.names)
        new_labels(library, group.num, args.names, parent)
    text = f"Added {listed_names(args.names)} to “{group.name}”."
    if returning:
        verb = "1 photo returns" if returning == 1 else f"{returning:,} photos return"
        text += f" {verb} to review."
    result = {"group": group.name, "labels": args.names, "returned_to_review": returning}
    emit(result, args.json, text)


def _must_not_ask(library: Library, group: Group, names: list[str]) -> None:
    """Refuse where photos of the new label may have another one now and nobody said so."""
    sources = split_sources(library, group.num)
    schema = library.facts.schema
    if not sources or all(schema.label_named(group.num, name) for name in names):
        return
    known = ", ".join(
        f"“{schema.labels[num].name}” ({photos:,})"
        for num, photos in sorted(sources, key=lambda each: -each[1])[:_NAMED]
    )
    more = f" and {len(sources) - _NAMED} more" if len(sources) > _NAMED else ""
    raise LabelsError(
        f"Of “{group.name}” a photo has one label only. Say --new if no photo that shows "
        f"{listed_names(names)} has another one now, or --split-from LABEL to have the photos of "
        f"that label asked about again: {known}{more}."
    )


def _rename(args: argparse.Namespace, library: Library) -> None:
    label = _label(library, _group(library, args.group), args.label)
    rename_label(library, label.num, args.name)
    result = {"label": label.name, "name": args.name}
    emit(result, args.json, f"“{label.name}” is called “{args.name.strip()}” now.")


def _merge(args: argparse.Namespace, library: Library) -> None:
    group = _group(library, args.group)
    label, into = _label(library, group, args.label), _label(library, group, args.into)
    merge_labels(library, label.num, into.num)
    result = {"label": label.name, "into": into.name}
    emit(result, args.json, f"“{label.name}” is part of “{into.name}” now.")


def _delete(args: argparse.Namespace, library: Library) -> None:
    label = _label(library, _group(library, args.group), args.label)
    gone = delete_label(library, label.num)
    decisions = "1 decision" if gone == 1 else f"{gone:,} decisions"
    result = {"label": label.name, "decisions": gone}
    emit(result, args.json, f"Deleted “{label.name}” with {decisions}; tagger undo takes it back.")


def _group(library: Library, name: str) -> Group:
    found = library.facts.schema.group_named(name)
    if found is None:
        known = listed_names([g.name for g in library.facts.schema.groups.values()], _NAMED)
        raise LabelsError(
            f"There is no group “{name}”. "
            + (f"There are {known}." if known else "tagger labels add-group makes one.")
        )
    return found


def _label(library: Library, group: Group, name: str) -> Label:
    found = library.facts.schema.label_named(group.num, name)
    if found is None:
        raise LabelsError(
            f"There is no label “{name}” in “{group.name}”. "
            "tagger labels list FOLDER --all names them."
        )
    return found


def _titled(library: Library, title: str) -> Label:
    """Find a label by `group/name`."""
    group, slash, name = title.partition("/")
    if not slash:
        raise LabelsError(f"Write the parent as GROUP/LABEL, such as tags/{title}.")
    return _label(library, _group(library, group), name)
