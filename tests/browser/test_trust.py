"""A real Chromium: a table is computed in the background, cancelled, gone on with, downloaded."""

import csv
import io
import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dlexplain.results import TrustTable
from dlexplain.services.quality.shipped import recommended
from tests.browser.dashboard import SLOW, over, serving, told

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]
ASKED = "model=digits-cnn&methods=rise,saliency,grad-cam&metrics=deletion&count=60"


def saved(page: Page, label: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=label, exact=True).click()
    return Path(download.value.path()).read_text()


def test_a_table_is_computed_stopped_gone_on_with_and_kept(
    browser: Browser, tmp_path: Path
) -> None:
    with serving(tmp_path) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(SLOW)
        page.goto(f"{address}/trust?{ASKED}")
        # The table that comes along, at once.
        expect(page.get_by_text("Means over 100 pictures")).to_be_visible(timeout=SLOW)
        page.get_by_role("button", name="Compute", exact=True).click()
        expect(page.get_by_text(re.compile(r"\d+ of 180 maps"))).to_be_visible(timeout=SLOW)
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Go on").click()
        csv_button = page.get_by_role("button", name="CSV", exact=True)
        expect(csv_button).to_be_visible(timeout=SLOW)
        expect(page.get_by_text("so far")).to_have_count(0)
        rows = list(csv.DictReader(io.StringIO(saved(page, "CSV"))))
        table = TrustTable.from_dict(json.loads(saved(page, "JSON")))
        assert table.done == 60 and len(rows) == 3
        assert float(rows[0]["mean"]) == pytest.approx(table.cell("rise", "deletion").mean)
        page.close()
        page = browser.new_page(viewport={"width": 400, "height": 1000})
        page.set_default_timeout(SLOW)
        page.goto(f"{address}/trust?model=digits-cnn")
        expect(page.locator(".js-plotly-plot .heatmaplayer").first).to_be_attached(timeout=SLOW)
        assert over(page) <= 0
        page.get_by_text("What these numbers say").click()
        expect(page.get_by_text("How soon the answer falls")).to_be_visible(timeout=SLOW)
        assert over(page) <= 0
        best = recommended("digits-cnn")  # by the table of most examples, which comes along
        page.goto(f"{address}/image?model=digits-cnn&sample=coffee&methods={best}")
        expect(page.get_by_text("recommended for this model")).to_be_visible(timeout=SLOW)
        assert over(page) <= 0
        page.close()
    assert "Traceback" not in told(tmp_path)
