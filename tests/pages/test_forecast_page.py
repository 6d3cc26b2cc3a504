"""The page of forecasts: it forecasts at once, explains, is tested, and says what is wrong."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.results.words import written
from dlexplain.services.forecast.sources import example_csv
from dlexplain.trained.catalogue import find

PAGE = str(Path(__file__).parents[2] / "pages/explain/6_forecast.py")
FRED = "fred-gru"


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    return ended(page.run())


def ended(page: AppTest, seconds: float = 60) -> AppTest:
    """Run again until the page's jobs are done, as its fragments do by themselves."""
    stop = time.monotonic() + seconds
    while any(job.active for job in jobs(page)):
        assert time.monotonic() < stop, "the jobs did not end"
        time.sleep(0.1)
    page.run()
    assert not page.exception
    return page


def files(page: AppTest) -> list[str]:
    """Downloads but those of the menus in the charts' corners."""
    buttons = page.get("download_button")
    return [b.label for b in buttons if not b.proto.id.rpartition("-print-")[1]]


def jobs(page: AppTest) -> list[Any]:
    found = []
    if "forecast-why" in page.session_state:
        found += page.session_state["forecast-why"].jobs
    if "forecast-backtest" in page.session_state:
        found.append(page.session_state["forecast-backtest"].job)
    return found


def said(page: AppTest) -> str:
    return " ".join(e.value for e in [*page.caption, *page.markdown, *page.info])


def test_it_forecasts_real_series_at_once() -> None:
    page = opened()
    assert page.session_state["forecast-model"] == "macrodata-lstm"
    assert page.session_state["forecast-source"] == "own"
    assert "is forecast at" in said(page)
    assert "values lay within their 80% intervals" in said(page)
    assert "in 2009Q3, with an 80% interval from " in said(page)
    assert "**test period**, origins from 1998Q4 on" in said(page)
    assert page.query_params["origin"] in ("2007-07-01", ["2007-07-01"])
    assert not page.error


def test_the_origin_moves_back_in_time_and_is_in_the_address() -> None:
    page = opened(origin="1975-01-01", target="unemp")
    assert "in 1977Q1, with an 80%" in said(page)
    assert "trained on this period" in said(page)
    page.select_slider(key="forecast-origin").set_value("1990-01-01").run()
    assert "**validation period**, origins 1987Q4 to 1998Q3" in said(page)
    page.select_slider(key="forecast-origin").set_value("1998-10-01").run()
    assert "**test period**, origins from 1998Q4 on" in said(page)
    assert page.query_params["origin"] in ("1998-10-01", ["1998-10-01"])


def test_a_monthly_model_has_made_up_series_where_fred_md_is_not_here() -> None:
    page = opened(model=FRED)
    assert page.session_state["forecast-source"] == "example"
    assert "drawn at random" in said(page)
    assert "is forecast at" in said(page)
    assert "are no test of the model" in said(page)
    assert "test period" not in said(page) and "values lay within" not in said(page)
    page.selectbox(key="forecast-source").set_value("own").run()
    assert not page.exception
    assert "FRED-MD) is not here: a run fetches it once" in said(page)
    assert any(button.label == "Fetch them" for button in page.button)


def test_a_forecast_is_explained_by_methods_side_by_side() -> None:
    page = opened(view="why", step="4", target="cpi")
    done = [job.result for job in jobs(page)]
    assert [one.method for one in done] == ["integrated-gradients", "shap-sampling"]
    assert all((one.target, one.step) == ("cpi", 4) for one in done)
    assert "Consumer price index is forecast to change by" in said(page)
    assert "completeness error" in said(page)
    assert "From a baseline of " in said(page) and "the values below add " in said(page)
    assert "answer different questions" in said(page)
    assert files(page)[-2:] == ["CSV", "JSON"]
    page.selectbox(key="forecast-what").set_value("width-80").run()
    page = ended(page)
    assert jobs(page)[0].result.what == "width-80"
    text = said(page)
    assert "The width of the 80% interval of Consumer price index" in text
    assert "% as trained, " in text and "% calibrated; calibration moves both ends" in text
    assert page.query_params["what"] in ("width-80", ["width-80"])


def test_the_backtest_is_honest_about_errors_and_coverage() -> None:
    page = opened(view="backtest", target="unemp")
    result = jobs(page)[0].result
    assert result.tested.forecasters == ("model", "random walk", "seasonal naive", "AR")
    text = said(page)
    means = result.tested.mase[:, :, 2].mean(axis=1)
    beaten = ["the model is best", "random walk beats the model", "seasonal naive beats the model",
              "AR beats the model"][int(np.argmin(means))]  # fmt: skip
    assert beaten in text.replace("**", "")
    means = [mean for mean in result.means if mean.series == "unemp"]
    table = page.dataframe[0].value
    assert table["So the model is"].tolist() == [mean.verdict for mean in means]
    assert table["Mean MASE"][0].startswith(f"{means[0].mase.value:.3g} [")
    assert "n = 36 origins" in text and "blocks of 8 origins" in text
    table = page.dataframe[1].value
    assert table["unemp, as trained"][0] == f"{result.tested.coverage[0][:, 2].mean():.0%}"
    assert table["unemp, calibrated"][1] == f"{result.calibrated[1][:, 2].mean():.0%}"
    assert table["all series, calibrated"][2] == f"{result.calibrated[2].mean():.0%}"
    assert "unemp, made by calibration" in table
    poor = [
        f"{level}% hold {result.calibrated[place][:, 2].mean():.0%}"
        for place, level in enumerate((95, 80, 50))
        if result.calibrated[place][:, 2].mean() < level / 100 - 0.05
    ]
    warned = " ".join(warning.value for warning in page.warning)
    assert all(part in warned for part in poor) and bool(poor) == bool(warned)
    assert "more than 5 points below what the interval says" in text


