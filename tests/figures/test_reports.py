"""Reports as files: nothing foreign works in them, nothing is fetched, they are small enough."""

import io
import json
import re
import zlib

import numpy as np
import plotly.graph_objects as go
import pytest

from dlexplain.errors import BadInput
from dlexplain.figures.coloured_text import STRONGEST
from dlexplain.figures.report_html import part_html, report_html
from dlexplain.figures.report_page import SCRIPT, plotly_script, table
from dlexplain.figures.report_pdf import report_pdf
from dlexplain.figures.reports import run as run_report
from dlexplain.figures.reports.making import bar_of, chart_of, coloured_of
from dlexplain.figures.scales import Scale
from dlexplain.results import ClassName, Curve, TextAttribution
from dlexplain.results.model_comparison_words import verdict as compared
from dlexplain.results.reports import About, Coloured, Report, Rows, Shown, report_of
from dlexplain.results.trust_words import verdict
from dlexplain.services.comparing.shipped import all_shipped
from tests.reports import EVIL, Fetching, picture_report, text_report
from tests.trust_tables import table as trust_table

MOST = 5_000_000


@pytest.mark.parametrize("report", [picture_report(), text_report()], ids=lambda r: r.kind)
def test_nothing_foreign_works_and_nothing_is_fetched(report: Report) -> None:
    page = report_html(report)
    found = Fetching(page)
    assert [a for a in found.fetched if not a.startswith("data:")] == []
    assert found.handlers == []
    assert found.scripts.count("runs") == 1  # the one whose hash the policy names
    assert {"img", "main", "h1", "figure"} <= set(found.tags) and "link" not in found.tags
    assert EVIL in found.text and report.answer in found.text
    policy = re.search(rb'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    rules = policy[1].decode()
    assert "default-src 'none'" in rules and "connect-src" not in rules
    assert "unsafe-inline' 'sha" not in rules and "script-src 'sha256-" in rules
    assert "http" not in rules


def test_a_report_of_six_maps_and_three_charts_is_below_five_megabytes() -> None:
    page = report_html(picture_report(maps=6, charts=3, name="noise"))
    assert 2_000_000 < len(page) < MOST
    assert page.count(b'class="chart"') == 3


def test_plotly_is_whole_and_its_hash_is_that_of_what_runs() -> None:
    import base64
    import gzip
    import hashlib

    packed, hashed = plotly_script()
    plain = gzip.decompress(base64.b64decode(packed))
    assert b"plotly.js v" in plain[:100]
    digest = base64.b64encode(hashlib.sha256(plain).digest()).decode()
    assert hashed == f"'sha256-{digest}'"
    assert len(packed) < 2_100_000
    assert "\r" not in SCRIPT and b"\r" not in plain  # a browser would hash "\n" for them


def test_a_report_without_charts_runs_nothing() -> None:
    report = Report("run", "a", "b", "c", (), About())
    page = report_html(report)
    assert b"<script" not in page and len(page) < 20_000


def test_charts_keep_their_numbers_and_are_plain_json() -> None:
    figure = go.Figure({"type": "bar", "x": np.array([1 / 3, np.nan]), "y": np.arange(2)})
    told = chart_of(figure, "a").figure
    assert told["data"][0]["x"] == [0.333333, None] and told["data"][0]["y"] == [0, 1]
    assert "template" not in told["layout"]
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_the_bar_of_a_map_has_the_ends_of_its_scale() -> None:
    bar = bar_of(Scale.of(np.array([[-2.0, 1.0]], np.float32), True), "logits")
    assert (bar.low, bar.high) == ("−2", "2")
    assert [place for place, _ in bar.stops] == [i / 8 for i in range(9)]
    assert bar.stops[4][1].endswith(",0.000)")  # zero is clear


def test_words_have_the_colours_of_their_values() -> None:
    found = TextAttribution(
        method="x", title="X", params={}, values=np.array([2.0, -1.0, 0.0], np.float32),
        signed=True, seconds=1, evaluations=1, unit="logits", text="good, not it",
        tokens=("good", "not", "it"), offsets=np.array([[0, 4], [6, 9], [10, 12]]),
        words=np.arange(3), target=ClassName(0, "", "fine"),
    )  # fmt: skip
    part = coloured_of(found)
    assert part.text == "good, not it"
    assert [share for _, share, told in part.pieces if told] == [1.0, -0.5, 0.0]
    html = part_html(part)
    whole, half = (round(STRONGEST * share, 3) for share in (1.0, 0.5))
    assert f"rgba(178,24,43,{whole})" in html and f"rgba(33,102,172,{half})" in html
    assert "+2 logits" in html and "−1 logits" in html


def test_a_report_is_the_same_after_it_was_kept() -> None:
    for report in (picture_report(side=32), text_report()):
        told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
        again = Report.from_dict(told)
        assert again.to_dict() == report.to_dict()
        assert report_html(again) == report_html(report)


def damaged(**changes: object) -> dict[str, object]:
    return {**picture_report(side=32).to_dict(), **changes}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([], "this is no report"),
        (damaged(kind="virus"), 'its kind is "virus"; picture, text'),
        (damaged(title=3), "3 is no text"),
        ({"kind": "run"}, "it lacks 'sections'"),
        (damaged(sections=[{"heading": "a", "parts": [{"part": "script"}]}]), "it lacks 'script'"),
        (damaged(sections=[{"heading": "a", "parts": [{"part": "words"}] * 2001}]), "2,001 parts"),
        (damaged(sections=[{"heading": "a", "parts": [
            {"part": "rows", "columns": ["a"], "rows": [["1", "2"]], "caption": ""}]}]),
         "has not a cell a column"),
        (damaged(sections=[{"heading": "a", "parts": [
            {"part": "shown", "content": "PHN2Zz4=", "alt": "", "title": "", "caption": "",
             "bar": None}]}]), "neither JPEG nor PNG"),
        (damaged(sections=[{"heading": "a", "parts": [
            {"part": "shown", "content": "/9j/", "alt": "", "title": "", "caption": "",
             "bar": {"stops": [[0, "red;background:url(https://example.org)"]], "low": "",
                     "high": "", "unit": "", "note": ""}}]}]), 'a colour is "red;background'),
    ],
)  # fmt: skip
def test_what_is_no_report_is_one_sentence(told: object, words: str) -> None:
    with pytest.raises(BadInput, match=re.escape(words)):
        Report.from_dict(told)


