"""The catalog's decisions, reviews and schema in memory, as the arrays of `tagger.core`."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from tagger.core.decisions import BY_PERSON, verdict_codes
from tagger.core.schema import Group, Label, Schema
from tagger.core.states import Facts
from tagger.library.acts import Change
from tagger.library.catalog import Catalog


def load_schema(catalog: Catalog, everything: bool = False) -> Schema:
    """Read the adopted groups and labels, and those that the active bundle offers.

    `everything` reads also what only earlier bundles offered.
    """
    active = catalog.meta("active_bundle") or ""
    groups = [
        Group(num, gid, name, kind, gate, position, bool(adopted), bool(learned))
        for num, gid, name, kind, gate, position, adopted, learned in catalog.rows(
            "SELECT num, id, name, kind, gate, position, adopted, learned FROM grp "
            "WHERE NOT deleted AND (? OR adopted OR num IN (SELECT grp FROM label JOIN mapping "
            "ON label = num WHERE bundle = ?))",
            (everything, active),
        )
    ]
    labels = [
        Label(num, lid, grp, name, parent, _synonyms(synonyms), position, bool(adopted))
        for num, lid, grp, name, parent, synonyms, position, adopted in catalog.rows(
            "SELECT num, id, grp, name, parent, synonyms, position, adopted FROM label "
            "WHERE NOT deleted AND (? OR adopted OR num IN (SELECT label FROM mapping "
            "WHERE bundle = ?))",
            (everything, active),
        )
    ]
    redirects = dict(
        catalog.rows("SELECT id, redirect FROM label WHERE deleted AND redirect IS NOT NULL")
    )
    return Schema(groups, labels, redirects)


def _synonyms(stored: str) -> tuple[str, ...]:
    return () if stored == "[]" else tuple(json.loads(stored))


def load_facts(catalog: Catalog) -> Facts:
    """Read everything that states are derived from, apart from scores and thresholds."""
    facts = Facts(schema=load_schema(catalog))
    facts.slots = (catalog.value("SELECT max(slot) FROM photo") or 0) + 1
    load_label_sets(catalog, facts)
    rows = list(catalog.rows("SELECT photo, label, verdict, source = 'person' FROM decision"))
    if rows:
        photos, labels, verdicts, person = np.array(rows, np.int64).T
        codes = np.where(person, verdict_codes(verdicts, True), verdict_codes(verdicts, False))
        facts.decisions.set(photos, labels, codes)
    reviewed = np.array(
        list(catalog.rows("SELECT photo, grp, label_set FROM reviewed")), np.int64
    ).reshape(-1, 3)
    for group in np.unique(reviewed[:, 1]):
        mine = reviewed[reviewed[:, 1] == group]
        facts.reviews.set(int(group), mine[:, 0], mine[:, 2])
    return facts


def load_label_sets(catalog: Catalog, facts: Facts) -> None:
    """Read the label sets; labels merged since stand for what they were merged into."""
    moved = dict(
        catalog.rows(
            "SELECT old.num, new.num FROM label AS old JOIN label AS new ON new.id = old.redirect"
        )
    )
    facts.reviews.label_sets = {
        num: frozenset(_follow(label, moved) for label in json.loads(labels))
        for num, labels in catalog.rows("SELECT num, labels FROM label_set")
    }


def _follow(label: int, moved: dict[int, int]) -> int:
    for _ in range(len(moved)):
        if label not in moved:
            break
        label = moved[label]
    return label


def absorb(facts: Facts, catalog: Catalog, changes: Sequence[Change]) -> bool:
    """Bring the arrays in line with written changes; returns whether the schema changed."""
    decisions = [change for change in changes if change.kind == "decision"]
    if decisions:
        facts.decisions.set(
            np.array([c.a for c in decisions]),
            np.array([c.b for c in decisions]),
            np.array([decision_code(c) for c in decisions], np.int8),
        )
    reviewed: dict[int, list[Change]] = {}
    for change in changes:
        if change.kind == "reviewed":
            reviewed.setdefault(change.b, []).append(change)
    for group, rows in reviewed.items():
        facts.reviews.set(
            group,
            np.array([c.a for c in rows]),
            np.array([c.value[0] if c.value else 0 for c in rows]),
        )
    if not any(change.kind in ("group", "label") for change in changes):
        return False
    facts.schema = load_schema(catalog)
    load_label_sets(catalog, facts)
    return True


def decision_code(change: Change) -> int:
    """Return the array code of a decision row: 0 without one."""
    if change.value is None:
        return 0
    verdict, source = change.value[:2]
    return verdict | BY_PERSON if source == "person" else verdict
