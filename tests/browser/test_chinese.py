"""The dashboard in Chinese: by the address, by the browser, by the switch; and kept on the way."""

import os
import re

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]
HOME, PICTURE = "模型为什么这么说？", "解释一张图片"


def title(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_the_switch_and_the_address(page: Page, server: str) -> None:
    page.goto(server)
    expect(page.get_by_role("heading", level=1)).to_have_text("Why did the model say that?")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOME)
    expect(page).to_have_url(re.compile("lang=zh"))
    page.goto(f"{server}/image?lang=zh")
    expect(page.get_by_role("heading", level=1)).to_have_text(PICTURE)
    expect(page.get_by_text("espresso").first).to_be_visible()  # a class is data
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Explain a picture")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_browsers_language(browser: Browser, server: str) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 400, "height": 900})
    page = context.new_page()
    page.goto(f"{server}/trust")
    expect(page.get_by_role("button", name="English")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("[\u4e00-\u9fff]"))
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    context.close()
