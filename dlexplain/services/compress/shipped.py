"""Measurements of compressed models that are there: those that come along, those made here; no
torch."""

from pathlib import Path

from dlexplain.execution import paths
from dlexplain.results.compression import Compression
from dlexplain.services.shipped_results import first_of, made_in, put_beside
from dlexplain.settings import settings


def shipped(model: str) -> Compression | None:
    """The result that comes with a model; None where none does, or where it is damaged."""
    return first_of(model, (_zoo_file(model),), Compression.from_dict)


def made_here(model: str) -> tuple[Compression, ...]:
    """Finished ones of the home folder, the latest first; of all models where it is ""."""
    root = paths.compression_folder(settings().home)
    return tuple(made_in(root, paths.compression_in, model, Compression.from_dict))


def ship(found: Compression) -> Path:
    """Put a result beside the zoo model's card. Raises BadInput of other models, and of a part of a
    result."""
    file = _zoo_file(found.model)
    return put_beside(found, file, file, "measurement")


def _zoo_file(model: str) -> Path:
    return paths.compression_in(paths.zoo_folder() / Path(model).name)
