"""A report as PDF: its texts can be searched and copied, its charts are pictures of 300 dpi."""

import importlib.util
import io
import logging
import re
import warnings
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.errors import DlexplainError
from dlexplain.figures.coloured_text import STRONGEST
from dlexplain.figures.report_html import piece_colour, printed_quietly
from dlexplain.language import tr
from dlexplain.results.reports import (
    COLOUR,
    FORMATS,
    KINDS,
    Chart,
    ColourBar,
    Coloured,
    MethodTold,
    Part,
    Report,
    Rows,
    Section,
    Shown,
    Words,
)
from dlexplain.results.words import made_visible

if TYPE_CHECKING:
    from fpdf import FPDF

MARGIN, WIDTH = 16.0, 210.0 - 2 * 16.0
"""Millimetres of A4."""
INK, SOFT, MARK, PANEL, LINE = (22, 32, 42), (91, 102, 114), (0, 114, 178), (245, 247, 249), 217
BODY, SMALL, HEAD, TITLE = 10.0, 8.2, 13.0, 17.0
"""Points."""
PICTURES, GAP = 3, 5.0
"""Pictures in a row."""
BOX = "□"
NO_FONT = (
    "No font of this machine has {count} of the letters in this report, such as {some}; they are "
    "boxes here. The HTML file of the report shows them by the reader's fonts."
)
CELL = 400
"""Letters of a table's cell."""
_LONG = re.compile(r"\S{28,}")


def report_pdf(report: Report) -> bytes:
    """The whole report on A4, with an outline of its sections."""
    logging.getLogger("fpdf").setLevel(logging.ERROR)  # letters that are missing are told on it
    sheet, report = _sheet(report)
    _line(sheet, f"{KINDS[report.kind]} · {report.about.date[:10]}", SMALL, SOFT)
    _line(sheet, report.question, TITLE, INK, "B")
    sheet.ln(1.5)
    _answer(sheet, report.answer)
    for section in report.sections:
        _section(sheet, section)
    _about(sheet, report)
    return bytes(sheet.output())


FORMATS.add("pdf", report_pdf)


def _sheet(report: Report) -> "tuple[FPDF, Report]":
    """An empty document with its fonts, and the report; letters that none of them has are told on
    it, and are boxes in the report."""
    from fpdf import FPDF

    class Sheet(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font(tr("Text"), size=7.5)
            self.set_text_color(*SOFT)
            self.cell(WIDTH / 2, 5, _cut(self, made_visible(report.title), WIDTH * 0.75))
            self.cell(WIDTH / 2, 5, tr(f"{self.page_no()} of {{nb}}"), align="R")

    sheet = Sheet(format="A4")
    sheet.set_margins(MARGIN, MARGIN)
    sheet.set_auto_page_break(True, 18)
    folder = _fonts()
    for style, name in (("", ""), ("B", "-Bold")):
        sheet.add_font(tr("Text"), style, folder / f"DejaVuSans{name}.ttf")
    sheet.add_font(tr("Code"), "", folder / "DejaVuSansMono.ttf")
    missing = _add_fallbacks(sheet, _letters(report))
    sheet.set_title(report.title)
    sheet.set_creator("dlexplain")
    sheet.set_lang("en")
    sheet.add_page()
    sheet.set_font(tr("Text"), size=BODY)
    if missing:
        report = Report.from_dict(
            _boxed(report.to_dict(), str.maketrans(dict.fromkeys(missing, BOX)))
        )
        told = NO_FONT.format(count=len(missing), some=f"U+{ord(min(missing)):04X}")
        _line(sheet, told, SMALL, SOFT)
    return sheet, report


def _boxed(told: Any, letters: dict[int, str]) -> Any:
    """JSON with BOX for these letters, but in what is drawn."""
    if isinstance(told, dict):
        drawn = ("figure", "content")
        return {k: v if k in drawn else _boxed(v, letters) for k, v in told.items()}
    if isinstance(told, list | tuple):
        return [_boxed(one, letters) for one in told]
    return told.translate(letters) if isinstance(told, str) else told


def _fonts() -> Path:
    """The folder of the fonts that come with matplotlib, found without importing it."""
    found = importlib.util.find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"


def _letters(report: Report) -> set[str]:
    """All of the report, of its own texts."""
    found: set[str] = set()
    waiting: list[Any] = [report.to_dict()]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [value for key, value in one.items() if key not in ("figure", "content")]
        elif isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, str):
            found |= set(made_visible(one))
    return {letter for letter in found if not letter.isspace()}


