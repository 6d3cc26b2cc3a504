"""A real Chromium: a ZIP is explained as it grows, cancelled, gone on with, and downloaded."""

import io
import os
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.dashboard import SLOW, over, serving, told
from tests.digit_files import digits_zip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


def asked(page: Page, address: str, file: Path, **query: str) -> None:
    more = "".join(f"&{key}={value}" for key, value in query.items())
    page.set_default_timeout(SLOW)
    page.goto(f"{address}/many_pictures?model=digits-cnn{more}")
    expect(page.get_by_text("Give a ZIP of pictures")).to_be_visible(timeout=SLOW)
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name=re.compile(r"Explain \d+ pictures")).click()


def tiles(page: Page) -> Locator:
    return page.locator("img[alt*='.png']")


def test_a_zip_is_explained_and_a_job_goes_on(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "digits.zip"
    file.write_bytes(digits_zip(120, {"3/<b>bad.png": b"no picture"}))
    with serving(tmp_path) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        asked(page, address, file, method="rise")
        expect(tiles(page).first).to_be_visible(timeout=SLOW)  # while it goes on
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text(re.compile(r"\d+ of 121 pictures"))).to_be_visible(timeout=SLOW)
        page.close()
        for width in (1440, 400):
            page = browser.new_page(viewport={"width": width, "height": 1000})
            asked(page, address, file)
            everything = page.get_by_role("button", name="Everything")
            expect(everything).to_be_visible(timeout=SLOW)
            expect(page.get_by_text("120 pictures", exact=True)).to_be_visible(timeout=SLOW)
            expect(page.get_by_text("<b>bad.png is text", exact=False)).to_be_visible()
            expect(tiles(page)).to_have_count(60, timeout=SLOW)
            assert over(page) <= 0
            with page.expect_download() as download:
                everything.click()
            names = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())).namelist()
            assert {"answers.csv", "contact-sheet.png", "report.html", "recipe.json"} < {*names}
            page.get_by_text("Table", exact=True).first.click()
            expect(page.get_by_test_id("stDataFrame")).to_be_visible(timeout=SLOW)
            assert over(page) <= 0
            page.close()
    assert "Traceback" not in told(tmp_path)
