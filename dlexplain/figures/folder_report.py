"""Many pictures of one folder as HTML: tiles for a page, and a report that stands by itself.

All that comes from outside, such as names of files and classes, is escaped; see `report_page`.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape

from dlexplain.figures.folders import COLOURS, jpeg_address, map_tile, told, view_tile
from dlexplain.figures.report_page import page, text
from dlexplain.figures.scales import ORANGE
from dlexplain.language import tr
from dlexplain.results import ExplainedFolder, PictureAnswer
from dlexplain.results.words import duration, made_visible

MOST = 500
"""Pictures in the report; each takes some 8 kB."""
TILES = (
    "display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:12px;"
    "font-size:.78rem;line-height:1.35"
)
LINE = "overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
Draw = Callable[[ExplainedFolder, PictureAnswer], str]
"""A picture's address, for src."""


def tiles_html(found: ExplainedFolder, answers: Iterable[PictureAnswer], draw: Draw) -> str:
    """The maps over their pictures in a grid that is as wide as there is room."""
    return f'<div style="{TILES}">{"".join(_tile(found, a, draw) for a in answers)}</div>'


def _tile(found: ExplainedFolder, answer: PictureAnswer, draw: Draw) -> str:
    first, second = (escape(made_visible(text)) for text in told(answer))
    name = escape(made_visible(f"{answer.name}: {answer.top.name.label}"))
    frame = COLOURS[answer.verdict] if answer.verdict else "transparent"
    weight = f";color:{ORANGE};font-weight:600" if answer.right is False else ";opacity:.75"
    return (
        f'<div style="min-width:0" title="{name}"><img src="{draw(found, answer)}" alt="{name}" '
        f'style="width:100%;display:block;border-radius:4px;outline:3px solid {frame};'
        f'outline-offset:-3px"><div style="{LINE};margin-top:4px">{first}</div>'
        f'<div style="{LINE}{weight}">{second}</div></div>'
    )


def map_address(found: ExplainedFolder, answer: PictureAnswer) -> str:
    return jpeg_address(map_tile(found, answer))


def folder_report(found: ExplainedFolder, about: str = "", draw: Draw = map_address) -> bytes:
    """An HTML document: what was asked, how often the model is right, and a table of the pictures
    with their maps, wrong ones first, then the least confident.

    about  sentences on the method
    """
    order = "wrong" if found.known else "least"
    shown = found.ordered(order)[:MOST]
    asked = ", ".join(f"{key} = {value}" for key, value in found.params.items())
    lines = [
        tr(f"Model {found.model}, method {found.title}") + (f" ({asked})" if asked else ""),
        tr(f"{len(found.answers):,} pictures, {duration(max(1, found.seconds))}"),
        *summary(found),
        about,
        tr(
            "Each map explains its picture's class and is drawn on a scale of its own; entropy and "
            "disagreement are in bits."
        ),
    ]
    if len(shown) < len(found.answers):
        lines.append(tr(f"The table has the first {len(shown):,}: {_order_told(order)}."))
    told_of = "".join(f"<p>{text(line)}</p>" for line in lines if line)
    body = (
        f"<h1>{text(found.source)}</h1>{told_of}"
        f'<div class="wide">{_table(found, shown, draw)}</div>{_left_out(found)}'
    )
    return page(found.source, body)


def summary(found: ExplainedFolder) -> list[str]:
    """How often the models are right, and agree, where that is known."""
    told_of = [
        (tr("Accuracy"), found.accuracy_told),
        (tr(f"Accuracy of {found.rival}"), found.rival_accuracy_told),
        (tr(f"Same class as {found.rival}"), found.agreement_told),
    ]
    return [f"{name}: {value}" for name, value in told_of if value]


def _order_told(order: str) -> str:
    return (
        tr("the surest mistakes, then the least sure") if order == "wrong" else tr("the least sure")
    )


def _table(found: ExplainedFolder, answers: Sequence[PictureAnswer], draw: Draw) -> str:
    heads = [tr("Picture"), tr("Map"), tr("File"), tr("Class"), tr("Probability"), tr("Entropy")]
    heads += [tr("Actual")] if found.known else []
    heads += ["Rival's class", tr("Disagreement")] if found.rival else []
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    rows = "".join(_row(found, answer, draw) for answer in answers)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(found: ExplainedFolder, answer: PictureAnswer, draw: Draw) -> str:
    cells = [
        f'<td><img src="{jpeg_address(view_tile(found, answer))}" alt=""></td>',
        f'<td><img src="{draw(found, answer)}" alt=""></td>',
        _text(answer.name, "name"),
        _text(answer.top.name.label),
        _text(f"{answer.top.probability:.1%}", "n"),
        _text(f"{answer.entropy:.2f}", "n"),
    ]
    if found.known:
        cells.append(_text(answer.truth.label if answer.truth else "", answer.verdict))
    if found.rival:
        rival = answer.rival
        cells.append(_text(f"{rival.name.label} {rival.probability:.0%}" if rival else ""))
        cells.append(_text("" if rival is None else f"{answer.disagreement or 0:.2f}", "n"))
    return f"<tr>{''.join(cells)}</tr>"


def _text(text: str, kind: str = "") -> str:
    of = f' class="{kind}"' if kind else ""
    return f"<td{of}>{escape(made_visible(text))}</td>"


def _left_out(found: ExplainedFolder) -> str:
    told_of = [*found.refused, *found.skipped]
    if not told_of:
        return ""
    lines = "".join(f"<li>{escape(made_visible(one))}</li>" for one in told_of)
    return f"<h2>Left out</h2><ul>{lines}</ul>"
