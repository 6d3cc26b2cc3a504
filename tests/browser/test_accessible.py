"""Every page in a browser by axe-core's rules, by keyboard, and with less motion."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, TimeoutError, expect

from dlexplain.services.gallery import examples
from dlexplain.ui.pages import FOR_ADMINS, PAGES, address_of
from tests.browser.dashboard import SLOW, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]
GRAVE = ("serious", "critical")
SETTLED_MS = 4000
"""A page that is still at work then, such as one that explains, is judged as it stands."""


@dataclass(frozen=True)
class Known:
    """A finding that is Streamlit's own and cannot be mended from here.

    inside  a selector of what it may be in
    """

    rule: str
    inside: str
    why: str


EXCEPTIONS = (
    Known("list", "[data-testid=stSidebarNavItems]", "a section's <div> around its <li>"),
    Known("listitem", "[data-testid=stSidebarNavItems]", "its <li> are not in the <ul>"),
)
"""Each must occur, so that one which Streamlit has mended is taken out."""
FOUND = """
([target, selectors]) => {
    const one = document.querySelector(target);
    return selectors.filter(selector => one && one.closest(selector));
}
"""


def addresses() -> dict[str, str]:
    """Each page of the menu, by its name in addresses, with the example of Home's gallery."""
    asked = {example.page: urlencode(example.query) for example in examples()}
    found = {}
    for file in sorted(PAGES.glob("*/*.py")):
        page = f"{file.parent.name}/{file.stem}"
        if page in FOR_ADMINS:  # not in the menu of a dashboard without sign-in
            continue
        name, query = address_of(page), asked.get(page, "")
        found[name] = f"/{'' if name == 'home' else name}" + (f"?{query}" if query else "")
    return found


def judged(page: Page, seen: set[tuple[str, str]]) -> list[str]:
    """What axe-core holds against the page; exceptions that were met go into `seen`."""
    told = []
    for wrong in Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]:
        if wrong["impact"] not in GRAVE:
            continue
        allowed = [one.inside for one in EXCEPTIONS if one.rule == wrong["id"]]
        for node in wrong["nodes"]:
            target = node["target"][-1]
            inside = page.evaluate(FOUND, [target, allowed]) if isinstance(target, str) else []
            seen |= {(wrong["id"], one) for one in inside}
            if not inside:
                why = "; ".join(m["message"] for m in node["any"] + node["all"] + node["none"])
                told.append(f"{wrong['id']}: {node['html'][:160]}: {why[:160]}")
    return told


def judged_twice(page: Page, seen: set[tuple[str, str]]) -> list[str]:
    """What is held against the page, and a little later still: on a busy machine it may have been
    in the midst of becoming dark."""
    if not judged(page, seen):
        return []
    page.wait_for_timeout(2000)
    return judged(page, seen)


def settle(page: Page) -> None:
    """Until the page's script has ended, or is at work for long."""
    still = "[data-testid=stApp][data-test-script-state=notRunning]"
    with suppress(TimeoutError):  # it explains or measures still
        page.locator(still).wait_for(timeout=SETTLED_MS)
    page.wait_for_timeout(300)


def opened(browser: Browser, address: str) -> Page:
    """A page that begins to load; half-faded letters are nobody's to read, so nothing moves."""
    page = browser.new_page(
        viewport={"width": 1440, "height": 1000}, color_scheme="light", reduced_motion="reduce"
    )
    page.set_default_timeout(SLOW)
    page.goto(address, wait_until="commit")
    return page


def darken(page: Page) -> None:
    """Dark, and as wide as a phone."""
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.set_viewport_size({"width": 400, "height": 900})
    background = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    wait_until(page, f"{background} === 'rgb(12, 17, 22)'")  # the theme's, dark
    page.wait_for_timeout(300)


@pytest.mark.parametrize(
    "every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["by turns", "every view"]
)
def test_no_page_has_a_grave_finding(browser: Browser, server: str, every: bool) -> None:
    """With its answer: light and wide, or dark and on a phone, by turns; or both of each page, and
    those of the gallery at their first paint too. The next page loads while one is judged."""
    told: list[str] = []
    seen: set[tuple[str, str]] = set()
    waiting = list(addresses().items())
    following = opened(browser, server + waiting[0][1])
    while waiting:
        (name, address), page = waiting.pop(0), following
        if waiting:
            following = opened(browser, server + waiting[0][1])
        page.locator("h1").first.wait_for()
        found = {"first": judged(page, seen)} if every and "?" in address else {}
        settle(page)
        turn = len(waiting) % 2 == 0
        if every or turn:
            found["light"] = judged_twice(page, seen)
        if every or not turn:
            darken(page)
            found["dark, 400"] = judged_twice(page, seen)
        told += [f"{name}, {when}: {one}" for when, those in found.items() for one in those]
        page.close()
    assert told == []
    assert {(one.rule, one.inside) for one in EXCEPTIONS} == seen


def test_a_finding_is_seen(page: Page) -> None:
    page.set_content(
        "<html lang='en'><title>x</title><main><h1>x</h1><img src='a.png'>"
        "<p style='color:#999'>faint</p></main>"
    )
    told = judged(page, set())
    assert [one.partition(":")[0] for one in told] == [
        "color-contrast",
        "image-alt",
    ]


