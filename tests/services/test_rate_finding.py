"""A learning rate found by Lightning's range test on a spec."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dlexplain.cli import main
from dlexplain.errors import BadInput
from dlexplain.execution.spec import RunSpec
from dlexplain.explainers.progress import Progress
from dlexplain.figures.rates import plot_rates
from dlexplain.results.rates import RateSearch
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.presets import preset
from dlexplain.services.training.rate_finding import (
    HIGHEST,
    LOWEST,
    find_rate,
    find_rate_apart,
    steepest,
)


def small() -> RunSpec:
    return complete(
        replace(
            preset("digits-cnn"),
            model_params={"width": 8, "blocks": 1, "dense": 16},
            training={"batch_size": 64, "precision": "float32"},
        )
    )


def test_the_rate_rises_and_the_suggestion_is_where_the_loss_falls_most_steeply() -> None:
    found = find_rate(small())
    assert found.rates[0] == pytest.approx(LOWEST, rel=0.2)
    assert (np.diff(np.log(found.rates)) > 0).all()
    assert found.rates[-1] <= HIGHEST * 1.2
    assert found.losses[0] == pytest.approx(np.log(10), rel=0.4)  # of ten classes, untrained
    inside = slice(10, -1)
    slopes = np.gradient(found.losses[inside], found.rates[inside])
    assert found.suggestion == pytest.approx(found.rates[inside][slopes.argmin()])
    assert found.losses[:10].mean() > found.losses.min()
    again = find_rate(small())
    assert list(again.losses) == list(found.losses)
    apart = find_rate_apart(small(), Progress())
    assert apart.suggestion == pytest.approx(found.suggestion, rel=0.3)


def test_the_steepest_fall_is_found_by_hand() -> None:
    rates = np.arange(1.0, 16.0)
    losses = np.array([9.0] * 11 + [8.0, 3.0, 2.5, 9.0])
    assert steepest(rates, losses) == 12.0  # (3 - 9) / 2 around it
    assert steepest(rates[:12], losses[:12]) is None
    losses[11] = np.nan
    assert steepest(rates, losses) == 11.0  # (3 - 9) / 2 behind it, over the one left out


def test_few_steps_suggest_nothing() -> None:
    found = find_rate(small(), steps=8)
    assert found.suggestion is None
    assert len(found.rates) <= 8


def test_the_command_says_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["find-lr", "--preset", "digits-cnn", "--set", "model.width=8", "--set", "blocks=1"]
    assert main([*call, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["suggestion"] in told["rates"]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("mnist-gan", "gan steps several optimisers by itself"),
        ("private", "a private training would spend of its budget"),
    ],
)
def test_what_has_no_single_rate_is_told(spec: str, told: str) -> None:
    wanted = small()
    if spec == "private":
        wanted = replace(wanted, training={**wanted.training, "target_epsilon": 3.0})
    else:
        wanted = preset(spec)
    with pytest.raises(BadInput, match=told):
        find_rate(wanted)


def test_the_figure_marks_the_suggestion() -> None:
    found = RateSearch(np.array([0.1, 0.2, 0.4]), np.array([3.0, 2.0, 9.0]), 0.2, True)
    figure = plot_rates(found)
    assert (figure.data[1].x, figure.data[1].y) == ((0.2,), (2.0,))
    assert figure.layout.xaxis.type == "log"
    assert found.to_dict()["losses"] == [3.0, 2.0, 9.0]
