"""Attention in a real browser: a click on a head opens it, a hover says where a token looks."""

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.dashboard import FLAGS, SLOW, serving, settled, told

ADDRESS = "attention?attending=sst2-minilm&text=A+gripping+film+that+never+feels+long."
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with serving(tmp_path) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        opened = chromium.new_page(viewport={"width": 1440, "height": 1600})
        opened.set_default_timeout(SLOW)
        opened.goto(f"{address}/{ADDRESS}")
        yield opened
        chromium.close()
    assert "Traceback" not in told(tmp_path)
    assert "Session State API" not in told(tmp_path)


def test_a_head_is_opened_by_a_click_and_tokens_tell_where_they_look(page: Page) -> None:
    page.get_by_text(re.compile("Spearman's rank correlation of 8 tokens")).wait_for()
    settled(page)
    board = page.locator(".js-plotly-plot .nsewdrag").first
    box = board.bounding_box()
    assert box is not None
    # Layer 2, head 9 of 6 x 12, which looks at the token after.
    place = {"x": box["width"] * 8.5 / 12, "y": box["height"] * 1.5 / 6}
    board.hover(position=place)
    expect(page.locator(".hoverlayer").get_by_text("layer 2, head 9")).to_be_visible(timeout=SLOW)
    board.click(position=place)
    head = page.get_by_role("combobox", name="Head")
    expect(head).to_have_value("9, looks at the token after", timeout=SLOW)
    expect(page).to_have_url(re.compile("attention=head.*layer=2.*head=9"), timeout=SLOW)
    settled(page)
    links = page.locator(".js-plotly-plot").nth(1)
    links.locator(".scatterlayer .trace").nth(-2).locator("path.point").nth(3).hover(force=True)
    expect(links.locator(".hoverlayer").get_by_text("film looks at")).to_be_visible(timeout=SLOW)
    page.get_by_role("radio", name="gripping").click()
    expect(page.get_by_text("Where “gripping” looks")).to_be_visible(timeout=SLOW)
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Weights").click()
    with np.load(io.BytesIO(Path(download.value.path()).read_bytes())) as saved:
        assert saved["attention"].shape == (6, 12, 10, 10)
        assert saved["tokens"].tolist()[:3] == ["[CLS]", "A", "gripping"]
