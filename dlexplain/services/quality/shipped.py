"""Tables of trust that are there: those that come with a model, and those made here; no torch."""

from pathlib import Path

from dlexplain.execution import paths
from dlexplain.results import TrustTable
from dlexplain.services.shipped_results import first_of, made_in, put_beside
from dlexplain.settings import settings


def shipped(model: str) -> TrustTable | None:
    """The table that comes with a model; None where none does, or where it is damaged."""
    files = (_zoo_file(model), paths.registered_trust(model))
    return first_of(model, files, TrustTable.from_dict)


def made_here(model: str) -> tuple[TrustTable, ...]:
    """Finished ones of the home folder, the latest first."""
    root = paths.trust_folder(settings().home)
    return tuple(made_in(root, paths.trust_in, model, TrustTable.from_dict))


def tables(model: str) -> tuple[TrustTable, ...]:
    """All of a model: what was made here, the latest first, then what comes along."""
    ships = shipped(model)
    return (*made_here(model), *([] if ships is None else [ships]))


def largest(model: str) -> TrustTable | None:
    """The table of a model of most examples, the latest of these."""
    return max(tables(model), key=lambda table: table.done, default=None)


def recommended(model: str) -> str:
    """The method that is recommended for a model by its largest table; "" where there is none."""
    known = largest(model)
    return known.recommended if known else ""


def ship(table: TrustTable) -> Path:
    """Put a table where the model finds it: of the zoo's beside its card, of a registered one in a
    folder for these. Raises BadInput of other models, and of a part of a table."""
    return put_beside(table, _zoo_file(table.model), paths.registered_trust(table.model), "table")


def _zoo_file(model: str) -> Path:
    return paths.trust_in(paths.zoo_folder() / Path(model).name)
