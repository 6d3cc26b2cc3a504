"""A spec says everything, as JSON; all that is wrong with it is named at once."""

import json

import pytest

from dlexplain.errors import SpecError
from dlexplain.execution.spec import MAX_SEED, RunSpec

SPEC = RunSpec(
    task="forecast",
    model="lstm-forecaster",
    data="macrodata",
    task_params={"window": 8},
    model_params={"hidden": 8},
    training={"epochs": 2, "learning_rate": 0.1},
    seed=7,
)


def test_json_there_and_back() -> None:
    assert RunSpec.from_json(SPEC.to_json()) == SPEC
    assert json.loads(SPEC.to_json()) == SPEC.to_dict()
    assert RunSpec.from_dict(SPEC.to_dict()).to_json() == SPEC.to_json()


def test_flat_names() -> None:
    assert SPEC.flat() == {
        "task": "forecast", "model": "lstm-forecaster", "data": "macrodata",
        "seed": 7, "device": "auto",
        "task.window": 8, "model.hidden": 8, "training.epochs": 2, "training.learning_rate": 0.1,
    }  # fmt: skip


def test_title() -> None:
    assert SPEC.title == "lstm-forecaster on macrodata"
    assert RunSpec("a", "b", "c", name="mine").title == "mine"


def test_everything_wrong_is_named_at_once() -> None:
    given = {"task": 3, "data": "digits", "epochs": 5, "training": "fast", "seed": -1, "device": 0}
    with pytest.raises(SpecError) as caught:
        RunSpec.from_dict(given)
    told = caught.value.problems
    assert [problem.split('"')[0] for problem in told] == [
        "unknown field ", "task is ", "model is ", "training is ", "seed is ", "device is ",
    ]  # fmt: skip
    assert 'unknown field "epochs"; known: task, model, data' in told[0]


@pytest.mark.parametrize("seed", [True, 1.5, "1", MAX_SEED + 1])
def test_a_seed_is_a_whole_number(seed: object) -> None:
    with pytest.raises(SpecError, match="it takes a whole number from 0"):
        RunSpec.from_dict({**SPEC.to_dict(), "seed": seed})


@pytest.mark.parametrize(
    ("text", "why"), [("{", "the spec is no JSON"), ("[]", "the spec is a JSON list")]
)
def test_text_that_is_no_object(text: str, why: str) -> None:
    with pytest.raises(SpecError, match=why):
        RunSpec.from_json(text)