def _add_fallbacks(sheet: "FPDF", letters: set[str]) -> set[str]:
    """Let fonts of this machine stand in for what DejaVu lacks; returns what none has."""
    missing = letters - _letters_of(sheet, "text")
    names: list[str] = []
    for file in _machine_fonts() if missing else ():
        name = tr(f"Other{len(names)}")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                sheet.add_font(name, "", file)
        except Exception:  # of any make; one that cannot be read is no reason to have no report
            continue
        has = missing & _letters_of(sheet, name.lower())
        if not has:
            del sheet.fonts[name.lower()]
            continue
        names.append(name)
        missing -= has
        if not missing:
            break
    if names:
        sheet.set_fallback_fonts(names, exact_match=False)
    return missing


def _letters_of(sheet: "FPDF", font: str) -> set[str]:
    return set(map(chr, getattr(sheet.fonts[font], "cmap", ())))


def _machine_fonts() -> list[str]:
    """Files of TrueType fonts, those of eastern letters first."""
    from matplotlib import font_manager

    files = [file for file in font_manager.findSystemFonts() if file.lower().endswith("ttf")]
    eastern = ("cjk", "wqy", "gothic", "ming", "song", "hei", "droidsansfallback", "unifont")
    return sorted(files, key=lambda f: (not any(n in f.lower() for n in eastern), f))


def _line(
    sheet: "FPDF",
    told: str,
    size: float = BODY,
    colour: tuple[int, int, int] = INK,
    style: str = "",
    font: str = "Text",
) -> None:
    """A paragraph over the whole width."""
    sheet.set_font(font, style, size)
    sheet.set_text_color(*colour)
    sheet.set_x(MARGIN)
    sheet.multi_cell(WIDTH, size * 0.5, _breakable(told), align="L", new_x="LMARGIN", new_y="NEXT")


def _breakable(told: str) -> str:
    """Words that are longer than a line may break."""
    soft = "\u200b"
    plain = made_visible(told).replace("\t", "    ")
    return _LONG.sub(lambda found: re.sub(r"([/_.\-=,])", rf"\1{soft}", found[0]), plain)


def _cut(sheet: "FPDF", told: str, width: float) -> str:
    """On one line."""
    while told and sheet.get_string_width(told) > width:
        told = told[:-2].rstrip() + "…"
    return told


def _answer(sheet: "FPDF", answer: str) -> None:
    top = sheet.get_y()
    sheet.set_font(tr("Text"), "", BODY + 1.5)
    sheet.set_text_color(*INK)
    sheet.set_fill_color(*PANEL)
    sheet.set_x(MARGIN + 1.2)
    sheet.multi_cell(
        WIDTH - 1.2, 6, _breakable(answer), align="L", fill=True, padding=(3, 3, 3, 4),
        new_x="LMARGIN", new_y="NEXT",
    )  # fmt: skip
    sheet.set_fill_color(*MARK)
    sheet.rect(MARGIN, top, 1.2, sheet.get_y() - top, style="F")
    sheet.ln(2)


def _heading(sheet: "FPDF", told: str, room: float = 40.0) -> None:
    """A section's; on the next page where there is little room below it."""
    if sheet.will_page_break(room):
        sheet.add_page()
    else:
        sheet.ln(4)
    sheet.start_section(made_visible(told), strict=False)
    _line(sheet, told, HEAD, INK, "B")
    sheet.ln(1)


def _section(sheet: "FPDF", section: Section) -> None:
    _heading(sheet, section.heading, _room(section))
    for shown, group in groupby(section.parts, lambda part: isinstance(part, Shown)):
        if shown:
            _pictures(sheet, [one for one in group if isinstance(one, Shown)])
        else:
            for part in group:
                _part(sheet, part)


def _room(section: Section) -> float:
    """That the heading and what stands first under it take together, in millimetres; roughly, of a
    chart by its height in pixels of 1/96 inch."""
    first = section.parts[0] if section.parts else None
    if isinstance(first, Shown):
        return (WIDTH - (PICTURES - 1) * GAP) / PICTURES + 50
    if isinstance(first, Chart):
        return min(220.0, 25 + float(first.figure["layout"].get("height") or 450) * 25.4 / 96)
    return 40.0


def _part(sheet: "FPDF", part: Part) -> None:
    if isinstance(part, Words):
        for paragraph in part.text.split("\n\n"):
            _line(sheet, " ".join(paragraph.split()))
            sheet.ln(1)
    elif isinstance(part, Chart):
        _chart(sheet, part)
    elif isinstance(part, Rows):
        _table(sheet, part)
    elif isinstance(part, Coloured):
        _coloured(sheet, part)


