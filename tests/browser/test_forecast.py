"""A real Chromium: a forecast at once, from an earlier origin, explained; bad and good files."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dlexplain.services.forecast.sources import example_csv
from dlexplain.trained.catalogue import find
from tests.browser.dashboard import SLOW, over

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


def test_a_forecast_is_shown_explained_and_made_of_ones_own_file(
    page: Page, server: str, tmp_path: Path
) -> None:
    expect.set_options(timeout=SLOW)
    page.set_viewport_size({"width": 400, "height": 900})
    page.goto(f"{server}/forecast?origin=2005-01-01&target=unemp")
    expect(page.get_by_text(re.compile("Unemployment rate is forecast at"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"values lay within their 80%"))).to_be_visible()
    slider = page.get_by_role("slider", name="Forecast made in")
    slider.focus()
    slider.press("ArrowLeft")
    expect(page).to_have_url(re.compile("origin=2004-10-01"))
    assert over(page) <= 0
    page.get_by_role("radio", name="Why").click()
    expect(page.get_by_text(re.compile("completeness error")).first).to_be_visible()
    expect(page.locator(".js-plotly-plot .heatmaplayer").first).to_be_attached()
    assert over(page) <= 0
    assert "view=why" in page.url
    page.goto(f"{server}/forecast?model=fred-gru&series=upload")
    lines = example_csv(find("fred-gru", "forecast").trained).splitlines()
    for name, kept in (("holes.csv", lines[:9] + lines[12:]), ("good.csv", lines)):
        file = tmp_path / name
        file.write_text("\n".join(kept))
        page.locator("input[type=file]").set_input_files(file)
        told = "each period needs a row" if name == "holes.csv" else "rate is forecast at"
        expect(page.get_by_text(re.compile(told))).to_be_visible()
    assert over(page) <= 0
