"""A map compared closely: lens, swipe and flicker, by keyboard and pointer."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from dlexplain.figures.gallery import data_address

UI = Path(__file__).parents[2] / "dlexplain/ui"


def jpeg(colour: str) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (100, 100), colour).save(buffer, "JPEG")
    return data_address(buffer.getvalue(), "image/jpeg")


@pytest.fixture
def compared(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The component alone, without a server."""
    from dlexplain.ui.closely import HTML, WORDS

    motion = getattr(request, "param", "no-preference")
    context = browser.new_context(viewport={"width": 400, "height": 600}, reduced_motion=motion)
    page = context.new_page()
    page.set_default_timeout(10_000)
    script = (UI / "closely.js").read_text().replace("export default function", "function start")
    page.set_content(f"<style>{(UI / 'closely.css').read_text()}</style><div id=all>{HTML}</div>")
    page.add_script_tag(content=script)
    frames = [
        {"title": title, "image": jpeg(colour)}
        for title, colour in (("The picture alone", "white"), ("LRP", "red"), ("RISE", "blue"))
    ]
    page.evaluate(
        "data => start({data, parentElement: document.getElementById('all')})",
        {"frames": frames, "words": WORDS},
    )
    yield page
    context.close()


def clip(page: Page) -> str:
    found: str = page.locator(".over").evaluate("one => one.style.clipPath")
    return found


def test_the_lens_follows_the_arrow_keys_and_the_pointer(compared: Page) -> None:
    expect(compared.get_by_role("radio", name="Lens")).to_have_attribute("aria-checked", "true")
    assert "at 50% 50%" in clip(compared)
    compared.locator(".stage").focus()
    compared.keyboard.press("ArrowRight")
    compared.keyboard.press("ArrowDown")
    compared.keyboard.press("ArrowDown")
    assert "at 54% 58%" in clip(compared)
    box = compared.locator(".stage").bounding_box()
    assert box is not None
    compared.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    at = re.search(r"at ([\d.]+)% ([\d.]+)%", clip(compared))
    assert at is not None
    assert float(at[1]) == pytest.approx(25, abs=1) and float(at[2]) == pytest.approx(50, abs=1)


def test_the_handle_is_a_slider(compared: Page) -> None:
    compared.get_by_role("radio", name="Lens").focus()
    compared.keyboard.press("ArrowRight")
    slider = compared.get_by_role("slider", name="How much of the picture is shown")
    expect(slider).to_have_attribute("aria-valuenow", "50")
    slider.focus()
    compared.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "54")
    assert clip(compared) == "inset(0px 46% 0px 0px)"
    compared.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuenow", "0")
    compared.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuenow", "100")
    box = compared.locator(".stage").bounding_box()
    assert box is not None
    compared.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    compared.mouse.down()
    compared.mouse.move(box["x"] + box["width"] / 4, box["y"] + 20)
    compared.mouse.up()
    expect(slider).to_have_attribute("aria-valuenow", "25")


def test_methods_flicker_until_they_are_stopped(compared: Page) -> None:
    compared.get_by_role("radio", name="Flicker").click()
    told = compared.locator(".told")
    expect(told).to_contain_text("RISE")
    expect(told).to_contain_text("The picture alone")
    compared.locator(".stage").focus()
    compared.keyboard.press("Space")
    expect(compared.get_by_role("button", name="Start")).to_be_visible()
    before = told.inner_text()
    compared.wait_for_timeout(1200)
    assert told.inner_text() == before
    compared.keyboard.press("ArrowRight")
    assert told.inner_text() != before


@pytest.mark.parametrize("compared", ["reduce"], indirect=True)
def test_nothing_flickers_for_people_who_want_less_motion(compared: Page) -> None:
    compared.get_by_role("radio", name="Flicker").click()
    told = compared.locator(".told")
    before = told.inner_text()
    compared.wait_for_timeout(1200)
    assert told.inner_text() == before and "LRP" in before
    compared.locator(".stage").focus()
    compared.keyboard.press("ArrowRight")
    expect(told).to_contain_text("RISE")
