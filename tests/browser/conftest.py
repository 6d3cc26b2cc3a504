"""One Chromium a file, and a server with a home of its own where a test asks for it."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.dashboard import FLAGS, SLOW, serving, told


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address; its log must show no traceback in the end."""
    home = tmp_path_factory.mktemp("home")
    with serving(home) as address:
        yield address
    assert "Traceback" not in told(home)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """What it shows must keep to the policy that the server gives (ui/serving/guard.py)."""
    opened = browser.new_page(viewport={"width": 1440, "height": 1000})
    opened.set_default_timeout(SLOW)
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    yield opened
    opened.close()
    assert [text for text in said if "Content Security Policy" in text] == []