def test_a_past_value_is_changed() -> None:
    page = opened(view="change", target="unemp")
    assert "Type another value above" in said(page)
    page.selectbox(key="forecast-change-series").set_value("unemp").run()
    field = next(n for n in page.number_input if str(n.key).startswith("forecast-change-value"))
    field.set_value(field.value + 1).run()
    assert not page.exception
    assert "With unemp of 2007Q3 at" in said(page)
    assert "instead of" in said(page)
    assert files(page) == ["CSV"]


def test_a_backtest_of_made_up_series_is_no_test() -> None:
    page = opened(view="backtest", series="example")
    assert "**no test of the model**" in said(page)
    assert "Mean MASE" not in said(page) and not page.warning


def test_a_change_outlives_the_view_and_is_in_the_address() -> None:
    page = opened(view="change", change="unemp:2007Q2:6.5", origin="2007Q3")
    assert "With unemp of 2007Q2 at 6.5, " in said(page)
    assert page.selectbox(key="forecast-change-series").value == "unemp"
    assert page.query_params["change"] in ("unemp:2007-04-01:6.5", ["unemp:2007-04-01:6.5"])
    field = next(n for n in page.number_input if str(n.key).startswith("forecast-change-value"))
    assert field.label == "is (percent)"
    page.segmented_control(key="forecast-view").set_value("forecast").run()
    assert "change" not in page.query_params
    page.segmented_control(key="forecast-intervals").set_value("trained").run()
    assert page.query_params["intervals"] in ("trained", ["trained"])
    page.segmented_control(key="forecast-view").set_value("change").run()
    assert not page.exception
    assert "With unemp of 2007Q2 at 6.5, " in said(page)
    page.button(key="forecast-undo").click().run()
    assert not page.exception
    assert "Type another value above" in said(page)
    assert "change" not in page.query_params
    assert opened(intervals="trained").session_state["forecast-intervals"] == "trained"


@pytest.mark.parametrize("wrong", ["unemp", "gold:2007Q2:1", "unemp:1950Q1:1", "unemp:2007Q2:x"])
def test_a_change_that_cannot_be_asked_for_is_told(wrong: str) -> None:
    text = told(view="change", change=wrong, origin="2007Q3")
    assert f'change is "{wrong}"; SERIES:PERIOD:VALUE is accepted' in text
    assert "a period from 2004Q4 to 2007Q3" in text


def test_edits_of_the_whole_window_outlive_the_view() -> None:
    window = pd.DataFrame({"date": ["2007-07-01", "2007-04-01"], "a": [1.0, 2.0]})

    def shown() -> AppTest:
        def script() -> None:
            import streamlit as st

            from dlexplain.ui.forecast.change import _begun

            st.session_state["found"] = _begun("table", st.session_state["window"], 4)

        page = AppTest.from_function(script)
        page.session_state["window"] = window
        return page

    page = shown().run()
    assert page.session_state["found"]["period"].tolist() == ["2007Q3", "2007Q2"]
    edited = page.session_state["found"].assign(a=[1.0, 5.0])
    page.session_state["table-edited"] = edited
    page.session_state["table"] = {"edited_rows": {}}  # it is drawn: what it began with stays
    assert page.run().session_state["found"]["a"].tolist() == [1, 2]
    del page.session_state["table"]
    assert page.run().session_state["found"]["a"].tolist() == [1, 5]


@pytest.mark.parametrize(
    ("model", "expected"),
    [("macrodata-lstm", "Hidden units"), ("macrodata-transformer", "where its attention went")],
)
def test_it_shows_what_is_inside(model: str, expected: str) -> None:
    page = opened(view="inside", model=model)
    assert expected in said(page)
    if model == "macrodata-lstm":
        page.segmented_control(key="forecast-part-lstm").set_value("forget").run()
        assert not page.exception
        assert "**Forget gate** over the window" in said(page)


def uploaded(content: bytes, name: str = "mine.csv") -> AppTest:
    page = opened(model=FRED, series="upload")
    assert "Drop a CSV above" in said(page)
    page.file_uploader(key="forecast-file").set_value((name, content, "text/csv")).run()
    assert not page.exception
    return page


