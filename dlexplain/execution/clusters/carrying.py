"""Files to a node and back: whole or not at all, by name, size and SHA-256."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from dlexplain.execution import paths
from dlexplain.execution.clusters.node import GROWING, OWN, PIECE, Listed, inside
from dlexplain.execution.environment import git_state
from dlexplain.execution.files import write_whole
from dlexplain.execution.rows import RunRow

CARD, FACTS, ENVIRONMENT = "card.json", "facts.json", "environment.json"
"""Files in which a node says what is otherwise here."""
DIGEST = ".sha256"
TRIES = 3


class Place(Protocol):
    """What is asked of a run on a node: see NodeRun."""

    def has(self, path: str) -> bool: ...
    def put(self, name: str, start: int, piece: bytes) -> str: ...
    def read(self, name: str, start: int) -> bytes: ...
    def digest(self, name: str) -> str: ...


class Puller:
    """Brings back what is new of one attempt on a node.

    came  is told of each file that has come, and of each that went
    """

    def __init__(self, home: Path, row: RunRow, place: Place, came: Callable[[Path], None]) -> None:
        self.folder = paths.run_folder(home, row.id)
        self.row, self.place, self.came = row, place, came
        self._have: Listed = {}
        self._grown: dict[str, int] = {}

    def pull(self, there: Listed) -> None:
        """Raises OSError where the disk here is full; what has come until then is kept."""
        for name, about in sorted(there.items(), key=_order):
            if GROWING.fullmatch(name):
                self._grow(name, about[0])
            elif name not in OWN and self._have.get(name) != about and self._fetch(name):
                self._have[name] = about
        self._drop(there)

    def _grow(self, name: str, size: int) -> None:
        """Add the whole lines that are new."""
        file, before = inside(self.folder, name), self._grown.get(name, 0)
        now = before
        while now < size:
            piece = self.place.read(name, now)
            whole = piece[: piece.rfind(b"\n") + 1]
            if not whole:
                break
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("ab") as opened:
                opened.write(whole)
            now = self._grown[name] = now + len(whole)
        if now > before:
            self.came(file)

    def _fetch(self, name: str) -> bool:
        """Whether the file came whole; one that changes meanwhile is tried again."""
        for _ in range(TRIES):
            content = b"".join(self._pieces(name))
            digest = self.place.digest(name)
            if not digest:
                return False
            if hashlib.sha256(content).hexdigest() == digest:
                self._write(name, content)
                return True
        return False

    def _pieces(self, name: str) -> Iterator[bytes]:
        start = 0
        while piece := self.place.read(name, start):
            yield piece
            start += len(piece)
            if len(piece) < PIECE:
                return

    def _write(self, name: str, content: bytes) -> None:
        file = inside(self.folder, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, self._as_here(name, content))
        self.came(file)

    def _as_here(self, name: str, content: bytes) -> bytes:
        """With the run's own spec, where a node has paths of its own; and the commit of the code,
        which is no checkout on the node."""
        if name not in (CARD, FACTS, ENVIRONMENT):
            return content
        told = json.loads(content)
        commit = git_state(Path(__file__).parent)
        if name == ENVIRONMENT:
            told |= {f"dlexplain.{key}": value for key, value in commit.items()}
        else:
            told["spec"] = self.row.spec.to_dict()
        if "environment" in told:
            told["environment"] |= commit
        return json.dumps(told, indent=1 if name == CARD else None).encode()

    def _drop(self, there: Listed) -> None:
        """Checkpoints that the worker has removed, as soon as a newer one is here."""
        folder = paths.checkpoint_folder(self.folder.parent.parent, self.row.id)
        newest = [name in self._have for name in there if _saves(name)]
        if not folder.is_dir() or not newest or not all(newest):
            return
        for file in folder.iterdir():
            name = file.relative_to(self.folder).as_posix()
            if _saves(name.removesuffix(DIGEST)) and name not in there:
                file.unlink(missing_ok=True)
                self._have.pop(name, None)
                self.came(file)


def _saves(name: str) -> bool:
    return name.startswith("checkpoints/") and name.endswith(".ckpt")


def _order(entry: tuple[str, tuple[int, int]]) -> tuple[bool, bool, bool, int]:
    """Lines first and the card last, as a worker writes it; of checkpoints the digest before, the
    oldest first."""
    name, (_, changed) = entry
    return name == CARD, not GROWING.fullmatch(name), not name.endswith(DIGEST), changed


def send(place: Place, file: Path, name: str) -> str:
    """Send a file to a node's home folder under a name; returns its path there."""
    start, path = 0, ""
    with file.open("rb") as opened:
        while (piece := opened.read(PIECE)) or not start:
            path = place.put(name, start, piece)
            start += len(piece) or 1
    return path


def send_checkpoints(place: Place, home: Path, run: str) -> int:
    """What the run goes on from, and what it chose when it began; returns how many files."""
    folder = paths.run_folder(home, run)
    files = sorted(paths.checkpoint_folder(home, run).glob("*.ckpt"))
    wanted = [paths.chosen_file(home, run)]
    for file in files:
        wanted += [paths.digest_file(file), file]
    there = [file for file in wanted if file.is_file()]
    for file in there:
        send(place, file, f"runs/{run}/{file.relative_to(folder).as_posix()}")
    return len(there)


def send_run(place: Place, home: Path, run: str) -> None:
    """A finished run, for one that begins with its weights or learns from it."""
    folder = paths.run_folder(home, run)
    card = json.loads(paths.card_file(home, run).read_text())
    kept = [paths.kept_file(home, run, name) for name in card["files"]]
    for file in (
        paths.weights_file(home, run),
        paths.facts_in(folder),
        *kept,
        paths.card_in(folder),
    ):
        if file.is_file():
            send(place, file, f"runs/{run}/{file.name}")
    send(place, paths.row_file(home, run), f"runs/{run}.json")


def texts_of(told: Mapping[str, Any]) -> set[str]:
    """Every text that a spec says anywhere."""
    found: set[str] = set()
    for value in told.values():
        if isinstance(value, Mapping):
            found |= texts_of(value)
        elif isinstance(value, str):
            found.add(value)
    return found
