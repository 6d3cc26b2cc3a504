"""The tables of the states file."""

AUDIT = """
CREATE TABLE IF NOT EXISTS audit (
    at REAL NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
);
"""
SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT UNIQUE NOT NULL,
    name TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '',
    spec TEXT NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT '',
    device TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    spent REAL NOT NULL DEFAULT 0,
    pid INTEGER,
    born REAL,
    host TEXT NOT NULL DEFAULT '',
    beat REAL,
    wish TEXT NOT NULL DEFAULT '',
    tracking TEXT NOT NULL DEFAULT '',
    progress TEXT NOT NULL DEFAULT '{}',
    family TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    starred INTEGER NOT NULL DEFAULT 0,
    archived INTEGER NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT '',
    shared TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS by_state ON runs (state);
CREATE TABLE IF NOT EXISTS changes (
    run TEXT NOT NULL,
    at REAL NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_run ON changes (run);
"""
    + AUDIT
)
COLUMNS = (
    "number", "id", "name", "tags", "spec", "state", "why", "device", "created", "started", "ended",
    "spent", "pid", "born", "host", "beat", "wish", "tracking", "progress", "family", "note",
    "starred", "archived", "owner", "shared",
)  # fmt: skip
ADDED = {"family": "", "note": "", "starred": 0, "archived": 0, "owner": "", "shared": ""}
"""Columns that files and copies of older versions do not have, and what they hold there."""
