"""Results on robustness that are there: those that come with a model, those made here, and jobs
that were stopped before their end; no torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlexplain.execution import paths
from dlexplain.results import Robustness
from dlexplain.services.kept import Unfinished, unfinished
from dlexplain.services.shipped_results import first_of, made_in, put_beside
from dlexplain.settings import settings


def shipped(model: str) -> Robustness | None:
    """The result that comes with a model; None where none does, or where it is damaged."""
    files = (_zoo_file(model), paths.registered_robustness(model))
    return first_of(model, files, Robustness.from_dict)


def made_here(model: str) -> tuple[Robustness, ...]:
    """Finished ones of the home folder, the latest first; of all models where it is ""."""
    root = paths.robustness_folder(settings().home)
    return tuple(made_in(root, paths.robustness_in, model, Robustness.from_dict))


def ship(found: Robustness) -> Path:
    """Put a result where the model finds it: of the zoo's beside its card, of a registered one in a
    folder for these. Raises BadInput of other models, and of a part of a result."""
    registered = paths.registered_robustness(found.model)
    return put_beside(found, _zoo_file(found.model), registered, "result")


def _zoo_file(model: str) -> Path:
    return paths.robustness_in(paths.zoo_folder() / Path(model).name)


@dataclass(frozen=True)
class Stopped:
    """data, attacks, budgets, corruptions, severities, count, seed  as `robustness` takes them
    done  answers that are there, about, of  answers  in all
    """

    data: str
    attacks: tuple[str, ...] | None
    budgets: tuple[float, ...] | None
    corruptions: tuple[str, ...] | None
    severities: tuple[int, ...] | None
    count: int
    seed: int
    done: int
    answers: int


BLOCK = 10
"""Examples that go through a model together, and are kept together, in one line."""


def stopped(model: str) -> tuple[Stopped, ...]:
    """Those of a model of which something is done, the latest first; damaged ones are left out."""
    left = unfinished(paths.robustness_folder(settings().home), paths.robustness_in)
    found = (_read(one) for one in left if one.question.get("model") == model)
    return tuple(one for one in found if one is not None)


def _read(left: Unfinished) -> Stopped | None:
    asked = left.asked
    try:
        return Stopped(
            str(asked["data"]),
            _several(asked["attacks"], str),
            _several(asked["budgets"], float),
            _several(asked["corruptions"], str),
            _several(asked["severities"], int),
            int(asked["count"]),
            int(asked["seed"]),
            min(BLOCK * left.answers, int(asked["answers"])),
            int(asked["answers"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _several(given: Any, read: Any) -> Any:
    return None if given is None else tuple(read(one) for one in given)
