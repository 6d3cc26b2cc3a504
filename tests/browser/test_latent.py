"""A real Chromium: a digit is drawn and goes through the model, a slider changes the picture."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.dashboard import SLOW, over, serving, told

expect.set_options(timeout=SLOW)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


def draw_a_seven(page: Page) -> None:
    pad = page.get_by_label("Drawing pad")
    box = pad.bounding_box()
    assert box is not None
    places = [(0.2, 0.2), (0.8, 0.2), (0.4, 0.85)]
    x, y = (box["x"] + places[0][0] * box["width"], box["y"] + places[0][1] * box["height"])
    page.mouse.move(x, y)
    page.mouse.down()
    for across, down in places[1:]:
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"], steps=6)
    page.mouse.up()


def test_a_digit_is_drawn_and_made_anew(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        page = browser.new_page(viewport={"width": 400, "height": 900})
        page.set_default_timeout(SLOW)
        page.goto(f"{address}/latent")
        expect(page.get_by_text("How unusual is it?")).to_be_visible()
        page.get_by_role("radio", name=re.compile("Draw")).click()
        expect(page.get_by_text("Upload, photograph or draw a picture above")).to_be_visible()
        draw_a_seven(page)
        expect(page.get_by_text("What the model sees: drawing")).to_be_visible()
        expect(page.get_by_text("its ink cut out, made white and centred")).to_be_visible()
        assert over(page) <= 0
        page.get_by_role("radio", name="Dimensions").click()
        expect(page.get_by_text(re.compile("of 16 dimensions are used"))).to_be_visible()
        expect(page.get_by_label("Drawing pad")).to_be_visible()
        made = page.get_by_role("img").and_(page.locator("img")).first
        before = str(made.get_attribute("src"))
        page.get_by_role("slider").first.focus()
        page.keyboard.press("ArrowRight")
        expect(made).not_to_have_attribute("src", before)
        assert over(page) <= 0
        page.goto(f"{address}/latent?model=mnist-gan&picture=2")
        expect(page.get_by_text("It is no copy")).to_be_visible()
        expect(page.get_by_text(re.compile("Completeness error"))).to_be_visible()
        assert over(page) <= 0
        page.close()
    assert "Traceback" not in told(tmp_path)
