"""Scoring a forecaster on series that are given: as its run's own test, further, and refusals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import dlexplain.data.sets  # noqa: F401, registers fred-md
from dlexplain.data.base import DATA, SeriesData, silent
from dlexplain.data.modules.base import GIVEN
from dlexplain.data.modules.given_series import given_series
from dlexplain.data.modules.series import SeriesModule
from dlexplain.data.windows import cut
from dlexplain.errors import DataError, WeightsError
from dlexplain.networks.base import ARCHITECTURES
from dlexplain.params import parse
from dlexplain.tasks.base import TASKS, Arrays, Training
from dlexplain.tasks.forecast import Params
from dlexplain.tasks.modules.base import task_module
from tests.tasks.training import trainer

# Lightning 2.6 asks torch 2.13 in a way that torch will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
CODES = {"UNRATE": 2, "CPI": 6, "S&P 500": 5}
ROWS = 150
VALUES = np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.02, (ROWS, 3)), axis=0)) * 10
TASK = {"window": 12, "horizon": 6}


def write(
    path: Path, first: int = 0, last: int = ROWS, names: tuple[str, ...] = tuple(CODES),
    fred: bool = True, months: int = 1,
) -> Path:  # fmt: skip
    """Rows first to last of VALUES, as FRED-MD has them or plain; `months` between rows."""
    places = [list(CODES).index(name) for name in names]
    lines = [",".join(["sasdate" if fred else "date", *names])]
    if fred:
        lines.append(",".join(["Transform:", *(str(CODES[name]) for name in names)]))
    for row in range(first, last):
        month = row * months
        day = f"{month % 12 + 1}/1/{2000 + month // 12}"
        lines.append(",".join([day, *(repr(float(VALUES[row, place])) for place in places)]))
    path.write_text("\n".join(lines))
    return path


def own(path: Path) -> SeriesModule:
    """A run's data: trained before 2006, validated before 2008, tested from there to the end."""
    spec = DATA["fred-md"]
    given = {
        "path": str(path), "series": ", ".join(CODES), "targets": "S&P 500, UNRATE",
        "validation_from": "2006-01", "test_from": "2008-01",
    }  # fmt: skip
    data = spec.load(parse(spec.Params, given), path.parent, silent)
    assert isinstance(data, SeriesData)
    return SeriesModule(cut(data, TASK["window"], TASK["horizon"]), 16, seed=0)


def scored(module: SeriesModule, folder: Path) -> tuple[dict[str, float], Arrays]:
    """What the test of one and the same network finds."""
    torch.manual_seed(0)
    task, params = TASKS["forecast"], Params(**TASK)
    found = ARCHITECTURES["gru-forecaster"]
    network = found.build(task.shape(module.facts, params), found.Params())
    tested = task_module(task, network, module.facts, params, Training(), 1)
    trainer(folder).test(tested, datamodule=module, verbose=False)
    return tested.results()


def read(path: Path, facts: dict[str, Any]) -> SeriesModule:
    return given_series(str(path), facts, {}, TASK)


@pytest.fixture
def trained(tmp_path: Path) -> SeriesModule:
    return own(write(tmp_path / "own.csv", last=140))


def test_it_is_registered() -> None:
    assert GIVEN["forecast"] is given_series


@pytest.mark.parametrize("fred", [True, False])
def test_the_same_file_gives_the_runs_own_errors(
    trained: SeriesModule, tmp_path: Path, fred: bool
) -> None:
    file = write(tmp_path / "given.csv", last=140, fred=fred)
    module = read(file, trained.facts)
    expected, arrays = scored(trained, tmp_path)
    found, more = scored(module, tmp_path)
    assert found == pytest.approx(expected)
    np.testing.assert_allclose(more["mase"], arrays["mase"])
    assert more["origins"].tolist() == arrays["origins"].tolist()
    assert module.facts["sizes"]["test"] == trained.facts["sizes"]["test"] == 140 - 96 + 1 - 6


