"""Every model that classifies texts: the zoo's and finished runs. No torch here."""

from collections.abc import Sequence
from dataclasses import dataclass

from dlexplain.errors import UnknownName, known_names
from dlexplain.services.trained.models import (
    Trained,
    find_model,
    finished_runs,
    readable_zoo,
    trained_run,
)

TASK = "classify-text"
OWN = "your own"
FIRST = "sst2-minilm"


@dataclass(frozen=True)
class TextEntry:
    """A model's facts, for pickers; `data` names what it was trained on."""

    name: str
    title: str
    data: str


def text_entries(own: Sequence[str] = ()) -> tuple[TextEntry, ...]:
    """Of `text_models`, and of the user's own, by folder or name on the hub.

    Runs whose files are damaged are left out; loading tells who asks for them.
    """
    known = [
        TextEntry(model.name, model.title, model.spec.data)
        for model in text_models()
        if not model.damage
    ]
    return (*known, *(TextEntry(name, f"{name} ({OWN})", OWN) for name in own))


def text_models() -> tuple[Trained, ...]:
    """The zoo's, the best first, then finished runs, the latest first."""
    zoo = sorted(readable_zoo(TASK), key=lambda model: (model.name != FIRST, model.name))
    return (*zoo, *(trained_run(row) for row in finished_runs(TASK)))


def find_text_model(name: str) -> Trained:
    """Raises UnknownName, which says what is known, or WeightsError of a damaged one."""
    if (model := find_model(name, TASK)) is not None:
        return model
    known = known_names(name, (model.name for model in text_models()))
    raise UnknownName(f'unknown text model "{name}"; {known}')
