"""An attack on a forecast, as users ask for it."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.errors import BadInput, Cancelled, DataError, ParamError, TargetError, UnknownName
from dlexplain.explainers.progress import Progress
from dlexplain.figures.series_attacks import plot_past_change, plot_series_attack
from dlexplain.results import SeriesAttackResult
from dlexplain.services.attack.series import attack_series
from dlexplain.services.attack.series_maps import series_maps_of
from dlexplain.services.forecast.forecasting import forecast_at
from dlexplain.services.forecast.models import LoadedForecaster
from tests.forecasters import HORIZON, Linear, linear, prepared, series, weights
from tests.forecasters import WINDOW as SEEN
from tests.forecasters import facts as facts_of


def attacked(**asked: Any) -> SeriesAttackResult:
    return attack_series(linear(), series(), **asked)


def optimum(target: int, step: int | None, epsilon: float) -> float:
    """ε Σ|w| of the change that is forecast, in the target's unit, by hand; inputs are far from
    where they are cut."""
    w = weights(linear())[:, target]
    scale = np.array(facts_of()["change_scale"])[:, target, None, None]
    scaled = w * scale * (100 if target == 1 else 1)
    chosen = scaled.mean(0) if step is None else scaled[step - 1]
    return float(epsilon * np.abs(chosen).sum())


@pytest.mark.parametrize("step", [1, 3, None])
@pytest.mark.parametrize("target", ["b", "c"])
@pytest.mark.parametrize(("direction", "sign"), [("up", 1), ("down", -1)])
def test_on_a_linear_model_it_moves_as_far_as_can_be(
    step: int | None, target: str, direction: str, sign: int
) -> None:
    found = attacked(step=step, target=target, direction=direction, epsilon=0.05)
    place = ("b", "c").index(target)
    assert found.shift == pytest.approx(sign * optimum(place, step, 0.05), rel=1e-4)
    assert found.largest <= 0.05 + 1e-6
    assert abs(found.shift) > found.random.most > found.random.mean > 0
    assert found.random.low < found.random.mean < found.random.high


def test_either_way_is_the_further_one() -> None:
    shifts = [abs(attacked(direction=way).shift) for way in ("either", "up", "down")]
    assert shifts[0] == pytest.approx(max(shifts))


def test_random_changes_of_a_linear_model_have_the_known_spread() -> None:
    """The shift of random signs is a sum of ±ε|w|: its mean square is ε² Σ w²."""
    found = attacked(step=1, target="b", epsilon=0.1, draws=5000)
    w = weights(linear())[0, 0] * 2.0
    deviation = 0.1 * float(np.sqrt((w**2).sum()))
    # Of many terms about normal: the mean size is sqrt(2/π) deviations.
    assert found.random.mean == pytest.approx(np.sqrt(2 / np.pi) * deviation, rel=0.05)


def test_the_forecasts_are_those_of_the_two_pasts() -> None:
    model, given = linear(), series()
    found = attack_series(model, given, step=1, target="b", direction="up")
    row = len(given.data.dates) - 1
    np.testing.assert_allclose(found.before.values, forecast_at(model, given, row, given).values)
    moved = found.after.median[0, 0] - found.before.median[0, 0]
    assert moved == pytest.approx(found.shift, rel=1e-4)  # b is forecast in its own unit
    assert found.change == pytest.approx(
        float(found.before.median[0, 0] - given.data.levels[-1, 1]), rel=1e-5
    )
    np.testing.assert_array_equal(found.before.levels, found.after.levels)


def test_the_maps_of_a_linear_model_are_known() -> None:
    """Of w · x integrated gradients say w x: before and after they differ by w δ."""
    model, given = linear(), series()
    found = attack_series(model, given, target="c", step=HORIZON)
    maps = series_maps_of(model, given, found, "integrated-gradients")
    assert maps.before.step == maps.after.step == HORIZON
    w = weights(model)[-1, 1] * facts_of()["change_scale"][-1][1] * 100
    np.testing.assert_allclose(maps.before.values, w * found.inputs, atol=1e-3)
    np.testing.assert_allclose(maps.after.values, w * found.moved, atol=1e-3)
    expected = spearmanr(maps.before.values.ravel(), maps.after.values.ravel()).statistic
    assert maps.correlation == pytest.approx(expected)
    with pytest.raises(BadInput, match="on another model"):
        series_maps_of(_other(model), given, found)


def test_where_the_mean_of_all_steps_is_attacked_the_maps_explain_it() -> None:
    """Of w · x they say the mean over steps of w x."""
    model, given = linear(), series()
    found = attack_series(model, given, target="c")
    maps = series_maps_of(model, given, found, "integrated-gradients")
    w = weights(model)[:, 1] * np.array(facts_of()["change_scale"])[:, 1, None, None] * 100
    np.testing.assert_allclose(maps.before.values, w.mean(0) * found.inputs, atol=1e-3)
    assert maps.before.change == pytest.approx(found.change, rel=1e-5)
    assert maps.after.change == pytest.approx(found.changed, rel=1e-5)


def test_a_move_of_percents_is_told_in_points_with_as_many_digits() -> None:
    found = replace(attacked(target="c"), change=3.62, changed=5.32)
    assert found.unit == "%"
    assert "from +3.62% to +5.32%: by +1.70 percentage points" in found.told
    assert " percentage points on average [" in found.random_told
    less = replace(found, changed=3.6204)
    assert "from +3.62000% to +3.62040%: by +0.00040 percentage points" in less.told


def _other(model: LoadedForecaster) -> LoadedForecaster:
    return replace(model, prepared=replace(model.prepared, fingerprint="another"))


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"epsilon": 0.0}, BadInput, "the budget is 0; it has to be above 0 and at most 5"),
        ({"epsilon": 6.0}, BadInput, "the budget is 6"),
        ({"epsilon": float("nan")}, BadInput, "the budget is nan"),
        ({"direction": "left"}, ParamError, 'direction is "left"; either, up, down'),
        ({"step": 4}, ParamError, "step is 4; the model forecasts 1 to 3"),
        ({"target": "a"}, TargetError, 'does not forecast "a"'),
        ({"origin": "1950-01"}, DataError, "origin is 1950-01"),
        ({"draws": 2}, ParamError, "draws is 2; 3 to 10,000"),
        ({"method": "pgd"}, UnknownName, 'unknown attack "pgd"'),
        ({"seed": "x"}, BadInput, "seed is 'x'"),
        ({"steps": 0}, ParamError, "steps"),
    ],
)
def test_bad_input_is_one_sentence(
    asked: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        attacked(**asked)


def test_a_model_that_says_nan_and_a_cancelled_attack() -> None:
    import torch

    network = Linear()
    torch.nn.init.constant_(network.weights, float("nan"))
    broken = prepared("broken", "Broken", network, facts_of(), SEEN, HORIZON)
    with pytest.raises(BadInput, match="broken says NaN or infinity of these series"):
        attack_series(broken, series())
    with pytest.raises(Cancelled):
        attacked(progress=Progress(cancelled=lambda: True))


def test_a_zoo_model_by_its_name_and_its_figures() -> None:
    found = dx.attack("macrodata-lstm", "example", epsilon=0.2, direction="up")
    assert isinstance(found, SeriesAttackResult)
    assert found.shift > 0
    assert found.shift > found.random.mean
    assert f"by {found.moved_by(found.shift)}" in found.told
    assert len(plot_series_attack(found).data) == 5
    assert np.abs(np.array(plot_past_change(found).data[0].z)).max() <= 0.2 + 1e-6
    assert len(found.rows()) == found.inputs.size
    again = dx.attack("macrodata-lstm", "example", epsilon=0.2, direction="up")
    np.testing.assert_array_equal(found.moved, again.moved)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["attack", "--series", "example", "--model", "macrodata-lstm"]
    assert main([*call, "--epsilon", "0.2", "--direction", "down", "--horizon", "2"]) == 0
    told = capsys.readouterr().out
    assert "at most 0.2 standard deviations" in told
    assert "n = 200" in told
    assert main([*call, "--json", "--draws", "50"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["random"]["draws"] == 50
    for more, said in (
        (["--epsilon", "0"], "the budget is 0"),
        (["--queries", "5"], "--queries is for a text, not for series"),
        (["--smallest"], "--smallest is for a picture, not for series"),
    ):
        assert main([*call, *more]) == 2
        assert said in capsys.readouterr().err
