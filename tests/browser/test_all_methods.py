"""All methods of the picture page at once: it finishes, and sends no more than has changed."""

import os
import re
import time

import pytest
from playwright.sync_api import Page, WebSocket, expect

from dlexplain.explainers.base import methods_for
from dlexplain.services.pictures.explain import method_infos  # noqa: F401, registers them
from tests.browser.dashboard import SLOW

A_CARD, A_SECOND = 60, 3
"""Messages for a card, which is drawn twice and has a menu of five elements that prints it; and for
the progress of a running one, twice a second."""
MOST_BYTES = 600_000
DRAWN_ONCE = 60
"""A card that has just ended: its map, its numbers and the menu that prints it."""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


class Received:
    """What a page's web sockets have brought."""

    def __init__(self, page: Page) -> None:
        self.messages = self.bytes = 0
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._count)

    def _count(self, frame: str | bytes) -> None:
        self.messages += 1
        self.bytes += len(frame)


def test_all_methods_at_once(server: str, page: Page) -> None:
    received, began = Received(page), time.monotonic()
    page.goto(
        f"{server}/image?model=cifar10-cnn&sample=chelsea&methods={','.join(methods_for('picture'))}"
    )
    everything = page.get_by_role("button", name="Download everything")
    expect(everything.first).to_be_visible(timeout=SLOW)
    answered = page.get_by_role("button", name="Enlarge").count()
    assert answered == page.get_by_role("button", name="NPZ").count() >= 17
    assert page.get_by_text(re.compile("waiting its turn|computing")).count() == 0
    most = A_CARD * answered + A_SECOND * (time.monotonic() - began)
    assert received.messages < most, received.bytes
    assert received.bytes < MOST_BYTES, received.messages


def test_a_long_method_costs_few_messages_a_second(server: str, page: Page) -> None:
    received = Received(page)
    page.goto(f"{server}/image?sample=coffee&methods=rise")
    expect(page.get_by_text(re.compile(r"of 1,000 evaluations"))).to_be_visible(timeout=SLOW)
    before, began = received.messages, time.monotonic()
    cancel = page.get_by_role("button", name="Cancel")
    while cancel.count() and time.monotonic() - began < 4:  # a fast machine is done before
        page.wait_for_timeout(250)
    seconds = time.monotonic() - began
    assert received.messages - before < 15 * seconds + DRAWN_ONCE


def test_a_click_while_methods_work_is_answered_and_leaves_nothing_behind(
    server: str, page: Page
) -> None:
    page.goto(f"{server}/image?sample=rocket&methods=rise,occlusion")
    at_work = page.get_by_text(re.compile("computing|first coarse map"))
    expect(at_work.first).to_be_visible(timeout=SLOW)
    page.get_by_role("radio", name="A cup of coffee").click()
    expect(page.get_by_role("heading", name=re.compile("espresso"))).to_be_visible(timeout=10_000)
    page.get_by_role("combobox", name="Methods").press("Backspace")  # takes the last away
    page.get_by_test_id("stBaseButton-primary").click()
    expect(page.get_by_text("Press Explain to answer")).to_have_count(0)
    # Its card goes although RISE still works.
    expect(page.get_by_role("img", name=re.compile("Occlusion:"))).to_have_count(0, timeout=5000)
    expect(page.get_by_text(re.compile(r"of 1,000 evaluations"))).to_be_visible()


def test_a_map_is_enlarged(server: str, page: Page) -> None:
    page.goto(f"{server}/image?sample=coffee&methods=grad-cam")
    page.get_by_role("button", name="Enlarge").click(timeout=SLOW)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Grad-CAM")).to_be_visible()
    expect(dialog.locator(".js-plotly-plot .heatmaplayer image")).to_have_count(1)
