"""A real Chromium without a network: a report's charts draw themselves, light, dark, on paper."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage

from dlexplain.figures.report_html import report_html
from dlexplain.results.reports import About, Report, report_of
from tests.browser.dashboard import SLOW, over
from tests.reports import picture_report, text_report
from tests.trust_tables import table

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]
DRAWN = "figure.chart.drawn .live .main-svg"


@pytest.mark.parametrize(
    "report",
    [picture_report(side=64), text_report(), report_of(table(), About())],
    ids=lambda one: one.kind,
)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 400)])
def test_a_report_draws_its_charts_offline(
    browser: Browser, tmp_path: Path, report: Report, scheme: str, width: int
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(report_html(report))
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_offline(True)
    page = context.new_page()
    page.set_default_timeout(SLOW)
    told: list[str] = []
    asked: list[str] = []

    def tell(message: ConsoleMessage) -> None:
        told.append(message.text)

    page.on("console", tell)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("dialog", lambda dialog: told.append(f"dialog {dialog.message}"))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.locator(DRAWN).last.wait_for()
    charts = page.locator("figure.chart")
    assert charts.count() == len(report.charts) > 0
    for place in range(charts.count()):
        live = charts.nth(place).locator(".live")
        assert live.is_visible() and live.get_attribute("aria-label")
        assert not charts.nth(place).locator(".still").is_visible()
    assert over(page) <= 0
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    page.emulate_media(media="print")
    assert charts.first.locator(".still").is_visible()
    assert not charts.first.locator(".live").is_visible()
    assert told == []
    context.close()


def test_the_policy_stops_a_script_that_found_its_way_in(browser: Browser, tmp_path: Path) -> None:
    content = report_html(picture_report(side=64, name="a fox"))
    evil = b"<script>document.title = 'run'</script><img src=x onerror=\"document.title='run'\">"
    file = tmp_path / "report.html"
    file.write_bytes(content.replace(b"<main>", evil + b"<main>"))
    page = browser.new_page()
    page.goto(file.as_uri())
    page.locator(DRAWN).first.wait_for(timeout=SLOW)
    assert page.title() != "run"
    page.close()


def test_without_scripts_the_pictures_of_the_charts_stay(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(report_html(picture_report(side=64, name="a fox")))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    still = page.locator("figure.chart .still")
    assert still.is_visible() and (still.bounding_box() or {})["width"] > 100
    assert "a fox" in (still.get_attribute("alt") or "")
    context.close()
