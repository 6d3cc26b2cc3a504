"""Reports: what was kept of an answer, opened again, held beside another, handed on."""

from functools import partial

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import in_words, tr
from dlexplain.results.reports import FORMATS, KINDS, Report
from dlexplain.results.words import shortened_words
from dlexplain.services.reporting import store
from dlexplain.services.reporting.store import LONGEST, KeptReport, kept_reports, open_report
from dlexplain.services.shipped_examples import example_report
from dlexplain.ui.address import tell_wrong, to_address
from dlexplain.ui.cards import download
from dlexplain.ui.markdown import literal
from dlexplain.ui.reporting import ADDRESS, show_report

BESIDE, TABLE = "beside", "reports-table"
ANSWER = 160  # letters of an answer in the list
FILES = (
    ("html", "HTML", "One file, its charts to be looked into; nothing is fetched."),
    ("pdf", "PDF", "To print and to send."),
    ("ipynb", "Notebook", "Repeats it: open it with Jupyter where dlexplain is installed."),
)


def main() -> None:
    reports = {one.id: one for one in kept_reports()}
    wanted = st.query_params.get(ADDRESS)
    if wanted is None:
        st.title(tr("Reports"))
        show_list(list(reports.values()))
        return
    if st.button(tr("All reports"), icon=":material/arrow_back:", type="tertiary"):
        to_list()
    try:
        report = open_report(wanted)
    except DlexplainError as error:
        st.title(tr("Reports"))
        tell_wrong(error)
        return
    entry = reports[wanted]
    st.title(literal(entry.name))
    actions(entry, report)
    other = choose_beside(entry, reports)
    to_address({ADDRESS: entry.id, BESIDE: other.id if other else None})
    if other is None:
        show_report(report, "report")
    else:
        side_by_side(entry, report, other)


def to_list() -> None:
    to_address({})
    st.session_state.pop(TABLE, None)
    st.rerun()


def show_list(entries: list[KeptReport]) -> None:
    damaged = store.damaged_reports()
    if damaged:
        st.warning(tr(f"Left out, since their files are damaged: {literal(', '.join(damaged))}."))
    if not entries:
        st.info(
            tr(
                "There is no report yet. Press **Report** under an answer: of the pages Picture, "
                "Text, "
                "Forecast (Why), Trust, Compare models, or of a run. It keeps the question, the "
                "answer, the figures and all it takes to repeat them."
            ),
            icon=":material/summarize:",
        )
        if example := example_report():
            st.caption(tr("Until then the page shows one that came along."))
            show_report(example, "example")
        return
    st.caption(tr("The box at the left of a row opens the report; the latest is first."))
    rows = [
        {
            "Name": one.name,
            "About": KINDS[one.kind],
            "Answer": shortened_words(one.answer, ANSWER),
            "Kept": one.kept[:16].replace("T", " "),
        }
        for one in entries
    ]
    picked = st.dataframe(
        in_words(rows),
        key=TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height="content" if len(rows) < 20 else 640,
        column_config=in_words({"Name": st.column_config.TextColumn(width="medium", pinned=True)}),
    )
    chosen = picked["selection"]["rows"]
    if chosen and chosen[0] < len(entries):
        st.query_params[ADDRESS] = entries[chosen[0]].id
        st.rerun()


def actions(entry: KeptReport, report: Report) -> None:
    from dlexplain.services.reporting import notebook  # noqa: F401, registers its format

    told = f"{KINDS[entry.kind]}, kept {entry.kept[:16].replace('T', ' ')}"
    st.caption(literal(tr(told)))
    stem = f"report-{entry.id}"
    with st.container(horizontal=True, vertical_alignment="center"):
        for ending, label, help_ in FILES:
            write = FORMATS[ending]
            download(label, partial(write, report), f"{stem}.{ending}", f"{stem}-{ending}", help_)
        with st.popover(tr("Rename"), icon=":material/edit:"):
            name = st.text_input(tr("Name"), entry.name, max_chars=LONGEST, key=f"name-{entry.id}")
            if st.button(tr("Save"), key="report-save", type="primary"):
                attempt(partial(store.rename_report, entry.id, name))
                st.rerun()
        with st.popover(tr("Delete"), icon=":material/delete:"):
            st.markdown(tr("Deletes the report for good; what it was made of stays."))
            if st.button(tr("Delete for good"), key="report-delete", type="primary"):
                attempt(partial(store.delete_report, entry.id))
                to_list()


def attempt(action) -> None:  # type: ignore[no-untyped-def]
    """Do it, or say in one sentence why it cannot be done, and end the page there."""
    try:
        action()
    except DlexplainError as error:
        st.error(literal(tr(error)))
        st.stop()


def choose_beside(entry: KeptReport, reports: dict[str, KeptReport]) -> KeptReport | None:
    """The report that is held beside it, if any; those of the same kind first."""
    others = [one for one in reports.values() if one.id != entry.id]
    if not others:
        return None
    others.sort(key=lambda one: one.kind != entry.kind)
    names = {one.id: one for one in others}
    key = f"beside-{entry.id}"
    asked = st.query_params.get(BESIDE)
    if asked in names:
        st.session_state.setdefault(key, asked)
    chosen = st.selectbox(
        tr("Compare with"),
        list(names),
        index=None,
        key=key,
        format_func=lambda id_: literal(f"{names[id_].name} · {KINDS[names[id_].kind]}"),
        placeholder=tr("Choose a report to hold beside it"),
        width=420,
    )
    return names.get(chosen) if chosen else None


def side_by_side(entry: KeptReport, report: Report, other: KeptReport) -> None:
    try:
        second = open_report(other.id)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    for column, (one, found) in zip(
        st.columns(2, gap="large"), ((entry, report), (other, second)), strict=True
    ):
        with column:
            st.markdown(f"**{literal(one.name)}**")
            show_report(found, f"report-{one.id}")


main()
