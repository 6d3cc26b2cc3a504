"""On first start, with no training, the zoo's models are there, and one explains an upload."""

import os
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from dlexplain.data.samples import sample_path
from dlexplain.trained.zoo_cards import zoo_card
from tests.browser.dashboard import SLOW

MODEL = "cifar10-resnet"
CLASSES = "airplane|automobile|bird|cat|deer|dog|frog|horse|ship|truck"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


def test_launch_and_runs_know_the_zoo(server: str, page: Page) -> None:
    score = f"{zoo_card(MODEL).headline[1]:.1%}"
    page.goto(f"{server}/launch?preset={MODEL}")
    expect(page.get_by_text(re.compile(f"in the zoo: .*{score}"))).to_be_visible(timeout=SLOW)
    page.goto(f"{server}/runs")
    expect(page.get_by_role("heading", name="The zoo")).to_be_visible(timeout=SLOW)
    page.goto(f"{server}/runs?zoo={MODEL}")
    expect(page.get_by_role("heading", name=MODEL)).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(f"zoo verify {MODEL}")).to_be_visible(timeout=SLOW)


def test_the_residual_network_explains_an_upload(server: str, page: Page, tmp_path: Path) -> None:
    jpeg = tmp_path / "cat.jpg"
    Image.open(sample_path("chelsea")).convert("RGB").save(jpeg)
    page.goto(f"{server}/image?model={MODEL}&methods=grad-cam,integrated-gradients")
    page.locator("input[type=file]").first.set_input_files(jpeg)
    said = page.get_by_role("heading", name=re.compile(rf"^({CLASSES}), \d"))
    expect(said).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("completeness error")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("button", name="Enlarge")).to_have_count(2, timeout=SLOW)
