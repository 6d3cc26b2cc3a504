"""A real Chromium: a model writes before one's eyes, is stopped, and shows a text in colours."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.dashboard import SLOW, over, serving, told

expect.set_options(timeout=SLOW)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


def test_a_model_writes_is_stopped_and_read(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        page = browser.new_page(viewport={"width": 400, "height": 900})
        page.set_default_timeout(SLOW)
        page.goto(f"{address}/writing?model=ptb-rnn&count=1000")
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_text(re.compile(r"Stopped after [\d,]+ tokens"))).to_be_visible()
        written = page.locator("span[title]")
        count = written.count()
        assert 0 < count < 1000
        assert "background" in str(written.first.get_attribute("style"))
        assert len(str(written.first.get_attribute("title")).splitlines()) == 11
        assert over(page) <= 0
        page.get_by_role("radio", name=re.compile("Read")).click()
        expect(page.get_by_text("Perplexity", exact=True)).to_be_visible()
        expect(page.get_by_text(re.compile("completeness error"))).to_be_visible()
        assert over(page) <= 0
        page.get_by_role("radio", name=re.compile("Gradient reach")).click()
        expect(page.get_by_text(re.compile("the gradient falls below")).first).to_be_visible()
        assert over(page) <= 0
        assert "view=reach" in page.url
        page.close()
    assert "Traceback" not in told(tmp_path)
