"""Whether the files of this installation are those that were shipped; no torch here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import dlexplain.networks  # noqa: F401, registers what comes in packages
from dlexplain.errors import WeightsError
from dlexplain.integrity import PackageFiles
from dlexplain.networks.base import ARCHITECTURES, MODELS
from dlexplain.trained.folder import Trained
from dlexplain.trained.zoo import zoo_models


@dataclass(frozen=True)
class Files:
    """What was found.

    sound     files whose SHA-256 is that of their card or spec
    problems  a sentence for each file that is missing or another
    """

    sound: int
    problems: tuple[str, ...]


def check_installation() -> Files:
    """Reads every file of the zoo and of the packages that carry weights; a second or less."""
    sound, problems = 0, dict[str, None]()
    for check in _checks():
        try:
            check()
            sound += 1
        except WeightsError as error:
            problems[str(error)] = None  # a missing package is said once, not for each of its files
    return Files(sound, tuple(problems))


def check_model(model: Trained) -> None:
    """Raises WeightsError where one of the files of a zoo model is missing or another; of a run's
    nothing is known."""
    for check in _of_model(model):
        check()


def _checks() -> Iterator[Callable[[], object]]:
    """One a file; each raises WeightsError."""
    for model in zoo_models():
        yield from [partial(_raise, model.damage)] if model.damage else _of_model(model)
    for package in _packages():
        for name in package.sha256:
            yield partial(package.checked, name)


def _of_model(model: Trained) -> Iterator[Callable[[], object]]:
    for name in (model.weights.name, *model.kept):
        if model.digest(name):
            yield partial(model.read, name)


def _packages() -> tuple[PackageFiles, ...]:
    """Of every registered model, each once."""
    found = [spec.weights for spec in MODELS.values()]
    found += [architecture.weights for architecture in ARCHITECTURES.values()]
    return tuple(dict.fromkeys(package for package in found if package))


def _raise(damage: str) -> None:
    raise WeightsError(damage)