def _chart(sheet: "FPDF", chart: Chart) -> None:
    from PIL import Image

    try:
        content = printed_quietly(chart, "png", WIDTH)
    except DlexplainError as error:
        _line(sheet, tr(f"{chart.alt}. It cannot be printed: {error}"), SMALL, SOFT)
        return
    with Image.open(io.BytesIO(content)) as image:
        height = WIDTH * image.height / image.width
    most = sheet.h - 2 * MARGIN - 20
    width, height = (WIDTH, height) if height <= most else (WIDTH * most / height, most)
    if sheet.will_page_break(height + 8):
        sheet.add_page()
    sheet.image(io.BytesIO(content), MARGIN, sheet.get_y(), width, height, alt_text=chart.alt)
    sheet.set_y(sheet.get_y() + height + 1)
    if chart.caption:
        _line(sheet, chart.caption, SMALL, SOFT)
    sheet.ln(2)


def _pictures(sheet: "FPDF", pictures: Sequence[Shown]) -> None:
    """Side by side, PICTURES in a row."""
    count = 4 if len(pictures) == 4 else PICTURES
    side = (WIDTH - (count - 1) * GAP) / count
    for first in range(0, len(pictures), count):
        row = pictures[first : first + count]
        if sheet.will_page_break(side + 30):
            sheet.add_page()
        top, ends = sheet.get_y(), []
        for place, one in enumerate(row):
            ends.append(_picture(sheet, one, MARGIN + place * (side + GAP), top, side))
        sheet.set_xy(MARGIN, max(ends) + 3)


def _picture(sheet: "FPDF", one: Shown, left: float, top: float, side: float) -> float:
    """Drawn at a place; returns where it ends below."""
    sheet.set_xy(left, top)
    sheet.set_font(tr("Text"), "B", 9)
    sheet.set_text_color(*INK)
    sheet.cell(side, 5, _cut(sheet, made_visible(one.title), side))
    from PIL import Image

    with Image.open(io.BytesIO(one.content)) as image:
        scale = side / max(image.size)
        width, height = image.width * scale, image.height * scale
    sheet.image(io.BytesIO(one.content), left, top + 6, width, height, alt_text=one.alt)
    sheet.set_xy(left, top + 6 + height + 1)
    if one.bar is not None:
        _bar(sheet, one.bar, left, side)
    if one.caption:
        sheet.set_x(left)
        sheet.set_font(tr("Text"), "", 7.2)
        sheet.set_text_color(*SOFT)
        sheet.multi_cell(side, 3.4, _breakable(one.caption), align="L", new_x="LEFT", new_y="NEXT")
    return float(sheet.get_y())


def _bar(sheet: "FPDF", bar: ColourBar, left: float, side: float) -> None:
    """The colours of a map from its low to its high end, on white."""
    top, count = sheet.get_y(), 60
    for place in range(count):
        sheet.set_fill_color(*_colour_at(bar, place / (count - 1)))
        sheet.rect(left + place * side / count, top, side / count + 0.05, 2, style="F")
    sheet.set_draw_color(LINE)
    sheet.rect(left, top, side, 2)
    sheet.set_font(tr("Text"), "", 6.8)
    sheet.set_text_color(*SOFT)
    for told, align in ((bar.low, "L"), (bar.unit, "C"), (bar.high, "R")):
        sheet.set_xy(left, top + 2.2)
        sheet.cell(side, 3.4, _cut(sheet, made_visible(told), side * 0.7), align=align)
    sheet.set_xy(left, top + 6)
    if bar.note:
        sheet.multi_cell(side, 3.2, bar.note, align="L", new_x="LEFT", new_y="NEXT")


def _colour_at(bar: ColourBar, share: float) -> tuple[int, int, int]:
    """Between the two stops around it, laid on white."""
    stops = [(place, _on_white(colour)) for place, colour in bar.stops]
    for (low, first), (high, second) in pairwise(stops):
        if share <= high:
            part = (share - low) / (high - low) if high > low else 0.0
            red, green, blue = (
                round(a + part * (b - a)) for a, b in zip(first, second, strict=True)
            )
            return red, green, blue
    return stops[-1][1]


def _on_white(colour: str) -> tuple[int, int, int]:
    found = COLOUR.fullmatch(colour)
    assert found is not None
    share = float(found[4])
    red, green, blue = (round(share * int(found[i]) + (1 - share) * 255) for i in (1, 2, 3))
    return red, green, blue


def _coloured(sheet: "FPDF", part: Coloured) -> None:
    """Word by word, each on its colour."""
    if part.title:
        _line(sheet, part.title, BODY, INK, "B")
    sheet.set_font(tr("Text"), "", BODY + 0.5)
    sheet.set_text_color(*INK)
    high = 6.2
    for word, share in _pieces(part):
        if word == "\n":
            sheet.ln(high)
            continue
        width = sheet.get_string_width(word) + 0.6
        if sheet.get_x() + width > MARGIN + WIDTH and word.strip():
            sheet.ln(high)
        if sheet.will_page_break(high):
            sheet.add_page()
        hexa = piece_colour(part, share)
        full = [int(hexa[i : i + 2], 16) for i in (1, 3, 5)]
        opacity = STRONGEST * abs(share)
        sheet.set_fill_color(*(round(opacity * c + (1 - opacity) * 255) for c in full))
        sheet.cell(width, high - 1, word, fill=share != 0)
    sheet.ln(high)
    if part.caption:
        _line(sheet, part.caption, SMALL, SOFT)
    sheet.ln(2)


