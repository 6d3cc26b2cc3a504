"""Declared parameters: what is read, what is refused, and in which words."""

from dataclasses import dataclass

import pytest

from dlexplain.errors import ParamError
from dlexplain.params import as_dict, choice, flag, name, number, parse, specs


@dataclass(frozen=True)
class Params:
    steps: int = number(50, "Steps", low=2, high=1000, help="Points.")
    noise: float = number(0.1, "Noise", low=0.0, high=1.0, help="Deviation.")
    baseline: str = choice("black", "Baseline", ("black", "blur"), help="Start.")
    positive: bool = flag(True, "Positive", help="Only what is for.")
    layer: str = name("auto", "Layer", help="Where.")


def test_defaults_and_order() -> None:
    assert parse(Params, {}) == Params()
    assert list(specs(Params)) == ["steps", "noise", "baseline", "positive", "layer"]
    assert as_dict(Params())["baseline"] == "black"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"steps": "7"}, 7),
        ({"steps": 7.0}, 7),
        ({"noise": "0.25"}, 0.25),
        ({"noise": 1}, 1.0),
        ({"baseline": "blur"}, "blur"),
        ({"positive": "no"}, False),
        ({"positive": "TRUE"}, True),
        ({"layer": "blocks.3"}, "blocks.3"),
    ],
)
def test_text_and_typed_values_are_read(given: dict[str, object], expected: object) -> None:
    found = getattr(parse(Params, given), next(iter(given)))
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": "many"}, 'steps is "many"; it takes a whole number from 2 to 1000'),
        ({"steps": 1}, 'steps is "1"; it takes a whole number from 2 to 1000'),
        ({"steps": 2.5}, 'steps is "2.5"; it takes a whole number'),
        ({"steps": True}, 'steps is "True"; it takes a whole number'),
        ({"noise": "nan"}, 'noise is "nan"; it takes a number from 0'),
        ({"noise": "inf"}, 'noise is "inf"; it takes a number from 0'),
        ({"baseline": "white"}, 'baseline is "white"; it takes'),
        ({"positive": "maybe"}, 'positive is "maybe"; it takes true or false'),
        ({"stepz": 3}, 'unknown parameter "stepz"; known: steps, noise'),
    ],
)
def test_what_is_not_accepted_is_told(given: dict[str, object], message: str) -> None:
    with pytest.raises(ParamError) as caught:
        parse(Params, given)
    assert str(caught.value).startswith(message)


def test_a_parameter_can_depend_on_another() -> None:
    rank = number(8, "Rank", low=1, high=9, help="Of.", only=("learns", ("adapters",)))
    spec = rank.metadata["spec"]
    assert spec.used({"learns": "adapters"}) and not spec.used({"learns": "all"})
    assert spec.used({})  # nothing is known of the other
    assert specs(Params)["steps"].used({"learns": "all"})
