"""A training to start from, and the register of them."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from dlexplain.execution.spec import RunSpec
from dlexplain.registry import Registry
from dlexplain.services.training.catalogue import complete
from dlexplain.trained.zoo_cards import zoo_cards

Case = Literal[
    "Image classification",
    "Image recognition",
    "Text generation",
    "Time-series forecasting",
    "Text classification",
    "Translation",
    "Generating pictures",
    "Planted shortcuts",
    "Varied examples",
    "Several tasks at once",
    "Transfer",
]
"""What a preset is an example of; the first four are the article's cases."""
CASES: tuple[Case, ...] = get_args(Case)


@dataclass(frozen=True)
class Preset:
    """A training to start from; its description says what it shows, `preset_seconds` how long it
    takes.

    about  seconds on two cores, where the zoo has no card that says so, or one of a GPU; 0 where
           that depends on the user's data
    zoo    whether its training, under this name, is a model of the zoo
    """

    name: str
    title: str
    description: str
    case: Case
    spec: RunSpec
    about: float = 0.0
    zoo: bool = False


QUICK_SECONDS = 300
PRESETS: Registry[Preset] = Registry("preset")


def add_preset(
    name: str,
    title: str,
    description: str,
    case: Case,
    about: float = 0.0,
    zoo: bool = False,
    **spec: Any,
) -> None:
    """Register one; `spec` has the fields of a RunSpec."""
    run = RunSpec(name=title, **spec)
    PRESETS.add(name, Preset(name, title, description, case, run, about, zoo))


def preset_seconds(name: str) -> float:
    """About how long it takes on two cores: what the zoo's card says, where it is of such.

    0 where that depends on the user's data.
    """
    cards = {card.name: card.seconds for card in zoo_cards() if not card.on_gpu}
    return cards.get(name, PRESETS[name].about)


def is_quick(name: str) -> bool:
    """Whether it ends within five minutes on two cores."""
    return 0 < preset_seconds(name) <= QUICK_SECONDS


def presets_by_case() -> list[str]:
    """Names, the article's cases first, quick ones before long ones."""
    return sorted(PRESETS, key=lambda n: (CASES.index(PRESETS[n].case), not is_quick(n)))


def preset(name: str) -> RunSpec:
    """The completed spec of a preset; raises UnknownName."""
    return complete(PRESETS[name].spec)
