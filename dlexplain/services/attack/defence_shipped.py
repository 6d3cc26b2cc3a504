"""What a defence is worth, of models that such a result comes along with; no torch."""

from pathlib import Path

from dlexplain.errors import BadInput
from dlexplain.execution import paths
from dlexplain.networks.base import MODELS
from dlexplain.results.defences import DefenceResult
from dlexplain.services.shipped_results import first_of, put_in


def shipped(model: str) -> DefenceResult | None:
    """The result that comes with a model; None where none does, or where it is damaged."""
    return first_of(model, (paths.registered_defence(model),), DefenceResult.from_dict)


def ship(found: DefenceResult) -> Path:
    """Put a result where the model finds it. Raises BadInput of a model that is not registered."""
    if found.model not in MODELS:
        raise BadInput(
            f'"{found.model}" is not registered; {", ".join(sorted(MODELS))} can ship what a '
            "defence is worth"
        )
    file = paths.registered_defence(found.model)
    put_in(file, found)
    return file