MOST_LETTERS = 40
"""Of a piece that is drawn at once."""


def _pieces(part: Coloured) -> Iterable[tuple[str, float]]:
    """Words, blanks and breaks, none longer than a line."""
    for piece, share, _ in part.pieces:
        for word in re.findall(r"\n|[^\S\n]+|\S+", made_visible(piece)):
            plain = word if word == "\n" or word.strip() else " "
            for first in range(0, len(plain), MOST_LETTERS):
                yield plain[first : first + MOST_LETTERS], share


def _table(sheet: "FPDF", rows: Rows) -> None:
    if rows.caption:
        _line(sheet, rows.caption, SMALL, SOFT)
    if not rows.columns or not rows.rows:
        return
    many = len(rows.columns)
    size = BODY - 1.5 if many <= 4 else 7.0 if many <= 7 else 5.6
    sheet.set_font(tr("Text"), "", size)
    sheet.set_text_color(*INK)
    sheet.set_draw_color(LINE)
    sheet.set_fill_color(255)  # with which the table paints its cells
    head = any(rows.columns)
    from fpdf.enums import TableBordersLayout
    from fpdf.fonts import FontFace

    with sheet.table(
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        col_widths=_widths(sheet, rows),
        first_row_as_headings=head,
        headings_style=FontFace(emphasis="BOLD", color=INK),
        line_height=size * 0.48,
        text_align="LEFT",
        width=WIDTH,
        padding=0.7,
    ) as drawn:
        for row in ([rows.columns] if head else []) + list(rows.rows):
            drawn.row(
                [_breakable(cell if len(cell) <= CELL else cell[:CELL] + "…") for cell in row]
            )
    sheet.ln(2)


def _widths(sheet: "FPDF", rows: Rows) -> tuple[float, ...]:
    """By the longest cell of each column, none so wide that the others have no room."""
    found = []
    for place, name in enumerate(rows.columns):
        cells = [name, *(row[place] for row in rows.rows)]
        longest = max(sheet.get_string_width(made_visible(cell)) for cell in cells) + 3
        word = max(
            (sheet.get_string_width(w[:24]) for cell in cells for w in made_visible(cell).split()),
            default=0.0,
        )
        found.append(max(word + 3, min(longest, WIDTH * 0.6)))
    return tuple(found)


def _about(sheet: "FPDF", report: Report) -> None:
    about = report.about
    if about.methods:
        _heading(sheet, tr("The methods"))
        for one in about.methods:
            _method(sheet, one)
    if about.cards:
        _heading(sheet, tr("The model") if len(about.cards) == 1 else tr("The models"))
        for card in about.cards:
            _line(sheet, card.title, BODY, INK, "B")
            _table(sheet, Rows(("", ""), tuple(card.facts.items())))
    _heading(sheet, tr("To repeat it"), 30)
    from fpdf.enums import WrapMode

    for code in (*about.commands, *about.code):
        sheet.set_fill_color(*PANEL)
        sheet.set_font(tr("Code"), "", 7.6)
        sheet.set_text_color(*INK)
        sheet.multi_cell(
            WIDTH, 3.9, made_visible(code), align="L", fill=True, padding=2,
            new_x="LMARGIN", new_y="NEXT", wrapmode=WrapMode.CHAR,
        )  # fmt: skip
        sheet.ln(1.5)
    versions = ", ".join(f"{name} {version}" for name, version in about.versions.items())
    made = " · ".join(filter(None, (about.date.replace("T", " "), about.machine)))
    told = ((tr("Made"), made), (tr("Seed"), about.seed), (tr("Versions"), versions))
    _table(sheet, Rows(("", ""), tuple((name, value) for name, value in told if value)))


def _method(sheet: "FPDF", one: MethodTold) -> None:
    if sheet.will_page_break(20):
        sheet.add_page()
    _line(sheet, one.title, BODY, INK, "B")
    for paragraph in one.description.split("\n\n"):
        _line(sheet, " ".join(paragraph.split()), BODY - 0.8)
    params = ", ".join(f"{name} = {value}" for name, value in one.params.items())
    for told in filter(None, (params, one.paper)):
        _line(sheet, told, SMALL, SOFT)
    sheet.ln(1.5)
