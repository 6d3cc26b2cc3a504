"""Text models whose attention can be seen. No torch here."""

from dlexplain.errors import UnknownName, WeightsError
from dlexplain.services.text_model_list import text_models
from dlexplain.services.trained import Trained

ATTENDING = ("minilm", "text-transformer", "lstm-attention")
"""Said here once more, since asking a network imports torch; a test compares it with them."""


def attending_models() -> tuple[Trained, ...]:
    """In the order of `text_models`."""
    return tuple(model for model in text_models() if _attends(model))


def attending_model(name: str) -> Trained:
    """Raises UnknownName, which says what is known."""
    models = attending_models()
    for model in models:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in models) or "none"
    raise UnknownName(f'no model with attention is called "{name}"; known: {known}')


def _attends(model: Trained) -> bool:
    try:
        return model.spec.model in ATTENDING
    except WeightsError:  # `zoo` tells who looks for it
        return False
