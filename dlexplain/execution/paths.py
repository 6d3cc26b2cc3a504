"""The only place that knows file names inside the home folder."""

from pathlib import Path
from urllib.parse import quote

from dlexplain.server_files import HUB


def chunk_file(home: Path) -> Path:
    """The measured chunk sizes of explainers.batching.BatchSizes."""
    return home / "chunks.json"


def data_folder(home: Path) -> Path:
    """Downloaded and decoded data sets."""
    return home / "data"


def hub_folder(home: Path) -> Path:
    """Models that were fetched from the Hugging Face hub."""
    return home / HUB


def folders_folder(home: Path) -> Path:
    """Answers about folders of pictures, by question."""
    return home / "folders"


def trust_folder(home: Path) -> Path:
    """Answers of tables of trust, by question."""
    return home / "trust"


def robustness_folder(home: Path) -> Path:
    """Answers of how robust models are, by question."""
    return home / "robustness"


def comparisons_folder(home: Path) -> Path:
    """Answers of comparisons of models, by question."""
    return home / "comparisons"


def reports_folder(home: Path) -> Path:
    """Reports that are kept."""
    return home / "reports"


def report_folder(home: Path, report: str) -> Path:
    """Everything of one of them."""
    return reports_folder(home) / report


def report_in(folder: Path) -> Path:
    """The report itself."""
    return folder / "report.json"


def report_entry(folder: Path) -> Path:
    """What a list says of it."""
    return folder / "entry.json"


def calibration_in(folder: Path) -> Path:
    """Calibration of a classifier: of a zoo model beside its card."""
    return folder / "calibration.json"


def outside_in(folder: Path) -> Path:
    """Its scores out of distribution, likewise."""
    return folder / "out_of_distribution.json"


def smoothing_in(folder: Path) -> Path:
    """Its certified accuracy under randomised smoothing, likewise; of a job beside its answers."""
    return folder / "smoothing.json"


def reliability_folder(home: Path, model: str) -> Path:
    """The same files of a model, measured here."""
    return home / "reliability" / quote(model, safe="")


def smoothing_folder(home: Path) -> Path:
    """Answers of randomised smoothing, by question."""
    return home / "smoothing"


def compression_folder(home: Path) -> Path:
    """Answers of what compressed models cost, by question."""
    return home / "compression"


def compression_in(folder: Path) -> Path:
    """What compressed versions of a model cost: of a zoo model beside its card, of a job beside its
    answers."""
    return folder / "compression.json"


def exports_folder(home: Path) -> Path:
    """Models that were exported from the page."""
    return home / "exports"


def exports_file(home: Path) -> Path:
    """What was exported where, a JSON object a line."""
    return home / "exports.jsonl"


def states_file(home: Path) -> Path:
    """The SQLite file with every run's spec and state changes, where PostgreSQL does not have them;
    that of the settings' home folder stands for either."""
    return home / "runs.sqlite"


def audit_file(home: Path) -> Path:
    """A copy of the states file's audit log, a JSON object a line."""
    return home / "audit.jsonl"


def moved_file(home: Path) -> Path:
    """There since a server's database has all that the states file knew: what that says is old."""
    return home / "runs.moved"


def remade_file(home: Path) -> Path:
    """When and why the states file was last made anew: JSON."""
    return home / "remade.json"


def keeper_file(home: Path) -> Path:
    """Why the dashboard's last look after the queue failed: JSON; absent where it did not."""
    return home / "keeper.json"


def states_lock(home: Path) -> Path:
    """Held while the states file is made, or made anew."""
    return home / "runs.lock"


def tracking_file(home: Path) -> Path:
    """MLflow's SQLite file."""
    return home / "mlflow.sqlite"


def sqlite_uri(file: Path) -> str:
    """The address of a SQLite file for SQLAlchemy, and so for MLflow, whatever its name has in it.

    SQLAlchemy takes "?" for the end of the path and decodes "%41", so such characters are quoted.
    A quoted path names its driver: MLflow would else make the folder of the path as it is quoted.
    """
    path = file.absolute().as_posix()
    quoted = quote(path, safe="/:")
    return f"sqlite:///{path}" if quoted == path else f"sqlite+pysqlite:///{quoted}"


