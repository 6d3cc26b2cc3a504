"""Tables of trust that are there: those that come with a model, and those made here; no torch."""

import json
from functools import lru_cache
from pathlib import Path

import dlexplain.networks  # noqa: F401, registers them
from dlexplain.errors import BadInput
from dlexplain.execution import paths
from dlexplain.execution.files import write_whole
from dlexplain.networks.base import MODELS
from dlexplain.results import TrustTable
from dlexplain.settings import settings
from dlexplain.trained.zoo import zoo_models


def shipped(model: str) -> TrustTable | None:
    """The table that comes with a model; None where none does, or where it is damaged."""
    for file in (_zoo_file(model), paths.registered_trust(model)):
        table = _read(file, _version(file))
        if table is not None and table.model == model:
            return table
    return None


def made_here(model: str) -> tuple[TrustTable, ...]:
    """Finished ones of the home folder, the latest first."""
    root = paths.trust_folder(settings().home)
    files = [paths.trust_in(folder) for folder in root.iterdir()] if root.is_dir() else []
    found = (_read(file, _version(file)) for file in files)
    own = [table for table in found if table is not None and table.model == model]
    return tuple(sorted(own, key=lambda table: table.date, reverse=True))


def tables(model: str) -> tuple[TrustTable, ...]:
    """All of a model: what was made here, the latest first, then what comes along."""
    ships = shipped(model)
    return (*made_here(model), *([] if ships is None else [ships]))


def recommended(model: str) -> str:
    """The method that is recommended for a model, by the table of most examples, the latest of
    these; "" where nothing is known."""
    known = tables(model)
    return max(known, key=lambda table: table.done).recommended if known else ""


def ship(table: TrustTable) -> Path:
    """Put a table where the model finds it: of the zoo's beside its card, of a registered one in a
    folder for these. Raises BadInput of other models, and of a part of a table."""
    if table.done < table.found:
        raise BadInput(f"the table has {table.done} of {table.count} {table.noun}; finish it first")
    if table.model in {model.name for model in zoo_models()}:
        file = _zoo_file(table.model)
    elif table.model in MODELS:
        file = paths.registered_trust(table.model)
    else:
        raise BadInput(
            f'"{table.model}" comes not with dlexplain; models of the zoo and registered ones can '
            "ship a table"
        )
    file.parent.mkdir(exist_ok=True)
    write_whole(file, (json.dumps(table.to_dict(), indent=1) + "\n").encode())
    return file


def _zoo_file(model: str) -> Path:
    return paths.trust_in(paths.zoo_folder() / Path(model).name)


def _version(file: Path) -> int:
    """Changes when the file does; 0 where there is none."""
    try:
        return file.stat().st_mtime_ns
    except (OSError, ValueError):  # a name that no file can have
        return 0


@lru_cache(maxsize=256)  # a page asks at each of its runs
def _read(file: Path, version: int) -> TrustTable | None:
    """None for one that is not there, or damaged: it is worth a new one, not an error."""
    if not version:
        return None
    try:
        return TrustTable.from_dict(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, RecursionError):  # BadInput is a ValueError
        return None
