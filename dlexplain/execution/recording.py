"""What is left of a finished training in its folder: weights, card and results."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from dlexplain.execution import paths
from dlexplain.execution.checkpoints import remove
from dlexplain.execution.files import write_whole
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.rows import RunRow


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


def keep_only_best(folder: Path, best: Path) -> None:
    """Remove earlier best checkpoints that a full disk had made worth keeping."""
    if best.exists():
        for file in folder.glob("best-*.ckpt"):
            if file.name != best.name:
                remove(file)


def save_environment(home: Path, run: str, found: Mapping[str, str]) -> None:
    """Write down where the run is trained, for MLflow's tags; raises OSError."""
    tags = {f"dlexplain.{key}": value for key, value in found.items()}
    file = paths.environment_file(home, run)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(tags).encode())
