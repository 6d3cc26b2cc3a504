"""A report as one HTML file, and its parts as mark-up for pages."""

import re
import warnings
from collections.abc import Iterator, Sequence
from itertools import groupby

from dlexplain.figures.coloured_text import AGAINST, FOR, SHARE, STRONGEST
from dlexplain.figures.report_page import (
    data_address,
    data_block,
    facts,
    page,
    table,
    text,
)
from dlexplain.figures.scales import rgba
from dlexplain.figures.static import WIDTH_MM, Kind, PrintWarning, printed
from dlexplain.language import tr
from dlexplain.results.reports import (
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

MOST_SVG = 150_000
"""Bytes of a chart's still picture; one that would be more is a PNG, which is the smaller then."""
_LINK = re.compile(r"https?://[^\s<>\"')]+[^\s<>\"').,]")


def report_html(report: Report) -> bytes:
    """The whole report: charts to be looked into, nothing fetched, light, dark and on paper."""
    head = (
        f'<p class="kind">{text(KINDS[report.kind])} · {text(report.about.date[:10])}</p>'
        f"<h1>{text(report.question)}</h1>"
        f'<p class="answer">{text(report.answer)}</p>'
    )
    body = "".join(_section(one) for one in report.sections)
    return page(
        report.title, f"<main>{head}{body}{_about(report)}</main>", charts=bool(report.charts)
    )


FORMATS.add("html", report_html)


def _section(section: Section) -> str:
    return f"<h2>{text(section.heading)}</h2>{''.join(_parts(section.parts))}"


def _parts(parts: Sequence[Part]) -> Iterator[str]:
    """Mark-up of each; pictures that follow one another stand side by side."""
    for shown, group in groupby(parts, lambda part: isinstance(part, Shown)):
        told = "".join(_chart(one) if isinstance(one, Chart) else part_html(one) for one in group)
        yield f'<div class="side">{told}</div>' if shown else told


def part_html(part: Words | Shown | Coloured | Rows) -> str:
    """A part that needs no script."""
    if isinstance(part, Words):
        return "".join(f"<p>{text(one)}</p>" for one in part.text.split("\n\n"))
    if isinstance(part, Rows):
        return table(part.columns, part.rows, part.caption)
    if isinstance(part, Coloured):
        words = f"<figure>{_title(part.title)}{coloured_html(part)}"
        return f"{words}{_caption(part.caption)}</figure>"
    source = data_address(part.content, part.format)
    bar = "" if part.bar is None else bar_html(part.bar)
    return (
        f'<figure class="shown">{_title(part.title)}'
        f'<img src="{source}" alt="{text(part.alt)}">{bar}{_caption(part.caption)}</figure>'
    )


def _title(title: str) -> str:
    return f"<strong>{text(title)}</strong>" if title else ""


def _caption(caption: str) -> str:
    return f"<figcaption>{text(caption)}</figcaption>" if caption else ""


FRAME = "max-width:28rem"
"""As wide as a picture."""


def bar_html(bar: ColourBar) -> str:
    """A map's colours with the values of its ends; its styles are in it, so pages draw it too."""
    stops = ",".join(f"{colour} {place:.1%}" for place, colour in bar.stops)
    small = f"{FRAME};font-size:.78rem;line-height:1.3;opacity:.8"
    note = f'<div style="{small}">{text(bar.note)}</div>' if bar.note else ""
    low, high = (f'<span style="white-space:nowrap">{text(x)}</span>' for x in (bar.low, bar.high))
    return (
        f'<div style="{FRAME};height:.6rem;margin-top:.4rem;border-radius:3px;border:1px solid '
        f"rgba(128,128,128,.4);background-color:#fff;background-image:linear-gradient(90deg,{stops})"
        f'"></div><div style="{small};display:flex;justify-content:space-between;gap:.4rem">'
        f"{low}<span>{text(bar.unit)}</span>{high}</div>{note}"
    )


WORDS = "line-height:2;font-size:1.05rem;unicode-bidi:plaintext;white-space:pre-wrap;max-width:none"


def coloured_html(part: Coloured) -> str:
    """The text, each word on its colour, its value on hover; likewise with its styles in it."""
    spans = []
    for piece, share, told in part.pieces:
        if share == 0 and not told:
            spans.append(text(piece))
            continue
        ground = rgba(piece_colour(part, share), round(STRONGEST * abs(share), 3))
        spans.append(
            f'<span style="background:{ground};border-radius:3px;padding:1px 2px" '
            f'title="{text(f"{piece.strip()}: {told}")}">{text(piece)}</span>'
        )
    return f'<p dir="auto" style="{WORDS}">{"".join(spans)}</p>'


def piece_colour(part: Coloured, share: float) -> str:
    """Of a word, at its full strength."""
    return SHARE if not part.signed else FOR if share > 0 else AGAINST


def _chart(chart: Chart) -> str:
    """The chart's data, a place to draw it in, and a picture of it for where it is not drawn."""
    content, kind = still(chart)
    alt = text(chart.alt)
    return (
        f'<figure class="chart"><div class="live" role="img" aria-label="{alt}" hidden></div>'
        f'<img class="still" src="{data_address(content, kind)}" alt="{alt}">'
        f"{data_block(dict(chart.figure))}{_caption(chart.caption)}</figure>"
    )


def still(chart: Chart) -> tuple[bytes, str]:
    """A picture of a chart, and its kind as addresses name it."""
    drawn = printed_quietly(chart, "svg")
    return (drawn, "svg+xml") if len(drawn) <= MOST_SVG else (printed_quietly(chart, "png"), "png")


def printed_quietly(chart: Chart, kind: Kind, width_mm: float = WIDTH_MM) -> bytes:
    """Without the warning of letters that no font has: a report says that once, in its own way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrintWarning)
        return printed(chart.figure, kind, width_mm)


def _about(report: Report) -> str:
    """How the answer was made, and what repeats it."""
    about = report.about
    told = [_method(one) for one in about.methods]
    cards = [f"<h3>{text(card.title)}</h3>{facts(card.facts)}" for card in about.cards]
    again = [f"<pre><code>{text(one)}</code></pre>" for one in about.commands]
    code = "\n\n".join(about.code)
    again += [f"<pre><code>{text(code)}</code></pre>"] if code else []
    made = {
        "Made": " · ".join(filter(None, (about.date.replace("T", " "), about.machine))),
        "Seed": about.seed,
        "Versions": ", ".join(f"{name} {version}" for name, version in about.versions.items()),
    }
    made = {name: value for name, value in made.items() if value}
    sections = (
        (tr("The methods"), told),
        (tr("The model") if len(cards) == 1 else tr("The models"), cards),
        (tr("To repeat it"), [*again, facts(made)]),
    )
    return "".join(f"<h2>{name}</h2>{''.join(parts)}" for name, parts in sections if parts)


def _method(one: MethodTold) -> str:
    params = ", ".join(f"{name} = {value}" for name, value in one.params.items())
    settings = f'<p class="soft">{text(params)}</p>' if params else ""
    paragraphs = "".join(f"<p>{text(part)}</p>" for part in one.description.split("\n\n"))
    paper = f'<p class="soft">{_linked(one.paper)}</p>' if one.paper else ""
    return f"<h3>{text(one.title)}</h3>{paragraphs}{settings}{paper}"


def _linked(plain: str) -> str:
    """A paper with its address to click; nothing is fetched before that."""
    at, told = 0, []
    for found in _LINK.finditer(plain):
        address = text(found[0])
        told += [
            text(plain[at : found.start()]),
            f'<a href="{address}" rel="noopener noreferrer">{address}</a>',
        ]
        at = found.end()
    return "".join([*told, text(plain[at:])])
