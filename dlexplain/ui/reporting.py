"""Reports on pages: the button that makes one of what is shown, and a report as it is read."""

import io
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from PIL import Image

from dlexplain.errors import DlexplainError
from dlexplain.figures.report_html import bar_html, coloured_html
from dlexplain.language import in_words, tr
from dlexplain.results.reports import (
    About,
    Chart,
    Coloured,
    Part,
    Report,
    Rows,
    Section,
    Shown,
    Words,
)
from dlexplain.ui.answer_sentence import without_of
from dlexplain.ui.badge import measured_of
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked
from dlexplain.ui.layout import room
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal

PAGE = "pages/explain/12_reports.py"
ADDRESS = "report"
"""The page's address names the report under this key."""
HELP = (
    "The question, the answer, the figures, what was measured, the methods with their papers and "
    "what repeats it, kept on the page Reports: as one HTML file, as PDF, as a notebook."
)
COLUMNS = 3
"""Pictures side by side."""
PHONE = 360
"""Pixels of a phone's width that a picture takes."""


def offer_report(results: Callable[[], Sequence[Any]], key: str) -> None:
    """A button that keeps a report and opens it.

    results  what `dx.report` takes, called when the button is pressed;  key  unique on the page
    """
    state = st.session_state
    if made := state.pop(f"report-made-{key}", ""):
        st.switch_page(PAGE, query_params={ADDRESS: made})
    problem = state.pop(f"report-problem-{key}", "")
    st.button(
        tr("Report"),
        key=f"report-{key}-{drawn_before()}",
        icon=":material/summarize:",
        type="tertiary",
        # A callback, since a button that a live part draws is not pressed in the next run.
        on_click=partial(_make, results, key),
        help=tr(HELP),
    )
    if problem:
        st.error(literal(tr(problem)))


def _make(results: Callable[[], Sequence[Any]], key: str) -> None:
    from dlexplain.services.reporting.making import make_report
    from dlexplain.services.reporting.store import keep

    try:
        st.session_state[f"report-made-{key}"] = keep(make_report(results())).id
    except DlexplainError as error:
        st.session_state[f"report-problem-{key}"] = str(error)


def answered(answers: Asked[Any]) -> list[Any]:
    """The explanations that are there, each with its badge behind it where that is measured, and
    what would be said without what the first marks."""
    found: list[Any] = []
    for index, job in enumerate(answers.jobs):
        if job.result is not None:
            found += [job.result, *filter(None, [measured_of(answers, index)])]
    return [*found, *filter(None, [without_of(answers)])]


def show_report(report: Report, key: str) -> None:
    """All of it, the answer first. key  of its charts"""
    st.markdown(f"### {literal(tr(report.question))}")
    st.info(f"**{literal(tr(report.answer))}**")
    for place, section in enumerate(report.sections):
        _section(section, f"{key}-{place}")
    _about(report.about)


def _section(section: Section, key: str) -> None:
    st.subheader(literal(tr(section.heading)), divider="gray")
    for place, (shown, group) in enumerate(
        groupby(section.parts, lambda part: isinstance(part, Shown))
    ):
        if shown:
            _pictures([one for one in group if isinstance(one, Shown)], f"{key}-{place}")
            continue
        for number, part in enumerate(group):
            _part(part, f"{key}-{place}-{number}")


def _pictures(pictures: Sequence[Shown], key: str) -> None:
    for first in range(0, len(pictures), COLUMNS):
        row = pictures[first : first + COLUMNS]
        columns = zip(st.columns(COLUMNS), row, strict=False)
        for number, (column, one) in enumerate(columns, first):
            with column:
                if one.title:
                    st.markdown(f"**{literal(tr(one.title))}**")
                with room(f"picture-{key}-{number}", _height(one)):
                    st.image(one.content, width="stretch", alt=tr(one.alt))
                if one.bar is not None:
                    st.html(bar_html(one.bar))
                if one.caption:
                    st.caption(literal(tr(one.caption)))


def _height(shown: Shown) -> int:
    """Pixels of the picture where it is as wide as a phone, and hardly less than in a column."""
    try:
        with Image.open(io.BytesIO(shown.content)) as image:
            return round(PHONE * image.height / image.width)
    except (OSError, ValueError, Image.DecompressionBombError):  # of a file that was changed
        return 0


def _part(part: Part, key: str) -> None:
    if isinstance(part, Words):
        for paragraph in part.text.split("\n\n"):
            st.markdown(literal(tr(paragraph)))
    elif isinstance(part, Chart):
        _chart(part, key)
    elif isinstance(part, Coloured):
        if part.title:
            st.markdown(f"**{literal(tr(part.title))}**")
        st.html(coloured_html(part))
        if part.caption:
            st.caption(literal(tr(part.caption)))
    elif isinstance(part, Rows):
        if part.caption:
            st.caption(literal(tr(part.caption)))
        _table(part)


LONG, FEW = 60, 30
"""Letters of a cell that a table in a box of its own would cut; rows that it then has at most."""


def _table(part: Rows) -> None:
    rows = [dict(zip(part.columns, row, strict=True)) for row in part.rows]
    if len(rows) <= FEW and any(len(cell) > LONG for row in part.rows for cell in row):
        plain = [{literal(k): literal(cell) for k, cell in row.items()} for row in rows]
        st.table(in_words(plain), border="horizontal", hide_index=True)
    else:
        height: Any = "content" if len(rows) < 20 else 640
        st.dataframe(in_words(rows), hide_index=True, height=height)


def _chart(part: Chart, key: str) -> None:
    try:
        figure = go.Figure(part.figure)
    except ValueError:  # of plotly, which takes only what it knows
        st.error(tr("This figure is damaged and cannot be drawn."))
        return
    chart(figure, key)
    if part.caption:
        st.caption(literal(tr(part.caption)))


def _about(about: About) -> None:
    if about.methods:
        with st.expander(tr("The methods, and their papers"), icon=":material/menu_book:"):
            for one in about.methods:
                params = ", ".join(f"{name} = {value}" for name, value in one.params.items())
                told = (literal(tr(paragraph)) for paragraph in one.description.split("\n\n"))
                _lines([f"**{literal(tr(one.title))}**", *told])
                small = filter(None, (params, one.paper))
                st.caption(tr("  \n".join(map(literal, small))))
    if about.cards:
        with st.expander(tr("Model card"), icon=":material/badge:"):
            for card in about.cards:
                rows = [
                    {"": literal(name), " ": literal(value)} for name, value in card.facts.items()
                ]
                st.table(in_words(rows), border="horizontal", hide_index=True)
    with st.expander(tr("To repeat it"), icon=":material/replay:"):
        for command in about.commands:
            st.code(command, language="bash", wrap_lines=True)
        if about.python:
            st.code("\n\n".join(about.code), language="python", wrap_lines=True)
        versions = ", ".join(f"{name} {version}" for name, version in about.versions.items())
        made = " · ".join(filter(None, (about.date.replace("T", " "), about.machine)))
        st.caption(tr("  \n".join(map(literal, filter(None, (about.seed, versions, made))))))


def _lines(told: Iterable[str]) -> None:
    st.markdown(tr("  \n".join(told)))
