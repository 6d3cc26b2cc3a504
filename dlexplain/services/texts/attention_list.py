"""Text models whose attention can be seen. No torch here."""

from collections.abc import Sequence

from dlexplain.errors import UnknownName, WeightsError, known_names
from dlexplain.services.texts.hugging_face import is_own_model
from dlexplain.services.texts.model_list import OWN, TextEntry, text_models
from dlexplain.services.trained.models import Trained

ATTENDING = ("minilm", "text-transformer", "lstm-attention")
"""Said here once more, since asking a network imports torch; a test compares it with them."""


def attending_entries(own: Sequence[str] = ()) -> tuple[TextEntry, ...]:
    """In the order of `text_models`; then the user's own, of which only loading can tell."""
    known = [model for model in text_models() if _attends(model)]
    entries = [TextEntry(model.name, model.title, model.spec.data) for model in known]
    return (*entries, *(TextEntry(name, f"{name} ({OWN})", OWN) for name in own))


def attending_name(name: str) -> str:
    """The name where it is of such a model, or of the user's own; raises UnknownName."""
    names = [entry.name for entry in attending_entries()]
    if name in names or is_own_model(name):
        return name
    known = known_names(name, names)
    raise UnknownName(f'no model with attention is called "{name}"; {known}')


def _attends(model: Trained) -> bool:
    try:
        return model.spec.model in ATTENDING
    except WeightsError:  # `zoo` tells who looks for it
        return False
