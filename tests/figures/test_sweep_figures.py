"""Figures of sweeps, and the numbers behind them, against values worked out by hand."""

import numpy as np
import pytest

from dlexplain.figures.sweeps import (
    plot_aims,
    plot_history,
    plot_importance,
    plot_slice,
    plot_surface,
    plot_trial_curves,
    plot_trials,
)
from dlexplain.results.sweeps import (
    Aim,
    Importance,
    Sweep,
    Trial,
    TrialState,
    numeric,
    surface,
)
from dlexplain.results.words import wilson

RATE, WIDTH, KIND = "training.learning_rate", "model.width", "training.optimiser"


def trial(
    number: int, values: tuple[float, ...], rate: float, width: int, state: TrialState = "finished"
) -> Trial:
    params = {RATE: rate, WIDTH: width, KIND: "sgd" if number % 2 else "adam"}
    curve = tuple(np.linspace(0.1, values[0], 3))
    return Trial(number, state, params, values, curve, f"run{number}", n=100, steps=30)


def sweep(trials: tuple[Trial, ...], aims: tuple[Aim, ...] = ()) -> Sweep:
    return Sweep(
        id="s1", name="sweep", state="finished", why="", spec={"sampler": "tpe", "pruner": "asha"},
        aims=aims or (Aim("validation/accuracy", "max"),), varied=(RATE, WIDTH, KIND), log=(RATE,),
        trials=trials, budget=(9, 0.0), seconds=1.0, created=0.0, epochs=3,
    )  # fmt: skip


ONE = sweep(
    (
        trial(0, (0.5,), 0.001, 4),
        trial(1, (0.8,), 0.01, 8),
        trial(2, (0.6,), 0.1, 16),
        trial(3, (0.3,), 0.05, 16, "pruned"),
        Trial(4, "failed", {RATE: 1.0, WIDTH: 4, KIND: "sgd"}, why="the loss became nan"),
    )
)


def test_history_has_finished_trials_with_intervals_and_the_best_until_each() -> None:
    points, best, pruned = plot_history(ONE).data
    assert list(points.x) == [0, 1, 2]
    assert list(points.y) == [0.5, 0.8, 0.6]
    assert list(best.y) == [0.5, 0.8, 0.8]
    assert (list(pruned.x), list(pruned.y)) == ([3], [0.3])
    low, high = wilson(0.8, 100)
    assert points.error_y.array[1] == pytest.approx(high - 0.8)
    assert points.error_y.arrayminus[1] == pytest.approx(0.8 - low)
    losses = sweep(ONE.trials, (Aim("validation/loss", "min"),))
    assert list(plot_history(losses).data[1].y) == [0.5, 0.5, 0.5]
    assert losses.best is losses.trials[0]
    assert list(ONE.plot().data[0].y) == [0.5, 0.8, 0.6]


def test_curves_have_a_line_a_trial_that_reached_an_epoch() -> None:
    lines = plot_trial_curves(ONE).data
    assert len(lines) == 4
    assert [line.marker.symbol for line in lines] == ["x", "circle", "circle", "circle"]
    assert list(lines[-1].y) == list(ONE.trials[1].curve)  # the best is on top


def test_a_slice_is_on_the_scale_that_was_varied() -> None:
    figure = plot_slice(ONE, RATE)
    assert figure.layout.xaxis.type == "log"
    assert list(figure.data[0].x) == [0.001, 0.01, 0.1]
    assert list(figure.data[1].x) == [0.05]
    words = plot_slice(ONE, KIND)
    assert (words.layout.xaxis.type, list(words.data[0].x)) == ("category", ["adam", "sgd", "adam"])


def test_a_surface_is_the_weighted_mean_of_near_trials() -> None:
    assert numeric(ONE) == (RATE, WIDTH)
    found = surface(ONE, RATE, WIDTH)
    assert found.x[[0, 20, 40]] == pytest.approx([0.001, 0.01, 0.1])
    assert found.y[[0, 40]] == pytest.approx([4, 16])
    # At the corner of trial 0 the others are 0.6 and more away: their weight is below 1e-5.
    assert found.z[0, 0] == pytest.approx(0.5, abs=1e-4)
    assert found.z[40, 40] == pytest.approx(0.6, abs=1e-4)
    assert np.isnan(found.z[40, 0])  # no trial is near
    places = np.array([[0, 0], [0.5, 1 / 3], [1, 1]])
    far = ((places - [0.25, 0.15]) ** 2).sum(1)
    k = np.exp(-far / (2 * 0.12**2))
    assert found.z[6, 10] == pytest.approx((k * [0.5, 0.8, 0.6]).sum() / k.sum())
    drawn = plot_surface(found, ONE)
    assert drawn.layout.xaxis.type == "log"
    assert drawn.data[0].z.shape == (41, 41)


def test_the_front_is_what_no_other_dominates() -> None:
    aims = (Aim("test/accuracy", "max"), Aim("latency", "min"))
    values = [(0.9, 0.03), (0.8, 0.01), (0.7, 0.02), (0.8, 0.02), (0.9, 0.03)]
    two = sweep(tuple(trial(i, v, 0.01, 4) for i, v in enumerate(values)), aims)
    assert [t.number for t in two.front] == [1, 0, 4]  # equal ones dominate none
    dominated, front = plot_aims(two).data
    assert list(front.x) == pytest.approx([10, 30, 30])
    assert list(dominated.x) == pytest.approx([20, 20])
    assert two.to_dict()["front"] == [1, 0, 4]


def test_importances_have_intervals_and_say_whether_the_first_is_sure() -> None:
    within = {RATE: (0.6, 0.9), WIDTH: (0.1, 0.4)}
    found = Importance({RATE: 0.8, WIDTH: 0.2}, within, 20, "validation/accuracy")
    bars = plot_importance(found).data[0]
    assert (list(bars.y), list(bars.x)) == ([WIDTH, RATE], [0.2, 0.8])
    assert list(bars.error_x.array) == pytest.approx([0.2, 0.1])
    assert list(bars.error_x.arrayminus) == pytest.approx([0.1, 0.2])
    assert list(found.plot().data[0].x) == [0.2, 0.8]
    assert found.first_is_sure
    unsure = Importance(found.shares, {RATE: (0.3, 0.9), WIDTH: (0.1, 0.4)}, 20, found.of)
    assert not unsure.first_is_sure


def test_parallel_coordinates_have_a_line_a_finished_trial() -> None:
    lines = plot_trials(ONE).data[0]
    assert [d.label for d in lines.dimensions] == [
        "learning_rate (log)", "width", "optimiser", "validation accuracy",
    ]  # fmt: skip
    assert list(lines.dimensions[3]["values"]) == [0.5, 0.8, 0.6]


def test_costs_are_told_in_their_units() -> None:
    told = [Aim(k, "min").told(v) for k, v in (("latency", 0.0123), ("parameters", 12345.0))]
    assert told == ["12.3 ms an example", "12,345 parameters"]
    assert Aim("size", "min").told(2.5e6).endswith("MB")
    assert Aim("validation/accuracy", "max").told(0.5, 100) == "50.0% [40.4–59.6%], n = 100"
