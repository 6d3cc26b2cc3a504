"""The front page in a browser: its examples are there, move nothing, and open their pages."""

import os
import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]
PLACES = """
(titles) => {
    const top = document.querySelector("h1").getBoundingClientRect().top;
    const all = [...document.querySelectorAll("strong")];
    return titles.map(title => all.find(one => one.textContent === title)
                                  .getBoundingClientRect().top - top);
}
"""
MAIN = "document.querySelector('[data-testid=stMain]')"
TITLES = ("Why this class?", "Where does it look?", "How easily is it fooled?", "How did it learn?")


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


def test_no_card_moves_another(page: Page, server: str) -> None:
    """Each has its height before its drawing is there; Streamlit's own links lose some pixels. On a
    busy machine a page may come in pieces, so the stillest of three visits counts."""
    moved = []
    for _ in range(3):
        page.goto(server)
        for title in TITLES:
            expect(page.get_by_text(title)).to_be_visible()
        first = page.evaluate(PLACES, TITLES)
        page.wait_for_timeout(3000)
        then = page.evaluate(PLACES, TITLES)
        moved.append(max(abs(b - a) for a, b in zip(first, then, strict=True)))
        if moved[-1] <= 60:
            break
    assert min(moved) <= 60, moved


def test_an_example_opens_the_page_on_itself_at_its_top(page: Page, server: str) -> None:
    page.goto(server)
    link = page.get_by_role("link", name="Open in Text")
    link.wait_for()
    page.evaluate(f"{MAIN}.scrollTo(0, 400)")
    assert page.evaluate(f"{MAIN}.scrollTop") > 0
    link.click()
    expect(page).to_have_url(re.compile(r"/text\?.*superb"))
    expect(page.get_by_role("textbox", name="Text")).to_have_value(
        "The plot is thin, yet the acting is superb and moving."
    )
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    assert page.evaluate(f"{MAIN}.scrollTop") == 0