def test_a_table_of_trust_and_a_comparison_say_their_verdict() -> None:
    found = trust_table({"rise": 0.9, "lrp": 0.1, "grad-cam": 0.1, "guided-backprop": 0.2})
    report = report_of(found, About())
    assert verdict(found) in report.answer and "Rise" in report.answer
    assert len(report.charts) == 3
    rows = [part for one in report.sections for part in one.parts if isinstance(part, Rows)]
    assert rows[0].rows[0][:3] == ("Lrp", "1.50", "0.300 [0.280, 0.320]")
    both = all_shipped()[0]
    report = report_of(both, About())
    assert report.answer == compared(both)
    maps = [part for one in report.sections for part in one.parts if isinstance(part, Shown)]
    assert len(maps) == 4 * 4  # the picture, two models and the control of four examples


def test_what_has_no_report_says_what_has() -> None:
    with pytest.raises(BadInput, match="there is no report of a int; explanations of pictures"):
        report_of(3, About())


def pdf_texts(content: bytes) -> str:
    """All streams of a PDF, unpacked; its words are glyph numbers there."""
    found = re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL)
    plain = []
    for one in found:
        try:
            plain.append(zlib.decompress(one).decode("latin-1"))
        except zlib.error:
            plain.append(one.decode("latin-1"))
    return "\n".join(plain)


def test_the_pdf_has_its_pages_its_pictures_and_its_outline() -> None:
    from PIL import Image

    report = picture_report(maps=4, charts=2, name="a fox", side=64)
    content = report_pdf(report)
    assert content.startswith(b"%PDF-")
    pages = len(re.findall(rb"/Type /Page\b", content))
    assert 2 <= pages <= 6
    assert b"/MediaBox [0 0 595.28 841.89]" in content
    assert content.count(b"/Subtype /Image") >= 4 + 1 + 2  # maps, the picture, the charts
    assert b"/Outlines" in content and b"/Lang (en)" in content
    assert b"/ToUnicode" in content  # its letters can be searched and copied
    assert "beginbfchar" in pdf_texts(content) or "beginbfrange" in pdf_texts(content)
    shown = next(p for s in report.sections for p in s.parts if isinstance(p, Shown))
    with Image.open(io.BytesIO(shown.content)) as image:
        assert max(image.size) >= 448


def test_letters_without_a_font_are_told_on_the_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    import dlexplain.figures.report_pdf as writer

    told: list[str] = []
    line = writer._line

    def kept(sheet: object, text: str, *more: object) -> None:
        told.append(text)
        line(sheet, text, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "_machine_fonts", list)
    monkeypatch.setattr(writer, "_line", kept)
    report_pdf(text_report("好 film"))
    assert told[0] == writer.NO_FONT.format(count=1, some="U+597D")
    assert "□ film" in told[2] and not any("好" in one for one in told)
    told.clear()
    report_pdf(text_report("a film"))
    assert not any("No font" in one for one in told)


def test_cells_are_escaped_and_long_words_may_break() -> None:
    html = table(("<a>",), [("x" * 30,), ("<b>",)])
    assert "&lt;a&gt;" in html and "&lt;b&gt;" in html and "<td class=any>xxx" in html


def test_a_word_is_told_on_hover_only_where_it_counts() -> None:
    html = part_html(Coloured((("a", 0.0, ""), ('"b"', 1.0, "+1")), False))
    assert html.count("<span") == 1 and 'title="&quot;b&quot;: +1"' in html


def test_a_long_curve_is_thinned_to_its_ends_and_that_is_said() -> None:
    steps = np.arange(5000)
    curve = Curve("r", "run", "train/loss", steps, 1.0 / (1 + steps), steps.astype(float))
    short = Curve("r", "run", "validation/loss", steps[:9], np.ones(9), steps[:9].astype(float))
    chart, plain = run_report._chart([curve]), run_report._chart([short])
    x = chart.figure["data"][0]["x"]
    assert len(x) == 1000 and (x[0], x[-1]) == (0, 4999) and "1,000 points" in chart.caption
    assert plain.caption == "" and plain.figure["data"][0]["x"] == list(range(9))
