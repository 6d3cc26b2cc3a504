"""Boxes and regions in a real browser: a click chooses one, and its maps are drawn."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

import dlexplain as dx
from dlexplain.data.samples import sample_path
from tests.browser.dashboard import FLAGS, SLOW, serving, settled, told
from tests.own_objects import save

PICTURE = str(sample_path("coffee"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with serving(tmp_path) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        opened = chromium.new_page(viewport={"width": 1440, "height": 1600}, base_url=address)
        opened.set_default_timeout(SLOW)
        yield opened
        chromium.close()
    assert "Traceback" not in told(tmp_path)
    assert "Session State API" not in told(tmp_path)


def click(page: Page, across: float, down: float) -> None:
    """At a place of the picture, as parts of its sides."""
    picture = page.locator(".js-plotly-plot .nsewdrag").first
    box = picture.bounding_box()
    assert box is not None
    picture.click(position={"x": across * box["width"], "y": down * box["height"]})


def test_a_click_chooses_a_box(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "yolos"
    save("yolos", folder)
    boxes = dx.predict(dx.load(str(folder)), PICTURE).boxes
    height, width = 400, 600
    # A place that lies in one box alone, and not in the first, which stands chosen.
    alone = [
        (x, y, [b for b in boxes if b.left < x < b.right and b.top < y < b.bottom])
        for x in range(10, width, 20)
        for y in range(10, height, 20)
    ]
    x, y, (wanted,) = next(one for one in alone if len(one[2]) == 1 and one[2][0].number != 1)
    page.goto(f"/objects?model={folder}&sample=coffee&methods=saliency")
    page.get_by_text("in box 1").wait_for()
    settled(page)
    click(page, x / width, y / height)
    expect(page.get_by_text(f"in box {wanted.number}")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile(f"box={wanted.number}"), timeout=SLOW)


@pytest.mark.slow
def test_a_click_chooses_a_region(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "segformer"
    save("segformer", folder)
    found = dx.predict(dx.load(str(folder)), PICTURE)
    other = found.regions[1].name
    page.goto(f"/objects?view=regions&model={folder}&sample=coffee&methods=saliency")
    page.get_by_text(f"in the region of {found.regions[0].name.label}").wait_for()
    settled(page)
    side = len(found.classes)
    rows, columns = (found.classes == other.index).nonzero()
    # The one of its places that has the most of the same around it.
    around = [
        (found.classes[max(0, r - 2) : r + 3, max(0, c - 2) : c + 3] == other.index).sum()
        for r, c in zip(rows, columns, strict=True)
    ]
    best = max(range(len(around)), key=around.__getitem__)
    click(page, (columns[best] + 0.5) / side, (rows[best] + 0.5) / side)
    expect(page.get_by_text(f"in the region of {other.label}")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile(f"region={other.index}"), timeout=SLOW)
