"""What is left of a finished training: weights, card and results, in its folder and in MLflow."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from dlexplain.runs import paths
from dlexplain.runs.checkpoints import remove, write_whole
from dlexplain.runs.reporting import Reporter
from dlexplain.runs.rows import RunRow
from dlexplain.runs.saved import steps_in
from dlexplain.runs.store import Point


@dataclass(frozen=True, eq=False)
class Outcome:
    """A trained network, on what data it was trained, how well it does, and how that was found.

    state  the weights that are kept, by name; parameters counts all
    files  texts that the model needs beside its weights, such as a tokeniser's JSON, by file name
    """

    state: Mapping[str, Tensor]
    parameters: int
    facts: Mapping[str, Any]
    files: Mapping[str, str]
    metrics: Mapping[str, float]
    arrays: Mapping[str, NDArray[Any]]
    precision: str
    seconds: float
    environment: Mapping[str, str]


def save_outcome(home: Path, reporter: Reporter, outcome: Outcome) -> None:
    """Weights, results and card, each written whole, the card last; raises OSError."""
    row = reporter.row
    write_whole(paths.weights_file(home, row.id), save(dict(outcome.state)))
    packed = io.BytesIO()
    np.savez_compressed(packed, **outcome.arrays)  # type: ignore[arg-type]
    write_whole(paths.results_file(home, row.id), packed.getvalue())
    card = {
        **save_facts(home, row, outcome.facts, outcome.files),
        "metrics": outcome.metrics,
        "parameters": outcome.parameters,
        "precision": outcome.precision,
        "training_seconds": outcome.seconds,
        "environment": dict(outcome.environment),
    }
    write_whole(paths.card_file(home, row.id), json.dumps(card, indent=1).encode())


def save_facts(
    home: Path, row: RunRow, facts: Mapping[str, Any], files: Mapping[str, str]
) -> dict[str, Any]:
    """Write the card's first part, and what the model needs beside its weights; return that part.

    A checkpoint of a run that has not finished is a model by these.
    """
    for name, text in files.items():
        write_whole(paths.kept_file(home, row.id, name), text.encode())
    first = {"run": row.id, "spec": row.spec.to_dict(), "facts": facts, "files": list(files)}
    write_whole(paths.facts_in(paths.run_folder(home, row.id)), json.dumps(first).encode())
    return first


def record_files(home: Path, reporter: Reporter) -> None:
    """Copy the run's files to MLflow; of the checkpoints, which are large, the best and the last.

    The run's folder has them all, so a server that is away, or a full disk, is a note.
    """
    run = reporter.row.id
    files = [(paths.weights_file(home, run), ""), (paths.card_file(home, run), "")]
    files.append((paths.results_file(home, run), ""))
    card = json.loads(paths.card_file(home, run).read_text())
    files += [(paths.kept_file(home, run, name), "") for name in card["files"]]
    folder = paths.checkpoint_folder(home, run)
    for kind in ("best", "latest"):
        found = sorted(folder.glob(f"{kind}-*.ckpt"), key=steps_in)
        files += [(file, "checkpoints") for file in found[-1:]]
    pictures = paths.pictures_folder(home, run).glob("*/*.png")
    files += [(file, f"pictures/{file.parent.name}") for file in pictures]
    try:
        if not reporter.flush():
            raise ConnectionError("it does not answer")
        for file, place in files:
            reporter.tracking.artifact(reporter.row.tracking, file, place)
    except Exception as error:  # a server raises many kinds
        reporter.note(f"MLflow did not take the run's files, which are in its folder: {error}")


def keep_only_best(folder: Path, best: Path) -> None:
    """Remove earlier best checkpoints that a full disk had made worth keeping."""
    if best.exists():
        for file in folder.glob("best-*.ckpt"):
            if file.name != best.name:
                remove(file)


def write_unsent(home: Path, run: str, points: Sequence[Point]) -> None:
    """Keep metrics that MLflow could not be told, for the next spell or by hand."""
    file = paths.unsent_file(home, run)
    if points:
        write_whole(file, json.dumps([asdict(point) for point in points]).encode())
    else:
        file.unlink(missing_ok=True)


def read_unsent(home: Path, run: str) -> list[Point]:
    file = paths.unsent_file(home, run)
    return [Point(**values) for values in json.loads(file.read_text())] if file.exists() else []