def artifacts_folder(home: Path) -> Path:
    """MLflow's artifacts of runs in the embedded store."""
    return home / "artifacts"


def run_folder(home: Path, run: str) -> Path:
    """Everything of one run that is not in a database."""
    return home / "runs" / run


def log_file(home: Path, run: str) -> Path:
    return run_folder(home, run) / "log.txt"


def worker_log_file(home: Path, run: str, rank: int) -> Path:
    """What another worker than the first wrote, of a run that several train."""
    return run_folder(home, run) / f"log-{rank + 1}.txt"


def node_file(home: Path) -> Path:
    """On a cluster's node: the address by which others reach it, JSON."""
    return home / "node.json"


def crew_file(home: Path) -> Path:
    """On the first worker's node: whom it wants of other nodes, JSON: see execution.others."""
    return home / "crew.json"


def crew_ends_file(home: Path) -> Path:
    """There: how those are, JSON."""
    return home / "crew-ends.json"


def checkpoint_folder(home: Path, run: str) -> Path:
    return run_folder(home, run) / "checkpoints"


def epochs_in(folder: Path) -> Path:
    """Weights that a run keeps on its way, in its folder."""
    return folder / "weights"


def weights_after(folder: Path, epoch: int) -> Path:
    """Those after so many epochs, 0 before the first step: safetensors."""
    return epochs_in(folder) / f"{epoch:04d}.safetensors"


def is_on_the_way(weights: Path) -> bool:
    """Whether a file is one of these."""
    if len(weights.parents) < 2 or not weights.stem.isdecimal():
        return False
    folder = weights.parents[1]
    return weights == weights_after(folder, int(weights.stem)) and facts_in(folder).is_file()


def film_folder(home: Path) -> Path:
    """Films of explanations, by question."""
    return home / "films"


def zoo_folder() -> Path:
    """The trained models that come with dlexplain, a folder each."""
    return Path(__file__).parents[1] / "zoo"


def gallery_file() -> Path:
    """The explained examples of the front page; their pictures lie beside it."""
    return zoo_folder() / "_gallery" / "examples.json"


def weights_in(folder: Path) -> Path:
    """The trained weights, safetensors, in a run's or a zoo model's folder."""
    return folder / "model.safetensors"


def card_in(folder: Path) -> Path:
    """What was trained, on what, how well: JSON, written beside the weights."""
    return folder / "card.json"


def trust_in(folder: Path) -> Path:
    """A table of trust: of a zoo model beside its card, of a job beside its answers."""
    return folder / "trust.json"


def registered_trust(name: str) -> Path:
    """The same of a registered model, which has no folder of its own."""
    return zoo_folder() / "_registered" / f"{name}.trust.json"


def robustness_in(folder: Path) -> Path:
    """How robust a model is: of a zoo model beside its card, of a job beside its answers."""
    return folder / "robustness.json"


def registered_robustness(name: str) -> Path:
    """The same of a registered model."""
    return zoo_folder() / "_registered" / f"{name}.robustness.json"


def registered_defence(name: str) -> Path:
    """What a defence of a registered model was worth."""
    return zoo_folder() / "_registered" / f"{name}.defence.json"


def shipped_shortcut(reads: str) -> Path:
    """What methods find of a planted shortcut, of a model that reads such inputs."""
    return zoo_folder() / "_shortcuts" / f"{reads}.json"


def comparison_in(folder: Path) -> Path:
    """A comparison of two models, of a job beside its answers."""
    return folder / "comparison.json"


def shipped_comparisons() -> Path:
    """The folder of comparisons that come along."""
    return zoo_folder() / "_compared"


def shipped_comparison(first: str, second: str, method: str) -> Path:
    """The one of two models by a method."""
    return shipped_comparisons() / f"{first}--{second}--{method}.json"


