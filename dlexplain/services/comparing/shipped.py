"""Comparisons that are there: those that come along, those made here, and jobs that were stopped
before their end; no torch."""

from dataclasses import dataclass
from pathlib import Path

from dlexplain.errors import BadInput
from dlexplain.execution import paths
from dlexplain.results import ModelComparison
from dlexplain.services.kept import Unfinished, unfinished
from dlexplain.services.shipped_results import made_in, put_beside, read_all
from dlexplain.settings import settings
from dlexplain.trained.zoo import zoo_models


def all_shipped() -> tuple[ModelComparison, ...]:
    """Those that come along, by their files' names; damaged ones are left out."""
    files = sorted(_folder().glob("*.json"))
    return tuple(read_all(files, ModelComparison.from_dict))


def shipped(model: str, other: str) -> tuple[ModelComparison, ...]:
    """Those of two models that come along, one a method."""
    return tuple(one for one in all_shipped() if (one.model, one.other) == (model, other))


def made_here(model: str, other: str) -> tuple[ModelComparison, ...]:
    """Finished ones of the home folder, the latest first."""
    root = paths.comparisons_folder(settings().home)
    found = made_in(root, paths.comparison_in, model, ModelComparison.from_dict)
    return tuple(one for one in found if one.other == other)


def ship(found: ModelComparison) -> Path:
    """Put a comparison where the page finds it. Raises BadInput where one of its models comes not
    along, and of a part of a comparison."""
    known = {model.name for model in zoo_models()}
    for name in filter(None, (found.model, found.other, found.control)):
        if name not in known:
            raise BadInput(
                f'"{name}" comes not with dlexplain; comparisons of models of the zoo can be '
                "shipped"
            )
    name = paths.shipped_comparison(found.model, found.other, found.method).name
    file = _folder() / name
    return put_beside(found, file, file, "comparison")


def _folder() -> Path:
    return paths.shipped_comparisons()


@dataclass(frozen=True)
class Stopped:
    """data, control, method, count, seed  as `compare_models` takes them
    done  examples that are compared, of  found
    """

    data: str
    control: str
    method: str
    count: int
    seed: int
    done: int
    found: int


def stopped(model: str, other: str) -> tuple[Stopped, ...]:
    """Those of two models of which something is done, the latest first; damaged ones are left
    out."""
    left = unfinished(paths.comparisons_folder(settings().home), paths.comparison_in)
    found = (_read(one, model, other) for one in left)
    return tuple(one for one in found if one is not None)


def _read(left: Unfinished, model: str, other: str) -> Stopped | None:
    asked = left.asked
    try:
        first, second, control = map(str, left.question["models"])
        if (first, second) != (model, other):
            return None
        return Stopped(
            str(asked["data"]), control, str(asked["method"]), int(asked["count"]),
            int(asked["seed"]), left.answers, int(asked["found"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        return None
