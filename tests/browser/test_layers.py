"""A real Chromium: a network is taken apart, a channel's picture is made and the making stopped."""

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


def test_a_network_is_taken_apart(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        page = browser.new_page(viewport={"width": 400, "height": 900})
        page.set_default_timeout(SLOW)
        page.goto(f"{address}/layers?model=digits-cnn")
        expect(page.get_by_text("53.1 thousand")).to_be_visible()
        expect(page.locator("svg .node").first).to_be_attached()  # the graph
        assert page.locator("svg .node").count() == 14
        assert over(page) <= 0
        page.get_by_role("radio", name="Feature maps").click()
        expect(page.get_by_text("the 16 most active of 32 channels")).to_be_visible()
        tile = page.locator('img[alt^="channel"]').first
        assert tile.evaluate("picture => picture.naturalWidth") >= 112
        assert over(page) <= 0
        page.get_by_role("radio", name="Convolution").click()
        expect(page.get_by_text(re.compile("Worked out in 64 bits"))).to_be_visible()
        assert page.locator("table").count() >= 3  # patch, kernel, pooling
        assert over(page) <= 0
        page.get_by_role("radio", name="A channel").click()
        expect(page.get_by_text(re.compile("Of 359: Digits"))).to_be_visible()
        page.get_by_text("How it is made").click()
        steps = page.get_by_role("spinbutton", name="Steps")
        steps.fill("4000")
        steps.press("Enter")
        page.get_by_role("button", name="Make it").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Cancelled.")).to_be_visible()
        assert over(page) <= 0
        assert "view=channel" in page.url
        page.close()
    assert "Traceback" not in told(tmp_path)
