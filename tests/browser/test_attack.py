"""The page Attack in a browser: what was changed is marked, what comes from outside is a text."""

from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from tests.browser.conftest import SLOW

TEXT = "A talented cast is <b>wasted</b> on a dull and predictable script."


def opened(page: Page, server: str, **query: str) -> None:
    page.goto(f"{server}/attack?{urlencode(query)}")
    expect(page.get_by_text("Rank correlation of")).to_be_visible(timeout=SLOW)


def test_a_text_is_attacked_and_its_words_are_marked(page: Page, server: str) -> None:
    opened(page, server, input="text", model="sst2-cnn", text=TEXT, method="word-deletion")
    marks = page.locator("mark")
    expect(marks.first).to_have_text("wasted")
    expect(page.get_by_text("A talented cast is <b>", exact=False).first).to_be_visible(
        timeout=SLOW
    )
    assert page.locator("mark b, div[dir=auto] b").count() == 0
    page.get_by_text("Series", exact=True).click()
    expect(page.get_by_text("move the forecast of")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Rank correlation of")).to_be_visible(timeout=SLOW)
    assert "input=series" in page.url
