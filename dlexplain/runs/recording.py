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
from torch import nn

from dlexplain.runs import paths
from dlexplain.runs.checkpoints import remove, steps_in, write_whole
from dlexplain.runs.reporting import Reporter
from dlexplain.runs.store import Point


@dataclass(frozen=True, eq=False)
class Outcome:
    """A trained network, on what data it was trained, how well it does, and how that was found.

    files  texts that the model needs beside its weights, such as a tokeniser's JSON, by file name
    """

    network: nn.Module
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
    state = {k: t.detach().cpu().contiguous() for k, t in outcome.network.state_dict().items()}
    write_whole(paths.weights_file(home, row.id), save(state))
    packed = io.BytesIO()
    np.savez_compressed(packed, **outcome.arrays)  # type: ignore[arg-type]
    write_whole(paths.results_file(home, row.id), packed.getvalue())
    for name, text in outcome.files.items():
        write_whole(paths.kept_file(home, row.id, name), text.encode())
    card = {
        "run": row.id,
        "spec": row.spec.to_dict(),
        "facts": outcome.facts,
        "files": list(outcome.files),
        "metrics": outcome.metrics,
        "parameters": sum(p.numel() for p in outcome.network.parameters()),
        "precision": outcome.precision,
        "training_seconds": outcome.seconds,
        "environment": dict(outcome.environment),
    }
    write_whole(paths.card_file(home, row.id), json.dumps(card, indent=1).encode())


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