def test_origins_go_from_the_end_of_validation_to_where_the_targets_end(
    trained: SeriesModule, tmp_path: Path
) -> None:
    module = read(write(tmp_path / "longer.csv"), trained.facts)
    _, arrays = scored(module, tmp_path)
    assert arrays["origins"][0] == "2007-12-01"
    assert arrays["origins"][-1] == "2011-12-01"  # six months before 2012-06
    assert len(arrays["origins"]) == module.facts["sizes"]["test"] == ROWS - 96 + 1 - 6


def test_inputs_and_targets_are_scaled_as_in_training(
    trained: SeriesModule, tmp_path: Path
) -> None:
    """Also where the file begins after the training period: its own mean is not used."""
    module = read(write(tmp_path / "later.csv", first=60), trained.facts)
    mine, theirs = trained._parts["test"], module._parts["test"]
    count = len(mine["x"])
    torch.testing.assert_close(theirs["x"][:count], mine["x"])
    torch.testing.assert_close(theirs["y"][:count], mine["y"])
    np.testing.assert_allclose(module.windows.step, trained.windows.step)


def test_a_file_that_begins_late_is_scored_from_its_first_whole_window(
    trained: SeriesModule, tmp_path: Path
) -> None:
    module = read(write(tmp_path / "late.csv", first=115), trained.facts)
    _, arrays = scored(module, tmp_path)
    assert arrays["origins"][0] == "2010-08-01"  # row 115 + 12, since row 115 has no difference
    assert np.isfinite(arrays["mase"]).all()


def test_the_order_of_columns_and_further_ones_do_not_matter(
    trained: SeriesModule, tmp_path: Path
) -> None:
    turned = write(tmp_path / "turned.csv", names=("S&P 500", "UNRATE", "CPI"))
    plain = read(write(tmp_path / "plain.csv"), trained.facts)
    torch.testing.assert_close(
        read(turned, trained.facts)._parts["test"]["x"], plain._parts["test"]["x"]
    )


def test_missing_series_are_named(trained: SeriesModule, tmp_path: Path) -> None:
    file = write(tmp_path / "few.csv", names=("CPI",))
    with pytest.raises(DataError, match="there is no series UNRATE, S&P 500; there are CPI"):
        read(file, trained.facts)


def test_another_frequency_is_refused(trained: SeriesModule, tmp_path: Path) -> None:
    file = write(tmp_path / "quarters.csv", months=3)
    with pytest.raises(DataError, match="quarters.csv is quarterly; this model reads monthly"):
        read(file, trained.facts)


def test_gaps_are_refused(trained: SeriesModule, tmp_path: Path) -> None:
    lines = write(tmp_path / "whole.csv").read_text().splitlines()
    (tmp_path / "left-out.csv").write_text("\n".join(lines[:100] + lines[101:]))
    with pytest.raises(DataError, match="2008-02-01 is followed by 2008-04-01; each period needs"):
        read(tmp_path / "left-out.csv", trained.facts)
    holes = [line.rsplit(",", 1)[0] + "," for line in lines[130:]]
    (tmp_path / "holes.csv").write_text("\n".join(lines[:130] + holes))
    with pytest.raises(DataError, match=r'"S&P 500" lacks \d+% of its values, from 2010-09-01'):
        read(tmp_path / "holes.csv", trained.facts)


def test_too_little_is_refused(trained: SeriesModule, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the CSV has 10 rows; at least 19 are needed"):
        read(write(tmp_path / "short.csv", first=100, last=110), trained.facts)
    with pytest.raises(DataError, match="no origin with 12 periods before it and 6 after it from"):
        read(write(tmp_path / "early.csv", last=96), trained.facts)


def test_what_is_no_file_of_series(trained: SeriesModule, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no.csv is not there; a CSV file is accepted"):
        read(tmp_path / "no.csv", trained.facts)
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="the file is empty"):
        read(tmp_path / "empty.csv", trained.facts)
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(DataError, match="folder has 0 CSV files; give the path of one"):
        read(folder, trained.facts)
    assert read(write(folder / "a.csv").parent, trained.facts).facts["period"] == 12


def test_a_card_of_an_older_version_is_told(trained: SeriesModule, tmp_path: Path) -> None:
    old = {key: value for key, value in trained.facts.items() if key not in ("codes", "step")}
    with pytest.raises(WeightsError, match="lacks codes, step, since it was trained by an older"):
        read(tmp_path / "own.csv", old)
