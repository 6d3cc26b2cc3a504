"""A real Chromium: a date is translated, a token asked about, an address shared; nothing is wider
than the window."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.dashboard import SLOW, serving, told

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


def test_a_date_is_translated_and_asked_about(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        for width in (1440, 400):
            page = browser.new_page(viewport={"width": width, "height": 1000})
            page.set_default_timeout(SLOW)
            page.goto(f"{address}/translation?model=dates-gru-attention")
            heading = page.get_by_role("heading", name="1987-05-03", exact=True)
            expect(heading).to_be_visible(timeout=SLOW)
            error = page.get_by_text(re.compile("completeness error"))
            expect(error).to_be_visible(timeout=SLOW)
            expect(page.locator(".js-plotly-plot .heatmaplayer image")).to_have_count(
                1, timeout=SLOW
            )
            expect(page.get_by_text(re.compile("chance alone reaches"))).to_be_visible()
            page.get_by_text("Tue Dec 31 1999", exact=True).click()
            expect(page.get_by_role("heading", name="1999-12-31", exact=True)).to_be_visible(
                timeout=SLOW
            )
            page.wait_for_url(re.compile("text=Tue"))
            page.wait_for_timeout(1000)
            over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert over <= 0
            page.close()
    assert "Traceback" not in told(tmp_path)
