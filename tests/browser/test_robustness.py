"""A real Chromium: what comes along at once, a second model, a result computed and downloaded."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from dlexplain.results import Robustness
from tests.browser.dashboard import SLOW, over, serving, told

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


def test_a_result_is_shown_compared_and_computed(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(SLOW)
        page.goto(f"{address}/robustness?model=digits-cnn&beside=mnist-cnn&count=6")
        expect(page.get_by_text("mnist-cnn gets")).to_be_visible(timeout=SLOW)
        expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=SLOW)
        assert not over(page)
        if "SHOTS" in os.environ:
            page.screenshot(path=f"{os.environ['SHOTS']}/robustness.png", full_page=True)
        page.get_by_role("button", name="Compute", exact=True).click()
        expect(page.get_by_text("of 6 pictures right as they are")).to_be_visible(timeout=SLOW)
        with page.expect_download() as download:
            page.get_by_role("button", name="JSON", exact=True).click()
        found = Robustness.from_dict(json.loads(Path(download.value.path()).read_text()))
        assert found.done == found.count == 6
        page.close()
    assert "Traceback" not in told(tmp_path)
