"""What every version of the state store has: its columns, and how lines are added."""

COLUMNS = (
    "number", "id", "name", "tags", "spec", "state", "why", "device", "created", "started", "ended",
    "spent", "pid", "born", "host", "beat", "wish", "tracking", "progress", "family", "note",
    "starred", "archived", "owner", "shared",
)  # fmt: skip
ADDED = {"family": "", "note": "", "starred": 0, "archived": 0, "owner": "", "shared": ""}
"""Columns that files and copies of older versions do not have, and what they hold there."""
ADD_CHANGE = "INSERT INTO changes (run, at, state, who, why) VALUES (:run, :at, :state, :who, :why)"
ADD_AUDIT = (
    "INSERT INTO audit (at, who, what, target, detail) VALUES (:at, :who, :what, :target, :detail)"
)
ADD_RUN = (
    f"INSERT INTO runs ({', '.join(COLUMNS)}) VALUES ({', '.join(f':{name}' for name in COLUMNS)})"
)
