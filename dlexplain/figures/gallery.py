"""The front page's examples drawn as HTML and SVG: there before any chart library is.

Strings of our own and numbers only; what comes from outside is escaped. Each has its height before
its pictures are read, so that nothing jumps. What moves stands still for people who have asked
their system for less motion.
"""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

from dlexplain.figures.coloured_text import AGAINST, FOR, STRONGEST
from dlexplain.figures.scales import BLUE, ORANGE, rgba
from dlexplain.language import tr

WIDE, HIGH = 360, 210
"""Of a drawing, in units of its own; it takes the width that it gets."""
LINKS_HIGH = 280
"""Pixels of the links between tokens, at any width."""
EDGE = 6
"""Left free at both sides, so that points there are whole."""
HOLD_SECONDS = 2.4
"""How long each picture of several stands."""
FONT = "system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif"
LETTERS = ("#4A5661", "#B9C3CC")
"""Of drawings on light and on dark pages, at least 4.5:1; one grey for both there is not."""
STILL = "@media (prefers-reduced-motion:reduce)"
SMALL = "font-size:.8rem;opacity:.75"
WALK = (
    "width:100%;max-width:15rem;aspect-ratio:1;object-fit:cover;display:block;margin:auto;"
    "border-radius:8px"
)


def data_address(content: bytes, kind: str) -> str:
    """kind  such as image/webp"""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def morphing(pictures: Sequence[bytes], names: Sequence[str], alt: str) -> str:
    """Pictures of one size that fade into each other in turn, the name of each under it; one alone
    stands still."""
    count = len(pictures)
    total, share = count * HOLD_SECONDS, 100 / count
    style = (
        f"@keyframes dlx-turn{{0%,{share * 0.75:.1f}%{{opacity:1}}{share:.1f}%{{opacity:0}}"
        f"{100 - share * 0.25:.1f}%{{opacity:0}}100%{{opacity:1}}}}"
        ".dlx-turn>*{position:absolute;inset:0;opacity:0;"
        f"animation:dlx-turn {total:.1f}s infinite}}"
        ".dlx-turn>*:last-child{position:relative}"
        ".dlx-turn:hover>*{animation-play-state:paused}"  # to look at one for longer
        f"{STILL}{{.dlx-turn>*{{animation:none}}.dlx-turn>*:nth-child(2){{opacity:1}}}}"
    )
    style = style if count > 1 else ""
    shown = []
    for place, (content, name) in enumerate(zip(pictures, names, strict=True)):
        delay = place * HOLD_SECONDS - total
        shown.append(
            f'<figure style="margin:0;animation-delay:{delay:.1f}s">'
            f'<img src="{data_address(content, "image/jpeg")}" alt="" '
            'style="width:100%;aspect-ratio:1;border-radius:8px;display:block">'
            f'<figcaption style="{SMALL};margin-top:.3rem">{escape(name)}</figcaption></figure>'
        )
    return (
        f'<style>{style}</style><div class="dlx-turn" role="img" aria-label="{escape(alt)}" '
        f'style="position:relative">{"".join(shown)}</div>'
    )


def words_in_colour(words: Sequence[tuple[str, float]], unit: str) -> str:
    """A sentence, red words for its class and blue ones against it."""
    top = max((abs(value) for _, value in words), default=0.0) or 1.0
    spans: list[str] = []
    for word, value in words:
        colour = rgba(FOR if value > 0 else AGAINST, round(STRONGEST * abs(value) / top, 3))
        gap = "" if not spans or word[:1] in ".,;:!?" else " "
        spans.append(
            f'{gap}<span style="background:{colour};border-radius:4px;padding:2px 3px" '
            f'title="{signed(value)} {escape(tr(unit))}">{escape(word.strip())}</span>'
        )
    return f'<p style="font-size:1.25rem;line-height:2;margin:0">{"".join(spans)}</p>'