def shipped_example(page: str) -> Path:
    """What a page shows until there is something of the user's own: "runs", "sweep", "report"."""
    return zoo_folder() / "_examples" / f"{page}.json"


def privacy_trade(data: str) -> Path:
    """Accuracy against epsilon on a data set, as it comes along."""
    return zoo_folder() / "_privacy" / f"{data}.json"


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


def environment_file(home: Path, run: str) -> Path:
    """The machine, versions and git commit of the run's last attempt: JSON."""
    return run_folder(home, run) / "environment.json"


def row_file(home: Path, run: str) -> Path:
    """What the states file has of a run, so that it can be made anew: JSON."""
    return home / "runs" / f"{run}.json"


def journal_file(home: Path, run: str) -> Path:
    """Every metric of a run, a JSON object a line: see execution.journal."""
    return run_folder(home, run) / "metrics.jsonl"


def ended_file(home: Path, run: str) -> Path:
    """How an attempt ended, written before the states file is told: JSON."""
    return run_folder(home, run) / "ended.json"


def norms_file(home: Path, run: str) -> Path:
    """Norms by layer at the ends of epochs, a JSON object a line: see execution.norms."""
    return run_folder(home, run) / "norms.jsonl"


def told_file(home: Path, run: str) -> Path:
    """What MLflow has of a run: JSON, see execution.delivery."""
    return run_folder(home, run) / "told.json"


def untold_folder(home: Path) -> Path:
    """An empty file for each run of which MLflow does not have everything, named by the run."""
    return home / "untold"


def tracker_file(home: Path) -> Path:
    """How MLflow answered last: JSON."""
    return home / "tracker.json"


def delivery_lock(home: Path) -> Path:
    """Held by the process that tells MLflow."""
    return home / "delivery.lock"


def delivery_log(home: Path) -> Path:
    return home / "delivery.txt"


def alerts_folder(home: Path) -> Path:
    """What a webhook is still to be told, a JSON file a run."""
    return home / "alerts"


def alerts_file(home: Path) -> Path:
    """Why a webhook was not told last: JSON; absent where it was."""
    return home / "alerts.json"


def alerts_lock(home: Path) -> Path:
    """Held by the process that tells the webhook."""
    return home / "alerts.lock"


def alerts_log(home: Path) -> Path:
    return home / "alerts.txt"


def tracking_lock(home: Path) -> Path:
    """Held while MLflow's SQLite file is made or brought up to date."""
    return home / "mlflow.lock"


def sweeps_folder(home: Path) -> Path:
    """Sweeps, a folder each, named by its id."""
    return home / "sweeps"


def sweep_folder(home: Path, sweep: str) -> Path:
    return sweeps_folder(home) / sweep


def sweep_spec_file(home: Path, sweep: str) -> Path:
    """What a sweep was told: JSON."""
    return sweep_folder(home, sweep) / "spec.json"


def sweep_budget_file(home: Path, sweep: str) -> Path:
    """How many trials and minutes it may take, which people may extend: JSON."""
    return sweep_folder(home, sweep) / "budget.json"


def sweep_state_file(home: Path, sweep: str) -> Path:
    """Its state, and its controller's process and last sign of life: JSON."""
    return sweep_folder(home, sweep) / "state.json"


def sweep_trials_file(home: Path, sweep: str) -> Path:
    """What pages show of its trials, written anew from Optuna's store when that changes: JSON."""
    return sweep_folder(home, sweep) / "trials.json"


def sweep_database(home: Path, sweep: str) -> Path:
    """Optuna's store of its trials, where no server is set."""
    return sweep_folder(home, sweep) / "optuna.sqlite3"


def sweep_stop_file(home: Path, sweep: str) -> Path:
    """There while somebody wishes that it stops."""
    return sweep_folder(home, sweep) / "stop"


def sweep_lock(home: Path, sweep: str) -> Path:
    """Held by its controller."""
    return sweep_folder(home, sweep) / "controller.lock"


def sweep_log(home: Path, sweep: str) -> Path:
    return sweep_folder(home, sweep) / "log.txt"
