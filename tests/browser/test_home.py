"""The front page in a browser: its examples are there, move nothing, and open their pages."""

import os
import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]
SHIFTS = """
new Promise(resolve => {
    const found = [];
    new PerformanceObserver(list => {
        for (const one of list.getEntries()) {
            const what = one.sources.map(({node}) => node && (node.dataset || {}).testid);
            if (!one.hadRecentInput) found.push([one.value, what.join()]);
        }
    }).observe({type: "layout-shift", buffered: true});
    setTimeout(() => resolve(found), 500);
})
"""
FRAME = "stMainBlockContainer"
"""What Streamlit moves by itself as it puts the page into its frame, empty pages too."""


def test_examples_are_drawn_and_a_word_shows_where_it_looks(page: Page, server: str) -> None:
    page.goto(server)
    for title in ("Why this class?", "Which words decided?", "How easily is it fooled?"):
        expect(page.get_by_text(title)).to_be_visible()
    word = page.locator(".dlx-token").filter(has_text="superb")
    links = word.locator(".dlx-strong")
    expect(links).to_have_css("opacity", "0")
    word.locator("text").hover()
    expect(links).to_have_css("opacity", "1")
    page.mouse.move(0, 0)
    expect(links).to_have_css("opacity", "0")
    word.focus()  # by keyboard too
    expect(links).to_have_css("opacity", "1")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_nothing_on_the_front_page_jumps(page: Page, server: str) -> None:
    page.goto(server)
    expect(page.get_by_text("How did it learn?")).to_be_visible()
    page.wait_for_timeout(2000)
    shifts = [one for one in page.evaluate(SHIFTS) if one[1] != FRAME]
    assert sum(value for value, _ in shifts) <= 0.05, shifts


def test_an_example_opens_the_page_on_itself(page: Page, server: str) -> None:
    page.goto(server)
    page.get_by_role("link", name="Open in Text").click()
    expect(page).to_have_url(re.compile(r"/text\?.*superb"))
    expect(page.get_by_role("textbox", name="Text")).to_have_value(
        "The plot is thin, yet the acting is superb and moving."
    )
