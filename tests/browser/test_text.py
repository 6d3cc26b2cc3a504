"""The text page in a real Chromium: colours, a word dropped, the fewest words, a CSV."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard import SLOW

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


def test_a_typed_text_is_explained_and_changed(server: str, page: Page) -> None:
    page.goto(f"{server}/text?classifier=sst2-cnn&by=leave-one-out")
    area = page.get_by_role("textbox", name="Text", exact=True)
    expect(area).to_be_visible(timeout=SLOW)
    area.fill("a dull, dull film")
    area.press("Control+Enter")
    expect(page.get_by_role("heading", name="negative")).to_be_visible(timeout=SLOW)
    dull = page.locator('span[title^="dull: +"]')
    expect(dull).to_have_count(2, timeout=SLOW)
    expect(dull.first).to_have_attribute("style", re.compile(r"rgba\(178, ?24, ?43"))  # red
    for place in range(2):
        page.get_by_role("button", name=re.compile("^dull")).nth(place).click()
    expect(page.get_by_text("The class turns to positive")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Find the fewest words to drop").click()
    expect(page.get_by_text("No smaller set does it.")).to_be_visible(timeout=SLOW)
    assert "text=a+dull" in page.url


def test_a_curve_behind_the_facts_is_drawn_in_place(server: str, page: Page) -> None:
    """The control is first drawn after the page's script; what is chosen must hold in the next."""
    page.goto(f"{server}/text?classifier=sst2-cnn&by=leave-one-out&text=a+dull,+dull+film")
    page.get_by_text("What was measured").click(timeout=SLOW)
    page.get_by_role("radio", name="Insertion").click()
    expect(page.get_by_text("Insertion: ")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("share that the model is given")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("radio", name="Insertion")).to_be_checked()


def test_a_csv_of_texts_is_explained(server: str, page: Page, tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text("text\n" + "a dull film\ngreat fun\n\n" * 5)
    page.goto(f"{server}/text?classifier=sst2-cnn&mode=table")
    page.locator('input[type="file"]').set_input_files(str(file))
    page.get_by_role("button", name="Explain 10 texts").click()
    expect(page.get_by_text("10 texts in")).to_be_visible(timeout=SLOW)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all rows").click()
    rows = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert rows[1].startswith("1,a dull film,negative,0.9")
