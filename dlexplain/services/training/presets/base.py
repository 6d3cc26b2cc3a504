"""A training to start from, and the register of them."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from dlexplain.registry import Registry
from dlexplain.runs.spec import RunSpec
from dlexplain.services.training.catalogue import complete

Case = Literal[
    "Image classification",
    "Image recognition",
    "Text generation",
    "Time-series forecasting",
    "Text classification",
    "Translation",
    "Generating pictures",
]
"""What a preset is an example of; the first four are the article's cases."""
CASES: tuple[Case, ...] = get_args(Case)


@dataclass(frozen=True)
class Preset:
    """A training to start from; its description says what it shows and how long it takes.

    quick  whether it ends within five minutes on two cores
    zoo    whether its training, under this name, is a model of the zoo
    """

    name: str
    title: str
    description: str
    case: Case
    quick: bool
    spec: RunSpec
    zoo: bool = False


PRESETS: Registry[Preset] = Registry("preset")


def add_preset(
    name: str,
    title: str,
    description: str,
    case: Case,
    quick: bool,
    zoo: bool = False,
    **spec: Any,
) -> None:
    """Register one; `spec` has the fields of a RunSpec."""
    run = RunSpec(name=title, **spec)
    PRESETS.add(name, Preset(name, title, description, case, quick, run, zoo))


def presets_by_case() -> list[str]:
    """Names, the article's cases first, quick ones before long ones."""
    return sorted(PRESETS, key=lambda n: (CASES.index(PRESETS[n].case), not PRESETS[n].quick))


def preset(name: str) -> RunSpec:
    """The completed spec of a preset; raises UnknownName."""
    return complete(PRESETS[name].spec)
