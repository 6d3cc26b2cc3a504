"""A real Chromium: a spike is planted, a forecaster learns it, and the methods are judged by it."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.dashboard import SLOW, over, serving, told

HEADING = "Which methods point at the mark"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


def test_a_shortcut_is_planted_learnt_and_pointed_at(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(SLOW)
        page.goto(f"{address}/shortcut_lab?input=series&examples=5")
        expect(page.get_by_text("No model of series with a planted shortcut yet")).to_be_visible()
        page.get_by_role("button", name="Plant and train").click()
        expect(page.get_by_role("heading", name=HEADING)).to_be_visible(timeout=SLOW)
        expect(page.get_by_text("mean of 5 test examples with 95% intervals")).to_be_visible()
        expect(page.locator(".js-plotly-plot .barlayer").first).to_be_attached()
        assert over(page) <= 0
        seen = page.url
        assert "run=" in seen
        page.close()
        page = browser.new_page(viewport={"width": 400, "height": 1000})
        page.set_default_timeout(SLOW)
        page.goto(seen)  # the run's address shows its answer again
        expect(page.get_by_role("heading", name=HEADING)).to_be_visible(timeout=SLOW)
        assert over(page) <= 0
        page.close()
    assert "Traceback" not in told(tmp_path)