def test_a_csv_of_ones_own_is_forecast() -> None:
    page = uploaded(example_csv(find(FRED, "forecast").trained).encode())
    assert not page.error
    assert "is forecast at" in said(page)


def test_series_that_it_never_saw_are_forecast_and_tested() -> None:
    page = opened(series="unseen")
    assert "reads 6 series at once and what it says of one hangs on the others" in said(page)
    fields = [field for field in page.selectbox if "unseen-column" in str(field.key)]
    assert [field.value for field in fields] == list(
        find("macrodata-lstm", "forecast").trained.facts["series"]
    )
    assert "Not new to the model, as it was trained on series so named: realgdp" in said(page)
    fields[0].set_value("realdpi").run()
    assert not page.exception
    assert page.segmented_control(key="forecast-target").options == ["realdpi", "cpi", "unemp"]
    assert "Real disposable income is forecast at" in said(page)
    assert "Read and transformed in these places: realdpi as realgdp" in said(page).replace(
        "\\", ""
    )
    assert "neither scales nor intervals know anything of it" in said(page)
    columns = page.query_params["columns"]
    assert "realdpi,realcons,realinv,cpi,tbilrate,unemp" in columns
    page.segmented_control(key="forecast-view").set_value("backtest").run()
    page = ended(page)
    assert jobs(page)[0].result.tested.forecasters[-1] == "drift"
    assert "what the scales say without the network" in said(page)
    for view in ("why", "change", "inside"):
        page.segmented_control(key="forecast-view").set_value(view).run()
        page = ended(page)
        assert not page.error
    again = opened(series="unseen", columns="realgovt,realcons,realinv,cpi,tbilrate,unemp")
    assert "Real government spending is forecast at" in said(again)


def test_what_is_to_be_chosen_of_series_that_it_never_saw_is_said() -> None:
    page = opened(series="unseen")
    key = "forecast-unseen-column-macrodata-lstm-5"
    page.selectbox(key=key).set_value(None).run()
    assert "Choose a column for unemp." in said(page)
    page.selectbox(key=key).set_value("cpi").run()
    assert [error.value for error in page.error] == [
        'column "cpi" is named more than once; each stands for one series'
    ]
    page.selectbox(key="forecast-unseen-from").set_value("csv").run()
    assert "Drop a CSV above: one row a period, with the series to be forecast." in said(page)
    page.selectbox(key="forecast-unseen-from").set_value("fred-md").run()
    assert not page.exception and len(page.error) == 1
    assert "FRED-MD" in page.error[0].value


def bad(text: str) -> dict[str, bytes]:
    lines = text.splitlines()
    quarterly = "\n".join([lines[0], *lines[1::3]])
    return {
        "the file is empty": b"",
        "is quarterly; this model reads monthly series": quarterly.encode(),
        "there is no series UNRATE": text.replace("UNRATE", "JOBS").encode(),
        "rows; at least 37 are needed": "\n".join(lines[:20]).encode(),
        "each period needs a row": "\n".join(lines[:9] + lines[12:]).encode(),
        "stands 2 times": "\n".join([*lines[:9], lines[8], *lines[9:]]).encode(),
    }


def test_bad_files_are_one_sentence() -> None:
    page = opened(model=FRED, series="upload")
    for sentence, content in bad(example_csv(find(FRED, "forecast").trained)).items():
        page.file_uploader(key="forecast-file").set_value(("mine.csv", content, "text/csv")).run()
        assert not page.exception
        assert [sentence in error.value for error in page.error] == [True], page.error
        assert "\n" not in page.error[0].value


def told(**query: str) -> str:
    """What is said of an address when it is opened."""
    page = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return " ".join(warning.value for warning in page.warning)


def test_an_address_that_asks_for_what_is_not_there_is_told() -> None:
    text = told(model="gpt", view="dream", origin="1850-01-01", target="gold", series="moon")
    for part in ('unknown forecaster "gpt"', 'unknown view "dream"', 'origin is "1850-01-01"',
                 'does not forecast "gold"', 'unknown series "moon"'):  # fmt: skip
        assert part in text
    text = told(view="why", step="99", what="mode", **{"forecast-methods": "magic"})
    for part in ('step is "99"', 'unknown quantity "mode"', 'unknown method of series "magic"'):
        assert part in text


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [
        (13321.4, False, "13,321"),
        (-1533.2, True, "−1,533"),
        (5.41712, True, "+5.417"),
        (-0.00001234, False, "−0.00001234"),
        (0.0, True, "0"),
        (999.96, False, "1,000"),
    ],
)
def test_numbers_have_no_exponent(value: float, signed: bool, text: str) -> None:
    assert written(value, signed) == text


def test_series_have_long_names_and_their_quarters() -> None:
    page = opened()
    assert "realgdp: Real GDP, billions of 2005 dollars." in said(page)
    assert "2007Q3, Real GDP is forecast" in said(page)
    assert list(page.dataframe[0].value["period"][:2]) == ["2007Q4", "2008Q1"]
    assert page.query_params["origin"] in ("2007-07-01", ["2007-07-01"])
