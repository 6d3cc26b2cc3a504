"""Every model that can explain a picture: registered ones, the zoo's and finished runs.

No torch here. A page reads the list at each of its runs, so that a run that has just finished is
there at once: it costs one look into the states file.
"""

from dataclasses import dataclass
from typing import Literal

from dlexplain.errors import UnknownName, nearest
from dlexplain.execution.paths import states_file
from dlexplain.execution.states import RunRow, States
from dlexplain.results.certainty import scored
from dlexplain.services.pictures.cards import TASK
from dlexplain.services.trained.models import Trained, finished_runs, readable_zoo, test_score
from dlexplain.settings import settings

DEFAULT_MODEL = "efficientnet-lite0"


@dataclass(frozen=True)
class ModelEntry:
    """A model's facts, for pickers and listings.

    name    what load_model takes; a run's is its id
    title   for people, "cnn on digits, 96.1% [93.5–97.7%], n = 359 (run 1a2b3c4d)"
    labels  which classes it tells apart: the list's name, or the data set's
    """

    name: str
    title: str
    source: Literal["registered", "zoo", "run"]
    task: str
    labels: str


# Said here once more, since importing a model imports torch; a test compares it with MODELS.
REGISTERED = (
    ModelEntry("efficientnet-lite0", "EfficientNet-Lite0", "registered", TASK, "imagenet-1k"),
)


def model_entries() -> tuple[ModelEntry, ...]:
    """Registered models, the zoo's, then finished runs, the latest first."""
    zoo = [_zoo_entry(model) for model in readable_zoo(TASK)]
    runs = [run_entry(row) for row in finished_runs(TASK)]
    return (*REGISTERED, *zoo, *runs)


def model_entry(name: str) -> ModelEntry:
    """The entry of this name; raises UnknownName, which says what is known."""
    for entry in model_entries():
        if entry.name == name:
            return entry
    raise unknown_model(name)


def model_names() -> tuple[str, ...]:
    """The names that `load_model` knows."""
    return tuple(entry.name for entry in model_entries())


def run_entry(row: RunRow) -> ModelEntry:
    """A run's entry, under the name that it has now."""
    title = f"{row.name}{_told(test_score(row, 'test/accuracy'))} (run {row.id})"
    return ModelEntry(row.id, title, "run", TASK, row.spec.data)


def _zoo_entry(model: Trained) -> ModelEntry:
    title = f"{model.name}{_told(model.score)} (zoo)"
    return ModelEntry(model.name, title, "zoo", TASK, model.spec.data)


def unknown_model(name: str) -> UnknownName:
    """The error that says what is known, or why a run of this id is no model yet."""
    file = states_file(settings().home)
    for row in States(file).all() if file.exists() else []:
        if row.id == name:
            what = f"a run of {row.spec.task}" if row.spec.task != TASK else f"{row.state}"
            return UnknownName(
                f'the run "{name}" is {what}; finished runs of {TASK} are models of pictures'
            )
    known = [entry.name for entry in model_entries() if entry.source != "run"]
    latest = ", ".join(row.id for row in finished_runs(TASK)[:5])
    runs = f", and the finished runs, the latest: {latest}" if latest else ""
    return UnknownName(f'unknown model "{name}"; known: {", ".join(known)}{runs}'
                       f"{nearest(name, known)}")  # fmt: skip


def _told(score: tuple[float, int] | None) -> str:
    """Accuracy and n, as it follows a name."""
    return "" if score is None else f", {scored('accuracy', *score)}"
