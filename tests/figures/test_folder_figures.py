"""Many pictures drawn: the sheet, the histogram, and a report in which nothing foreign works."""

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlexplain.figures.folder_report import folder_report, tiles_html
from dlexplain.figures.folders import IN_A_ROW, contact_sheet, map_tile
from dlexplain.results import ClassName, ClassScore, ExplainedFolder, PictureAnswer
from dlexplain.results.folders import Loaded

HOSTILE = "\"><script>alert(1)</script><img src='https://evil.example/x.png'>"
PLAIN = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "div", "table", "thead",
    "tbody", "tr", "th", "td", "img", "ul", "li",
}  # fmt: skip
CLASSES = [ClassName(0, "", "cat"), ClassName(1, "", HOSTILE)]


def load(answer: PictureAnswer) -> Loaded:
    draw = np.random.default_rng(answer.place)
    values = draw.normal(0, 1, (16, 16)).astype(np.float32)
    return values, draw.integers(0, 256, (16, 16, 3), dtype=np.uint8)


def answer(place: int) -> PictureAnswer:
    top = ClassScore(CLASSES[place % 2], 0.05 + 0.9 * place / 29)
    return PictureAnswer(
        place, f"{place} {HOSTILE}.png", (16, 16), "", top, 0.5, CLASSES[place % 3 % 2], top, 0.25,
        HOSTILE,
    )  # fmt: skip


@pytest.fixture
def found() -> ExplainedFolder:
    return ExplainedFolder(
        HOSTILE, HOSTILE, "saliency", "Saliency", {"layer": HOSTILE}, True, "logits", Path(), load,
        rival=HOSTILE, answers=tuple(answer(place) for place in range(30)), total=31,
        refused=(f"{HOSTILE} is no picture",), skipped=(f"{HOSTILE} is left out",),
    )  # fmt: skip


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def elements(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(html)
    return parser.seen


def test_the_report_runs_nothing_and_fetches_nothing(found: ExplainedFolder) -> None:
    html = folder_report(found).decode()
    seen = elements(html)
    assert {tag for tag, _ in seen} <= PLAIN
    pictures = [attrs["src"] or "" for tag, attrs in seen if tag == "img"]
    assert len(pictures) == 60 and all(src.startswith("data:image/jpeg") for src in pictures)
    assert not [attrs for _, attrs in seen if any(key.startswith("on") for key in attrs)]
    assert "default-src 'none'" in html
    assert len(re.findall(r"&lt;script&gt;", html)) > 60


def test_the_tiles_on_a_page_are_escaped_too(found: ExplainedFolder) -> None:
    html = tiles_html(found, found.answers, lambda found, answer: "data:,")
    assert {tag for tag, _ in elements(html)} == {"div", "img"}
    assert all(attrs["src"] == "data:," for tag, attrs in elements(html) if tag == "img")


def test_the_report_tells_accuracy_and_what_was_left_out(found: ExplainedFolder) -> None:
    html = folder_report(found).decode()
    right = sum(one.right is True for one in found.answers)
    assert f"Accuracy: {right / 30:.1%}" in html and "n = 30" in html
    assert "is no picture" in html and "is left out" in html
    rows = re.findall(r'<td class="n">([\d.]+)%</td>', html)
    assert len(rows) == 30


def test_the_sheet_has_a_tile_for_each_picture(found: ExplainedFolder) -> None:
    with Image.open(io.BytesIO(contact_sheet(found, "least", most=25))) as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    first = found.ordered("least")[0]
    tile = map_tile(found, first)
    inner = tile[8:-8, 8:-8]
    places = [
        (y, x) for y in range(60, 140) for x in range(20, 30)
        if np.array_equal(pixels[y + 8 : y + 120, x + 8 : x + 120], inner)
    ]  # fmt: skip
    assert len(places) == 1
    assert pixels.shape[1] > IN_A_ROW * 128


def test_the_histogram_counts_each_picture_once(found: ExplainedFolder) -> None:
    figure = found.plot()
    counts = {trace.name: int(sum(trace.y)) for trace in figure.data}
    right = sum(one.right is True for one in found.answers)
    assert counts == {"right": right, "wrong": 30 - right}
    unknown = replace(found, answers=tuple(replace(a, truth=None) for a in found.answers))
    assert {trace.name for trace in unknown.plot().data} == {"truth unknown"}
