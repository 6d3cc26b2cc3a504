"""The only place that knows file names inside the home folder."""

from pathlib import Path


def chunk_file(home: Path) -> Path:
    """The measured chunk sizes of explain.batching.ChunkBook."""
    return home / "chunks.json"


def data_folder(home: Path) -> Path:
    """Downloaded and decoded data sets."""
    return home / "data"


def states_file(home: Path) -> Path:
    """The SQLite file with every run's spec and state changes."""
    return home / "runs.sqlite"


def tracking_file(home: Path) -> Path:
    """MLflow's SQLite file."""
    return home / "mlflow.sqlite"


def artifacts_folder(home: Path) -> Path:
    """MLflow's artifacts of runs in the embedded store."""
    return home / "artifacts"


def run_folder(home: Path, run: str) -> Path:
    """Everything of one run that is not in a database."""
    return home / "runs" / run


def log_file(home: Path, run: str) -> Path:
    return run_folder(home, run) / "log.txt"


def checkpoint_folder(home: Path, run: str) -> Path:
    return run_folder(home, run) / "checkpoints"


def zoo_folder() -> Path:
    """The trained models that come with dlexplain, a folder each."""
    return Path(__file__).parents[1] / "zoo"


def weights_in(folder: Path) -> Path:
    """The trained weights, safetensors, in a run's or a zoo model's folder."""
    return folder / "model.safetensors"


def card_in(folder: Path) -> Path:
    """What was trained, on what, how well: JSON, written beside the weights."""
    return folder / "card.json"


def facts_in(folder: Path) -> Path:
    """The card's first part, written before the training: its checkpoints need it."""
    return folder / "facts.json"


def weights_file(home: Path, run: str) -> Path:
    return weights_in(run_folder(home, run))


def card_file(home: Path, run: str) -> Path:
    return card_in(run_folder(home, run))


def kept_file(home: Path, run: str, name: str) -> Path:
    """A text that the model needs beside its weights, such as "tokenizer.json"."""
    return run_folder(home, run) / name


def pictures_folder(home: Path, run: str) -> Path:
    """Pictures that a run logs, by kind and epoch."""
    return run_folder(home, run) / "pictures"


def results_file(home: Path, run: str) -> Path:
    """Arrays that the run's page draws, such as the confusion matrix: NPZ without pickles."""
    return run_folder(home, run) / "results.npz"


def digest_file(checkpoint: Path) -> Path:
    """The SHA-256 of a checkpoint, written beside it."""
    return checkpoint.with_name(checkpoint.name + ".sha256")


def chosen_file(home: Path, run: str) -> Path:
    """Precision and batch that were chosen by measuring: JSON, so that a resumed run keeps them."""
    return run_folder(home, run) / "chosen.json"


def unsent_file(home: Path, run: str) -> Path:
    """Metrics that MLflow could not be told: JSON."""
    return run_folder(home, run) / "unsent.json"


def tracking_lock(home: Path) -> Path:
    """Held while MLflow's SQLite file is made or brought up to date."""
    return home / "mlflow.lock"