def links(tokens: Sequence[str], weights: Sequence[Sequence[float]], alt: str) -> str:
    """Tokens twice, one column beside the other, and lines from each to where it looks: faint for
    all, and strong for the one under the pointer, or that has the keyboard's focus."""
    step, left, right = 17, 110, 250
    high = step * len(tokens) + 8
    style = (
        ".dlx-token .dlx-strong{opacity:0;pointer-events:none}.dlx-token:hover .dlx-strong,"
        ".dlx-token:focus .dlx-strong{opacity:1}"
        ".dlx-links:hover .dlx-all,.dlx-links:focus-within .dlx-all{opacity:.15}"
        ".dlx-token{cursor:pointer;outline:none}.dlx-token:hover text,.dlx-token:focus text"
        "{font-weight:700}.dlx-token:focus-visible rect{stroke:currentColor;stroke-width:2}"
    )
    faint, groups = [], []
    for row, (token, looks) in enumerate(zip(tokens, weights, strict=True)):
        y = step * (row + 0.7)
        strong = []
        for column, weight in enumerate(looks):
            if weight < 0.02:
                continue
            line = (
                f'<path d="M{left + 4} {y - 4:.1f}C{left + 70} {y - 4:.1f} {right - 70} '
                f'{step * (column + 0.7) - 4:.1f} {right - 4} {step * (column + 0.7) - 4:.1f}" '
                f'fill="none" stroke="{BLUE}" stroke-width="{max(0.4, 5 * weight):.2f}" '
            )
            faint.append(line + f'opacity="{min(0.9, weight):.2f}"/>')
            strong.append(line.replace(BLUE, ORANGE) + "/>")
        groups.append(
            f'<g class="dlx-token" tabindex="0" role="img" '
            f'aria-label="{escape(_looked(token, tokens, looks))}">'
            f'<rect x="0" y="{y - 12:.1f}" width="{left}" height="{step}" fill="transparent"/>'
            f'<text x="{left}" y="{y:.1f}" text-anchor="end" '
            f'font-size="12" fill="currentColor">{escape(token)}</text>'
            f'<g class="dlx-strong">{"".join(strong)}</g></g>'
        )
    said = "".join(
        f'<text x="{right}" y="{step * (row + 0.7):.1f}" font-size="12" fill="currentColor">'
        f"{escape(token)}</text>"
        for row, token in enumerate(tokens)
    )
    return (
        f'<style>{style}</style><svg class="dlx-links" role="group" aria-label="{escape(alt)}" '
        f'viewBox="0 0 {WIDE} {high}" style="width:100%;height:{LINKS_HIGH}px;display:block">'
        f'<g class="dlx-all">{"".join(faint)}</g>{"".join(groups)}{said}</svg>'
    )


def _looked(token: str, tokens: Sequence[str], looks: Sequence[float]) -> str:
    """ "superb looks at acting, 0.41" """
    most = max(range(len(looks)), key=looks.__getitem__)
    return tr(f"{token} looks most at {tokens[most]}, {looks[most]:.2f}")


