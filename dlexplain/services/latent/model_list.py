"""Every model that makes pictures, for pickers: the zoo's, then finished runs; no torch here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dlexplain.errors import UnknownName, known_names
from dlexplain.execution.states import RunRow
from dlexplain.params import Value
from dlexplain.services.trained.models import (
    Trained,
    find_model,
    finished_runs,
    readable_zoo,
    test_score,
)

Kind = Literal["autoencoder", "variational", "adversarial"]
TASKS: Mapping[str, Kind] = {
    "autoencode": "autoencoder",
    "vae": "variational",
    "gan": "adversarial",
}
FIRST = "mnist-vae"
"""Shown first where the zoo has it: it can do most."""
SCORES: Mapping[str, tuple[str, str]] = {
    "autoencode": ("test/error", "mean squared error {}"),
    "vae": ("test/elbo", "ELBO {} nats"),
    "gan": ("test/frechet_distance", "Fréchet distance {}"),
}
"""The metric of each task, and how it is told."""


@dataclass(frozen=True)
class LatentEntry:
    """A model that makes pictures.

    name   what load_latent_model takes; a run's is its id
    title  for people, such as "mnist-vae, ELBO −106 nats, n = 1,000 (zoo)"
    data, data_params  what it was trained on
    """

    name: str
    title: str
    kind: Kind
    data: str
    data_params: Mapping[str, Value]


def latent_entries() -> tuple[LatentEntry, ...]:
    """The zoo's, then finished runs, the latest first; those whose card is damaged are left out."""
    zoo = [_entry(model) for task in TASKS for model in readable_zoo(task)]
    runs = [row for row in finished_runs() if row.spec.task in TASKS]
    return (*zoo, *map(_run_entry, runs))


def default_latent_model() -> str:
    """The name of the model that is shown first; raises UnknownName where there is none."""
    names = [entry.name for entry in latent_entries()]
    if not names:
        raise UnknownName("there is no model that makes pictures yet; train one on the page Launch")
    return FIRST if FIRST in names else names[0]


def latent_entry(name: str) -> LatentEntry:
    """The entry of this name; raises UnknownName, which says what is known."""
    for entry in latent_entries():
        if entry.name == name:
            return entry
    raise _unknown(name)


def find_latent(name: str) -> Trained:
    """Where the model of this name lies; raises UnknownName, or WeightsError of a damaged one."""
    if (model := find_model(name, *TASKS)) is not None:
        return model
    raise _unknown(name)


def _unknown(name: str) -> UnknownName:
    known = known_names(name, (entry.name for entry in latent_entries()))
    return UnknownName(
        f'"{name}" is no autoencoder, variational autoencoder or GAN that is here; {known}'
    )


def _entry(model: Trained) -> LatentEntry:
    told = _told(model.spec.task, model.score)
    spec = model.spec
    title = f"{model.name}{told} (zoo)"
    return LatentEntry(model.name, title, TASKS[spec.task], spec.data, dict(spec.data_params))


def _run_entry(row: RunRow) -> LatentEntry:
    told = _told(row.spec.task, test_score(row, SCORES[row.spec.task][0]))
    title = f"{row.name}{told} (run {row.id})"
    spec = row.spec
    return LatentEntry(row.id, title, TASKS[spec.task], spec.data, dict(spec.data_params))


def _told(task: str, score: tuple[float, int] | None) -> str:
    """The task's score and n, as it follows a name."""
    if score is None:
        return ""
    value, n = score
    number = f"{value:.3g}".replace("-", "−")
    return ", " + SCORES[task][1].format(number) + (f", n = {n:,}" if n else "")
