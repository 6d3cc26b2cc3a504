"""Every forecaster that there is, for pickers: the zoo's, then finished runs; no torch here."""

from dataclasses import dataclass

from dlexplain.errors import UnknownName, known_names
from dlexplain.services.trained.models import (
    Trained,
    find_model,
    finished_runs,
    readable_zoo,
    trained_run,
)

TASK = "forecast"
FIRST = "macrodata-lstm"
"""Shown first where the zoo has it: its data come with a package, so that it works offline."""


@dataclass(frozen=True)
class ForecasterEntry:
    """A forecaster's facts.

    name   what load_forecaster takes; a run's is its id
    title  for people, such as "fred-gru (zoo)"
    data   what it was trained on
    """

    name: str
    title: str
    source: str
    data: str


def forecaster_entries() -> tuple[ForecasterEntry, ...]:
    """The zoo's, the first one first, then finished runs, the latest first.

    Those whose card is damaged are left out; loading tells who asks for them.
    """
    return tuple(
        ForecasterEntry(model.name, model.title, model.source, model.spec.data)
        for model in forecasters()
        if not model.damage
    )


def forecasters() -> tuple[Trained, ...]:
    """The same, as they lie on disk, damaged runs too."""
    zoo = sorted(readable_zoo(TASK), key=lambda model: (model.name != FIRST, model.name))
    return (*zoo, *(trained_run(row) for row in finished_runs(TASK)))


def find_forecaster(name: str = "") -> Trained:
    """By name, or the first; raises UnknownName, which says what is known, or WeightsError of a
    damaged one."""
    models = forecasters()
    if name and (model := find_model(name, TASK)) is not None:
        return model
    if models and not name:
        return models[0]
    if not models:
        raise UnknownName("there is no forecaster yet; train one on the page Launch")
    known = known_names(name, (model.name for model in models))
    raise UnknownName(f'unknown forecaster "{name}"; {known}')