def forecast_lines(
    past: Sequence[tuple[str, float]],
    ahead: Sequence[tuple[str, float]],
    low: Sequence[float],
    high: Sequence[float],
    came: Sequence[float],
    level: int,
    alt: str,
) -> str:
    """The past, the forecast with its interval of `level` percent, and, dotted, what came."""
    values = [v for _, v in (*past, *ahead)] + [*low, *high, *came]
    place = _placing(len(past) + len(ahead), min(values), max(values))
    last = (len(past) - 1, past[-1][1])
    after = range(len(past), len(past) + len(ahead))
    band = [last, *zip(after, high, strict=True), *reversed([*zip(after, low, strict=True)])]
    lines = (
        f'<polygon points="{_points(place, band)}" fill="{rgba(BLUE, 0.22)}"/>'
        + _line(place, [*enumerate(v for _, v in past)], "currentColor")
        + _line(place, [last, *zip(after, (v for _, v in ahead), strict=True)], BLUE)
        + _line(place, [last, *zip(after, came, strict=True)], ORANGE, "2 4")
    )
    small = 'font-size="11" fill="currentColor"'
    legend = (
        f'<text x="0" y="12" {small}><tspan fill="{BLUE}">━</tspan> '
        f"{escape(tr(f'forecast with its {level}% interval'))}</text>"
        f'<text x="0" y="28" {small}><tspan fill="{ORANGE}">┅</tspan> '
        f"{escape(tr('what came'))}</text>"
    )
    ends = legend + (
        f'<text x="0" y="{HIGH}" font-size="11" fill="currentColor">'
        f"{escape(past[0][0][:4])}</text>"
        f'<text x="{WIDE}" y="{HIGH}" font-size="11" text-anchor="end" fill="currentColor" '
        f'opacity=".7">{escape(ahead[-1][0][:4])}</text>'
    )
    return _drawing(lines + ends, alt)


def parts(rows: Sequence[tuple[str, float]], unit: str, alt: str) -> str:
    """A bar a row, right of the middle where it is positive."""
    top = max((abs(value) for _, value in rows), default=0.0) or 1.0
    told = []
    for name, value in rows:
        width = 50 * abs(value) / top
        left = 50 - (0 if value > 0 else width)
        told.append(
            f'<div style="display:flex;gap:.5rem;align-items:center;{SMALL}">'
            f'<span style="flex:0 0 46%;text-align:right">{escape(name)}</span>'
            '<span style="flex:1;position:relative;height:.7rem">'
            f'<span style="position:absolute;left:{left:.1f}%;width:{width:.1f}%;top:0;bottom:0;'
            f'background:{FOR if value > 0 else AGAINST};border-radius:2px"></span></span>'
            f'<span style="flex:0 0 4rem">{signed(value)} {escape(unit)}</span></div>'
        )
    return f'<div role="img" aria-label="{escape(alt)}">{"".join(told)}</div>'


def signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def ranks(rows: Sequence[tuple[str, float, float, float]], most: int, alt: str) -> str:
    """A row a method: its mean rank from 1, the best, to `most`, with the ends of its interval."""
    told = []
    for place, (name, rank, low, high) in enumerate(rows):
        at, start, end = (100 * (one - 1) / max(1, most - 1) for one in (rank, low, high))
        colour = BLUE if not place else "currentColor"
        told.append(
            f'<div style="display:flex;gap:.5rem;align-items:center;{SMALL}">'
            f'<span style="flex:0 0 46%;text-align:right">{escape(name)}</span>'
            '<span style="flex:1;position:relative;height:.9rem">'
            f'<span style="position:absolute;left:{start:.1f}%;width:{end - start:.1f}%;top:.38rem;'
            f'height:.14rem;background:{colour};opacity:.6"></span>'
            f'<span style="position:absolute;left:calc({at:.1f}% - .3rem);top:.15rem;width:.6rem;'
            f'height:.6rem;background:{colour};border-radius:50%"></span></span>'
            f'<span style="flex:0 0 2.2rem">{rank:.1f}</span></div>'
        )
    return f'<div role="img" aria-label="{escape(alt)}">{"".join(told)}</div>'


def moving(film: bytes, still: bytes, alt: str, style: str = WALK) -> str:
    """An animated WebP; the still picture for people who have asked for less motion."""
    return (
        f'<picture><source srcset="{data_address(still, "image/webp")}" '
        'media="(prefers-reduced-motion:reduce)">'
        f'<img src="{data_address(film, "image/webp")}" alt="{escape(alt)}" '
        f'style="{style}"></picture>'
    )


