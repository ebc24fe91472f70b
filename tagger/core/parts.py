"""The parts that the tagger draws where the user gives no split (DESIGN §4b.2 and 3)."""

TRAIN, HELD_OUT, AUDIT, ASIDE = "train", "held-out", "audit", "aside"

DRAWN_PARTS = frozenset({TRAIN, HELD_OUT, AUDIT, ASIDE})
