"""The only place that knows file names inside the home folder."""

from pathlib import Path


def chunk_file(home: Path) -> Path:
    """The measured chunk sizes of explain.batching.ChunkBook."""
    return home / "chunks.json"
