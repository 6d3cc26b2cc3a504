"""Windows: no look into the future, and levels and scaled changes that agree."""

import numpy as np
import pytest

from dlexplain.data.base import SPLITS, SeriesData
from dlexplain.data.series import make_series
from dlexplain.data.tables import Table
from dlexplain.data.windows import Windows, cut
from dlexplain.errors import DataError

ROWS, WINDOW, HORIZON = 120, 6, 4
STARTS = (70, 95)


def series(change_from: int = ROWS) -> SeriesData:
    """Two series, the second forecast in logarithms; all is different from `change_from` on."""
    generator = np.random.default_rng(0)
    walk = np.cumsum(generator.normal(0.2, 1, (ROWS, 2)), axis=0)
    values = np.stack([walk[:, 0], np.exp(walk[:, 1] / 10)], axis=1)
    values[change_from:] = values[change_from:] * 3 + 1
    dates = (np.datetime64("2000-01", "M") + np.arange(ROWS)).astype("datetime64[D]")
    table = Table(dates, values, ("a", "b"), 12)
    return make_series(table, {"b": 5}, ["b", "a"], STARTS)


def windows(change_from: int = ROWS) -> Windows:
    return cut(series(change_from), WINDOW, HORIZON)


def test_origins_by_hand() -> None:
    """The last row seen; the first target stands one after it, in its own split."""
    found = windows().origins
    assert found["train"].tolist() == list(range(WINDOW, 70 - HORIZON))
    assert found["validation"].tolist() == list(range(69, 95 - HORIZON))
    assert found["test"].tolist() == list(range(94, 120 - HORIZON))


def test_no_target_of_one_split_lies_in_another() -> None:
    seen = [
        {o + step for o in windows().origins[split] for step in range(1, HORIZON + 1)}
        for split in SPLITS
    ]
    assert not (seen[0] & seen[1] or seen[1] & seen[2] or seen[0] & seen[2])
    assert max(seen[0]) == 69 and min(seen[1]) == 70 and max(seen[1]) == 94 and min(seen[2]) == 95


@pytest.mark.parametrize(("split", "start"), [("train", 70), ("validation", 95)])
def test_what_comes_later_changes_nothing_before_it(split: str, start: int) -> None:
    now, other = windows(), windows(change_from=start)
    origins = now.origins[split]  # type: ignore[index]
    np.testing.assert_array_equal(now.inputs(origins), other.inputs(origins))
    np.testing.assert_array_equal(now.scaled_changes(origins), other.scaled_changes(origins))
    np.testing.assert_array_equal(now.change_scale, other.change_scale)


def test_an_input_ends_at_its_origin() -> None:
    found = windows()
    origins = np.array([50, 94])
    inputs = found.inputs(origins)
    assert inputs.shape == (2, WINDOW, 2)
    np.testing.assert_array_equal(inputs[0], found.data.inputs[45:51])
    np.testing.assert_array_equal(inputs[1, -1], found.data.inputs[94])


def test_a_change_is_from_the_origin_and_in_logarithms_where_told() -> None:
    found = windows()
    changes = found.changes(np.array([50]))
    levels = found.data.levels
    for step in range(HORIZON):
        assert changes[0, step, 0] == pytest.approx(np.log(levels[51 + step, 1] / levels[50, 1]))
        assert changes[0, step, 1] == pytest.approx(levels[51 + step, 0] - levels[50, 0])


def test_each_step_of_the_training_part_has_mean_0_and_deviation_1() -> None:
    found = windows()
    scaled = found.scaled_changes(found.origins["train"])
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1)


def test_to_levels_inverts_scaled_changes() -> None:
    found = windows()
    for split in SPLITS:
        origins = found.origins[split]
        levels = found.to_levels(found.scaled_changes(origins)[..., None], origins)
        np.testing.assert_allclose(levels[..., 0], found.truth(origins))


def test_truth_is_what_the_source_has() -> None:
    found = windows()
    truth = found.truth(np.array([94]))
    np.testing.assert_array_equal(truth[0], found.data.levels[95:99][:, [1, 0]])


def test_a_change_of_0_is_the_random_walk() -> None:
    found = windows()
    origins = found.origins["test"]
    nothing = np.broadcast_to(
        (-found.change_mean / found.change_scale)[None, ..., None], (len(origins), HORIZON, 2, 3)
    )
    levels = found.to_levels(nothing, origins)
    last = found.data.levels[origins][:, [1, 0]]
    np.testing.assert_allclose(levels, np.broadcast_to(last[:, None, :, None], levels.shape))


def test_quantiles_keep_their_order() -> None:
    found = windows()
    origins = found.origins["test"]
    rising = np.broadcast_to(np.array([-2.0, 0, 2]), (len(origins), HORIZON, 2, 3))
    assert (np.diff(found.to_levels(rising, origins), axis=-1) > 0).all()


@pytest.mark.parametrize(
    ("window", "horizon", "message"),
    [
        (58, 4, "the train part has 11 rows after its first window of 58; 4 steps ahead need at"),
        (200, 4, "the train part has 0 rows .* 4 steps ahead need at least 13"),
        (6, 26, "the validation part has 25 rows .* 26 steps ahead need at least 26"),
    ],
)
def test_parts_that_are_too_short(window: int, horizon: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        cut(series(), window, horizon)


def test_the_shortest_parts_that_are_accepted() -> None:
    assert len(cut(series(), 56, 4).origins["train"]) == 10
    assert len(cut(series(), 6, 25).origins["validation"]) == 1
