"""The tables of catalog.sqlite, format 1."""

FORMAT_VERSION = 1

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE root (num INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, path BLOB NOT NULL);
CREATE TABLE photo (
    slot INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, root INTEGER NOT NULL, path BLOB NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, fingerprint BLOB NOT NULL,
    part TEXT, split TEXT, taken REAL, camera TEXT, width INTEGER, height INTEGER,
    missing INTEGER NOT NULL DEFAULT 0, added TEXT NOT NULL
);
CREATE INDEX photo_path ON photo (root, path);
CREATE INDEX photo_fingerprint ON photo (fingerprint);
CREATE TABLE grp (
    num INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    gate INTEGER, position INTEGER NOT NULL, adopted INTEGER NOT NULL, learned INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE label (
    num INTEGER PRIMARY KEY, id TEXT NOT NULL, grp INTEGER NOT NULL, name TEXT NOT NULL,
    parent INTEGER, synonyms TEXT NOT NULL, position INTEGER NOT NULL, adopted INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0, redirect TEXT
);
CREATE TABLE decision (
    photo INTEGER NOT NULL, label INTEGER NOT NULL, verdict INTEGER NOT NULL, source TEXT NOT NULL,
    author TEXT NOT NULL, time TEXT NOT NULL, bundle TEXT, score REAL,
    PRIMARY KEY (photo, label)
) WITHOUT ROWID;
CREATE INDEX decision_label ON decision (label);
CREATE TABLE label_set (num INTEGER PRIMARY KEY, grp INTEGER NOT NULL, labels TEXT NOT NULL,
    UNIQUE (grp, labels));
CREATE TABLE reviewed (
    photo INTEGER NOT NULL, grp INTEGER NOT NULL, label_set INTEGER NOT NULL, source TEXT NOT NULL,
    author TEXT NOT NULL, time TEXT NOT NULL, PRIMARY KEY (photo, grp)
) WITHOUT ROWID;
CREATE TABLE seen (photo INTEGER PRIMARY KEY, time TEXT NOT NULL);
CREATE TABLE act (
    num INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, description TEXT NOT NULL,
    time TEXT NOT NULL, author TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL
);
CREATE TABLE change (
    act INTEGER NOT NULL, kind TEXT NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL,
    before TEXT, after TEXT, PRIMARY KEY (act, kind, a, b)
) WITHOUT ROWID;
CREATE INDEX change_key ON change (kind, a, b, act);
CREATE TABLE threshold (
    bundle TEXT NOT NULL, label INTEGER NOT NULL, logit REAL NOT NULL, PRIMARY KEY (bundle, label)
) WITHOUT ROWID;
CREATE TABLE group_shift (grp INTEGER PRIMARY KEY, shift REAL NOT NULL);
CREATE TABLE mapping (
    bundle TEXT NOT NULL, bundle_label TEXT NOT NULL, label INTEGER NOT NULL,
    PRIMARY KEY (bundle, bundle_label)
) WITHOUT ROWID;
CREATE TABLE keywords (photo INTEGER PRIMARY KEY, subjects TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE imported (source TEXT NOT NULL, hash TEXT NOT NULL, act INTEGER NOT NULL,
    PRIMARY KEY (source, hash)) WITHOUT ROWID;
CREATE TABLE search (name TEXT PRIMARY KEY, query TEXT NOT NULL) WITHOUT ROWID;
"""