FOCUSED = """
() => {
    let one = document.activeElement;
    while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    window.before = window.now; window.now = one;
    const look = (of) => {
        const signs = [];
        for (let at = of, up = 0; at && at.nodeType === 1 && up < 12; at = at.parentElement, up++) {
            const s = getComputedStyle(at);
            signs.push(s.outline, s.boxShadow, s.borderColor, s.backgroundColor);
        }
        for (const part of of.querySelectorAll ? of.querySelectorAll(":scope > *") : []) {
            const s = getComputedStyle(part);
            signs.push(s.stroke, s.opacity, s.outline);
        }
        return JSON.stringify(signs);
    };
    const table = (of) => of?.closest?.("[data-testid=stDataFrame]");
    const inside = table(one) && table(one) === table(window.before);  // cells draw their own
    const past = window.before && window.before !== document.body && window.before.isConnected
        && !inside
        ? {name: window.said, same: look(window.before) === window.looked} : null;
    window.looked = one ? look(one) : "";
    const words = one && (one.getAttribute("aria-label") || one.innerText || one.textContent);
    window.said = (words || one?.tagName || "").trim().slice(0, 80);
    return {name: window.said, body: !one || one === document.body, past};
}
"""


def tabbed(page: Page, most: int = 150) -> list[str]:
    """Names of what Tab reaches; each must look otherwise while it has the focus. What a busy
    machine has not drawn yet is looked at once more."""
    names, unseen = _tabbed(page, most)
    if unseen:
        page.wait_for_timeout(2000)
        names, unseen = _tabbed(page, most)
    assert unseen == [], "no sign of the focus"
    return names


def _tabbed(page: Page, most: int) -> tuple[list[str], list[str]]:
    """The names, and those of what looked the same with and without the focus."""
    names: list[str] = []
    unseen: list[str] = []
    page.evaluate("document.activeElement && document.activeElement.blur()")
    for _ in range(most):
        page.keyboard.press("Tab")
        found: dict[str, Any] = page.evaluate(FOCUSED)
        if found["past"] and found["past"]["same"]:
            unseen.append(found["past"]["name"])
        if found["body"]:
            break
        names.append(found["name"])
    return names, unseen


def has(names: list[str], *words: str) -> None:
    for word in words:
        assert any(word in name for name in names), f"Tab never reaches {word}: {names}"


def test_home_by_keyboard(page: Page, server: str) -> None:
    page.goto(server)
    expect(page.locator(".dlx-token").first).to_be_visible(timeout=SLOW)
    names = tabbed(page)
    has(names, "Home", "Explain", "superb looks most at", "Open in Picture", "Open in Robustness",
        "Compare models")  # fmt: skip


def test_runs_by_keyboard(page: Page, server: str) -> None:
    page.goto(server + "/runs")
    expect(page.get_by_text("The zoo").first).to_be_visible(timeout=SLOW)
    settle(page)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=SLOW)
    has(tabbed(page), "Skip to main content", "Home", "Train a model", "cifar10-cnn")


def test_the_page_of_pictures_by_keyboard_and_escape_closes_a_dialog(
    page: Page, server: str
) -> None:
    page.goto(server + "/image?sample=coffee&methods=saliency")
    button = page.get_by_role("button", name="Enlarge")
    expect(button).to_be_visible(timeout=SLOW)
    settle(page)
    has(tabbed(page), "Enlarge", "PNG", "Model")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_charts_and_pictures_have_names(page: Page, server: str) -> None:
    page.goto(server + "/robustness")
    chart = page.get_by_role("figure").first
    expect(chart).to_be_visible(timeout=SLOW)
    assert re.search(r"\d", chart.get_attribute("aria-label") or "")


def test_a_word_is_explained_by_pointer_key_and_tap(browser: Browser, server: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, has_touch=True)
    page = context.new_page()
    page.goto(server + "/reliability")
    page.get_by_text("What these numbers say").click()
    word = page.locator(".dlx-term").filter(has_text="Temperature").first
    told = word.locator(".dlx-told")
    expect(word).to_be_visible()
    expect(told).to_be_hidden()
    word.hover()
    expect(told).to_be_visible()
    page.mouse.move(0, 0)
    expect(told).to_be_hidden()
    word.focus()
    expect(told).to_be_visible()
    expect(told).to_contain_text("divided before they become probabilities")
    page.locator("h1").first.click()
    expect(told).to_be_hidden()
    page.set_viewport_size({"width": 400, "height": 900})
    word.tap()
    expect(told).to_be_visible()
    box = told.bounding_box()
    assert box is not None
    assert box["x"] >= 0 and box["x"] + box["width"] <= 400
    context.close()


def test_less_motion_shows_where_it_ends(browser: Browser, server: str) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(server)
    shown = page.locator(".dlx-turn > *")
    expect(shown.first).to_have_css("animation-name", "none")
    expect(shown.nth(1)).to_have_css("opacity", "1")
    expect(shown.first).to_have_css("opacity", "0")
    walk = page.locator("picture img")
    still = page.locator("picture source").get_attribute("srcset")
    assert walk.evaluate("one => one.currentSrc") == still
    context.close()