def curve(values: Sequence[float], alt: str) -> str:
    """Shares of 1 after each epoch, drawn from left to right."""
    low = min(values)
    place = _placing(len(values), low, 1.0)
    style = (
        ".dlx-drawn{stroke-dasharray:1;stroke-dashoffset:1;animation:dlx-draw 4s ease-out forwards}"
        f"@keyframes dlx-draw{{to{{stroke-dashoffset:0}}}}{STILL}"
        "{.dlx-drawn{animation:none;stroke-dashoffset:0}}"
    )
    points = _points(place, [*enumerate(values)])
    line = (
        f'<polyline class="dlx-drawn" pathLength="1" points="{points}" '
        f'fill="none" stroke="{BLUE}" stroke-width="3" stroke-linejoin="round"/>'
    )
    rules = "".join(
        f'<line x1="0" x2="{WIDE}" y1="{place(0, at)[1]:.1f}" y2="{place(0, at)[1]:.1f}" '
        'stroke="currentColor" opacity=".2"/>'
        f'<text x="{WIDE}" y="{place(0, at)[1] - 4:.1f}" font-size="11" text-anchor="end" '
        f'fill="currentColor">{at:.0%}</text>'
        for at in (1.0, low)
    )
    ends = (
        f'<text x="0" y="{HIGH}" font-size="11" fill="currentColor">'
        f"{escape(tr('epoch 1'))}</text>"
        f'<text x="{WIDE}" y="{HIGH}" font-size="11" text-anchor="end" fill="currentColor" '
        f'opacity=".7">{len(values)}</text>'
    )
    return _drawing(f"<style>{style}</style>{rules}{line}{ends}", alt)


def _placing(count: int, low: float, high: float, top: int = 16) -> Any:
    bottom, span = HIGH - 20, (high - low) or 1.0

    def place(index: float, value: float) -> tuple[float, float]:
        x = EDGE + (WIDE - 2 * EDGE) * index / max(1, count - 1)
        return x, bottom - (bottom - top) * (value - low) / span

    return place


def _points(place: Any, rows: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*row) for row in rows))


def _line(place: Any, rows: Sequence[tuple[float, float]], colour: str, dash: str = "") -> str:
    return (
        f'<polyline points="{_points(place, rows)}" fill="none" stroke="{colour}" '
        f'stroke-width="2.5" stroke-dasharray="{dash}" stroke-linejoin="round"/>'
    )


def _drawing(inside: str, alt: str) -> str:
    """As a picture, since Streamlit's HTML leaves SVG out; its ink fits light and dark."""
    style = (
        f"<style>svg{{color:{LETTERS[0]}}}text{{font-family:{FONT}}}"
        f"@media(prefers-color-scheme:dark){{svg{{color:{LETTERS[1]}}}}}</style>"
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" '
        f'height="{HIGH}">{style}{inside}</svg>'
    )
    return (
        f'<img src="{data_address(svg.encode(), "image/svg+xml")}" alt="{escape(alt)}" '
        f'style="width:100%;aspect-ratio:{WIDE}/{HIGH};display:block">'
    )


def falling(rows: Sequence[tuple[float, str]], alt: str) -> str:
    """Shares of 1 at one budget after another, each told at its point."""
    place = _placing(len(rows), 0.0, 1.0, 24)
    points = [place(index, value) for index, (value, _) in enumerate(rows)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    told = []
    for index, ((x, y), (value, mark)) in enumerate(zip(points, rows, strict=True)):
        anchor = "start" if not index else "end" if index == len(rows) - 1 else "middle"
        words = f'text-anchor="{anchor}" fill="currentColor" font-size="12"'
        told.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{ORANGE}"/>'
            f'<text x="{x:.1f}" y="{y - 10:.1f}" {words}>{value:.0%}</text>'
            f'<text x="{x:.1f}" y="{HIGH}" {words}>{escape(mark)}</text>'
        )
    return _drawing(
        f'<polyline points="{line}" fill="none" stroke="{ORANGE}" stroke-width="3"/>'
        + "".join(told),
        alt,
    )
