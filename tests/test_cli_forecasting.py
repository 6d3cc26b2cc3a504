"""forecast, backtest, and explain --series, as typed."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.services.forecast.sources import example_csv
from dlexplain.trained.catalogue import find

MODEL = "macrodata-lstm"


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_forecast_prints_what_python_gives(capsys: pytest.CaptureFixture[str]) -> None:
    told = json_of(capsys, "forecast", "--model", MODEL, "--origin", "2005-01", "--horizon", "3")
    here = dx.forecast(MODEL, origin="2005-01", horizon=3)
    assert told == here.to_dict()
    assert here.plot().data[-1].name == "actual"
    assert main(["forecast", "--origin", "2005-01", "--intervals", "trained"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("macrodata-lstm on US economy, quarterly, from 2005Q1 (test), intervals")
    assert "realgdp (Real GDP, billions of 2005 dollars), last 12" in out
    assert "\n  2005Q2 " in out
    assert out.count("came") == 8 * 3


def test_forecast_reads_a_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.csv"
    file.write_text(example_csv(find("fred-gru", "forecast").trained))
    told = json_of(capsys, "forecast", "--model", "fred-gru", "--csv", str(file), "--horizon", "12")
    assert isinstance(told, dict)
    assert set(told["forecasts"]) >= {"UNRATE", "S&P 500"}
    assert len(told["dates"]) == 12
    assert told["calibrated"]


def test_made_up_series_that_nobody_asked_for_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["forecast", "--model", "fred-gru", "--json"]) == 0
    kept = capsys.readouterr()
    assert json.loads(kept.out)["part"] == ""
    assert "what fred-gru was trained on is not here, so its series are made up" in kept.err
    assert json.loads(kept.out)["series"].startswith("Made-up")
    assert main(["forecast", "--model", "fred-gru", "--csv", "example"]) == 0
    assert main(["forecast", "--model", MODEL]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "to try the page with, from 20" in told.out and "2009Q3 (test), int" in told.out
    assert main(["backtest", MODEL, "--csv", "example", "--measure", "coverage"]) == 0
    told = capsys.readouterr()
    assert "these errors and intervals are no test of the model" in told.out
    assert "less than they say" not in told.out


def test_zero_shot_forecasts_columns_that_the_model_never_saw(
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = "realdpi,realgovt,realinv,m1,tbilrate,unemp"
    asked = ("--csv", "macrodata", "--zero-shot", columns)
    told = json_of(capsys, "forecast", "--model", MODEL, *asked)
    assert told == dx.forecast(MODEL, "macrodata", zero_shot=columns).to_dict()
    assert main(["backtest", MODEL, *asked]) == 0
    out = capsys.readouterr().out
    assert "realdpi, realgovt, realinv and 3 more of US economy, quarterly, by scales of" in out
    assert "means with 95% intervals over 36 origins, blocks of 8; the model less each" in out
    line = next(line for line in out.splitlines() if line.startswith("realdpi       drift"))
    assert line.split()[-1] in ("better", "worse", "apart")
    assert "realdpi as realgdp" in out
    assert main(["backtest", "--csv", "macrodata", "--zero-shot", "m1"]) == 2
    assert "--zero-shot needs the name of a model" in capsys.readouterr().err


def test_backtest_prints_a_row_a_series_and_horizon(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", MODEL]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("macrodata-lstm on US economy, quarterly, 36 origins, 1998Q4 to")
    assert lines[1] == "realgdp: Real GDP, billions of 2005 dollars"
    assert lines[4].split() == ["series", "ahead", "model", "random", "walk", "seasonal", "naive",
                                "AR"]  # fmt: skip
    rows = [line.split() for line in lines[5:29]]
    assert [row[:2] for row in rows[:2]] == [["realgdp", "1"], ["realgdp", "2"]]
    card = find(MODEL, "forecast").trained.card["metrics"]
    mean = sum(float(row[2]) for row in rows) / len(rows)
    assert mean == pytest.approx(card["test/mase"], rel=1e-2)
    ar = sum(float(row[-1]) for row in rows) / len(rows)
    assert ar == pytest.approx(card["test/mase_ar"], rel=1e-2)
    assert main(["backtest", MODEL, "--measure", "coverage"]) == 0
    assert "cpi: the 50% intervals hold 3" in capsys.readouterr().out
    found = json_of(capsys, "backtest", MODEL)
    assert isinstance(found, list)
    assert len(found[0]["coverage"]) == 24
    assert found[0]["mean_mase"]["model"] == pytest.approx(card["test/mase"], rel=1e-3)
    assert lines[32].split()[:2] == ["all", "mean"]
    every = [float(value) for value in lines[32].split()[2:]]
    assert every == pytest.approx(list(found[0]["mean_mase"].values()), rel=1e-3)


def test_explain_series_prints_totals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["explain", "--series", "own", "--model", MODEL, "--method", "integrated-gradients",
             "--target", "unemp", "--horizon", "4", "--origin", "2007-01"]  # fmt: skip
    told = json_of(capsys, *asked)
    assert isinstance(told, dict)
    assert told["step"] == 4
    assert sum(told["by_series"].values()) == pytest.approx(told["total"])
    assert sum(told["by_lag"]) == pytest.approx(told["total"])
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert ", 4 ahead: unemp (Unemployment rate, percent) is forecast to change by " in out
    assert " percentage points until 2008Q1." in out
    assert "completeness error" in out
    assert "sum, from a baseline of" in out
    assert main([*asked, "--out", str(tmp_path / "a.csv")]) == 0
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["value"]) for row in rows[:12]] == pytest.approx(told["values"]["realgdp"])
    assert (rows[0]["lag"], rows[11]["lag"], rows[11]["date"]) == ("11", "0", "2007-01-01")
    assert main(["methods", "--series"]) == 0
    assert "occlusion" in capsys.readouterr().out


def test_a_width_is_told_as_trained_and_calibrated(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["explain", "--series", "own", "--model", MODEL, "--method", "occlusion",
             "--origin", "2007Q3", "--what", "width-80"]  # fmt: skip
    told = json_of(capsys, *asked)
    assert isinstance(told, dict)
    for key, kind in (("change", "trained"), ("calibrated", "calibrated")):
        here = dx.forecast(MODEL, "own", "2007Q3", intervals=kind)
        low, high = (end[-1, 0] for end in here.interval(80))
        assert told[key] == pytest.approx(100 * np.log(high / low), rel=1e-4)
    assert told["calibrated"] > told["change"]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert "The width of the 80% interval of realgdp (Real GDP, billions of 2005 dollars) in" in out
    assert " is 5.33% as trained, 8.87% calibrated; calibration moves both ends by the same" in out
    assert "changes by" not in out
    plain = json_of(capsys, *asked[:-2])
    assert isinstance(plain, dict)
    assert plain["calibrated"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("forecast --model none", 'unknown forecaster "none"'),
        ("forecast --horizon 99", "horizon is 99; the model forecasts 1 to 8 periods ahead"),
        ("forecast --horizon 0", "horizon is 0; the model forecasts 1 to 8 periods ahead"),
        ("explain --series own --method occlusion --horizon 0", "step is 0; the model forecasts 1"),
        ("forecast --csv lost.csv", "lost.csv is not there"),
        ("forecast --model fred-gru --csv own", "is not here"),
        ("backtest none", 'unknown forecaster "none"'),
        ("forecast --csv macrodata --zero-shot m1", "cannot forecast m1 alone: it reads 6 series"),
        ("explain --series own --method magic", 'unknown method for a series "magic"'),
        ("explain --series own --text a --method occlusion", "one of the three"),
        ("explain --series own --method occlusion --target gold", 'does not forecast "gold"'),
        ("explain --series own --method occlusion --set length=0", 'length is "0"'),
        ("explain --series own --method occlusion --png a.png", "--png is for pictures"),
        (
            "explain --series own --method occlusion --out a.npz",
            '--out is "a.npz"; of a forecast it takes a name that ends in .csv',
        ),
        ("explain --series own --method occlusion --out /none/a.csv", "a.csv cannot be written"),
        ("explain --series own --method occlusion --contrast a", "--contrast is for classes"),
    ],
)
def test_a_wrong_call_is_one_line(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 2
    told = capsys.readouterr().err
    assert said in told
    assert len(told.splitlines()) == 1
