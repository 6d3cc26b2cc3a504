"""What was measured of a model's reliability: what comes along, and what was measured here; no
torch."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from dlexplain.errors import BadInput
from dlexplain.execution import paths
from dlexplain.results import CertifiedAccuracy, ClassifierCalibration, OutOfDistribution
from dlexplain.services.shipped_results import first_of, put_in
from dlexplain.settings import settings
from dlexplain.trained.zoo import zoo_models

Measured = ClassifierCalibration | OutOfDistribution | CertifiedAccuracy
R = TypeVar("R", ClassifierCalibration, OutOfDistribution, CertifiedAccuracy)
Where = Literal["here", "shipped"]
_PLACES: dict[type[Measured], Callable[[Path], Path]] = {
    ClassifierCalibration: paths.calibration_in,
    OutOfDistribution: paths.outside_in,
    CertifiedAccuracy: paths.smoothing_in,
}


def keep(found: Measured) -> None:
    """In the home folder, in the place of an earlier one; a disk that takes nothing loses it."""
    try:
        put_in(_file(type(found), found.model, "here"), found)
    except OSError:
        return


def measured_here(kind: type[R], model: str) -> R | None:
    """None where nothing was, or what is there is damaged."""
    return _read_of(kind, model, "here")


def shipped(kind: type[R], model: str) -> R | None:
    """What comes along with a model of the zoo; None likewise."""
    return _read_of(kind, model, "shipped")


def known(kind: type[R], model: str) -> R | None:
    """What was measured here, else what comes along."""
    return measured_here(kind, model) or shipped(kind, model)


def ship(found: Measured) -> Path:
    """Put it beside the model's card; raises BadInput for models that are not of the zoo."""
    if found.model not in {model.name for model in zoo_models()}:
        raise BadInput(
            f'"{found.model}" comes not with dlexplain; models of the zoo can ship what was '
            "measured"
        )
    file = _file(type(found), found.model, "shipped")
    put_in(file, found)
    return file


def _file(kind: type[Measured], model: str, where: Where) -> Path:
    return _PLACES[kind](_folder(model) if where == "here" else _zoo_folder(model))


def _folder(model: str) -> Path:
    return paths.reliability_folder(settings().home, model)


def _zoo_folder(model: str) -> Path:
    return paths.zoo_folder() / Path(model).name


def _read_of(kind: type[R], model: str, where: Where) -> R | None:
    return first_of(model, (_file(kind, model, where),), kind.from_dict)
