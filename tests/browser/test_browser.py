"""A real Chromium against a real server: upload, classes, maps, cancel, ZIP, address."""

import io
import json
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from dlexplain.data.samples import sample_path
from tests.browser.dashboard import SLOW, settled

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


def test_a_deep_link_is_the_first_visit(server: str, page: Page) -> None:
    page.goto(f"{server}/image?sample=coffee&methods=grad-cam")
    expect(page.get_by_role("heading", name=re.compile("espresso"))).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_upload_classes_maps_and_zip(server: str, page: Page, tmp_path: Path) -> None:
    jpeg = tmp_path / "my coffee.jpg"
    Image.open(sample_path("coffee")).convert("RGB").save(jpeg, quality=92)
    page.goto(f"{server}/image")
    page.locator("input[type=file]").first.set_input_files(jpeg)
    expect(page.get_by_role("heading", name=re.compile("espresso"))).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("completeness error")).to_be_visible(timeout=SLOW)
    everything = page.get_by_test_id("stDownloadButton").filter(has_text="Download everything")
    expect(everything.get_by_role("button")).to_be_enabled(timeout=SLOW)
    expect(page.get_by_role("button", name="Enlarge")).to_have_count(3, timeout=SLOW)
    settled(page)
    with page.expect_download() as download:
        everything.get_by_role("button").click()
    content = Path(download.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        recipe = json.loads(archive.read("explanation.json"))
        names = set(archive.namelist())
        with np.load(io.BytesIO(archive.read("integrated-gradients-967.npz"))) as saved:
            assert saved["attribution"].shape == (3, 224, 224)
    assert recipe["prediction"]["predictions"][0]["label"] == "espresso"
    assert {"grad-cam-967.png", "grad-cam-967.npz", "integrated-gradients-967.png"} <= names
    assert all("--target 967" in e["repeat"] for e in recipe["explanations"])


def test_a_long_method_can_be_cancelled_and_run_again(server: str, page: Page) -> None:
    page.goto(f"{server}/image?sample=rocket&methods=rise")
    expect(page.get_by_text(re.compile(r"of 1,000 evaluations"))).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Run again").click()
    expect(page.get_by_text(re.compile(r"of 1,000 evaluations"))).to_be_visible(timeout=SLOW)


def test_a_renamed_program_is_one_sentence_and_the_page_goes_on(server: str, page: Page) -> None:
    page.goto(f"{server}/image")
    files = page.locator("input[type=file]").first
    files.set_input_files(
        [
            {"name": "cat.png", "mimeType": "image/png", "buffer": b"MZ\x90\x00" + bytes(500)},
            {
                "name": "cup.png",
                "mimeType": "image/png",
                "buffer": sample_path("coffee").read_bytes(),
            },
        ]
    )
    expect(page.get_by_text(re.compile("cat.png .*accepted"))).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("heading", name=re.compile("espresso"))).to_be_visible(timeout=SLOW)


@pytest.mark.parametrize("width", [1440, 400])
@pytest.mark.parametrize("path", ["", "image", "image?sample=china&methods=grad-cam"])
def test_nothing_is_wider_than_the_window(
    server: str, browser: Browser, width: int, path: str
) -> None:
    opened = browser.new_page(viewport={"width": width, "height": 900})
    opened.goto(f"{server}/{path}")
    expect(opened.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)
    opened.wait_for_timeout(1500)
    over = opened.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    opened.close()
    assert over <= 0
