"""A table of trust on a page: what is recommended, the numbers, the pictures, downloads."""

from functools import partial

import streamlit as st

from dlexplain.figures.trust import plot_cells, plot_ranks
from dlexplain.figures.trust_cost import plot_cost
from dlexplain.language import in_words, sentences, tr
from dlexplain.results import TrustMethod, TrustTable
from dlexplain.results.trust_words import RULE, cell_told, failing, verdict
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import glossary, show_explained
from dlexplain.ui.layout import ROW, room
from dlexplain.ui.markdown import literal
from dlexplain.ui.reporting import offer_report

FAILS = "✗"
"""Behind the title of a method that fails parameter randomisation."""


def show_table(table: TrustTable, key: str, whole: bool = True) -> None:
    """All of it. key  of its charts; whole  with downloads, which may be drawn once in a run"""
    _recommendation(table)
    _numbers(table, key)
    if table.ranking is not None:
        ranks, cost = st.columns(2, gap="large")
        with ranks:
            st.markdown(
                tr("**Who is told apart**"), help=glossary("confidence interval", "p-value")
            )
            chart(plot_ranks(table), f"{key}-ranks", told=verdict(table))
            st.caption(tr(_tests(table)))
        with cost:
            st.markdown(tr("**Cost against faithfulness**"), help=glossary("faithfulness"))
            chart(plot_cost(table), f"{key}-cost")
            st.caption(
                tr(
                    "The time of one map on that machine; bars: the middle half of the maps, and "
                    "the "
                    "95% interval of the mean rank."
                )
            )
    st.markdown(tr("**Methods × metrics**"))
    chart(plot_cells(table), f"{key}-cells")
    st.caption(
        tr(
            "Each column has its own colours, from its worst method (orange) to its best (blue), "
            "whichever end of it is the better one."
        )
    )
    if whole:
        _downloads(table)
        _explained(table)


def _recommendation(table: TrustTable) -> None:
    if table.done < table.found:
        st.info(
            tr(
                f"Of {table.found:,d} {literal(table.noun)} so far {table.done:,d} are judged; "
                "what is "
                "to be believed is said when all are."
            ),
            icon=":material/hourglass_top:",
        )
        return
    told = f"**{literal(tr(verdict(table)))}**"
    if table.recommended:
        st.success(tr(told), icon=":material/verified:")
    else:
        st.info(tr(told), icon=":material/balance:")
    if wrong := failing(table):
        st.warning(literal(tr(wrong)), icon=":material/block:")
    lines = (*table.notes, *(f"{m.title}: {m.note}" for m in table.methods if m.note))
    if lines:
        st.caption(tr("  \n".join(map(literal, lines))))


def _numbers(table: TrustTable, key: str) -> None:
    room(f"trust-{key}", ROW * (len(table.methods) + 1)).dataframe(
        in_words([_row(table, method) for method in table.ranked]),
        hide_index=True,
        height="content",
        column_config=in_words(
            {
                "Method": st.column_config.TextColumn(width="medium", pinned=True),
                "Mean rank": st.column_config.NumberColumn(format="%.2f"),
                "Seconds a map": st.column_config.NumberColumn(format="%.4f"),
                "Evaluations": st.column_config.NumberColumn(format="%.0f"),
            }
        ),
    )
    what = f"Means over {table.done:,d} {literal(table.noun)} with their bootstrap 95% intervals."
    machine = f"{literal(table.date[:10])}, {literal(table.machine)}"
    told = sentences((what, f"{literal(table.data)}.", machine))
    st.caption(f"{told}: `{table.command.replace('`', '')}`")


def _row(table: TrustTable, method: TrustMethod) -> dict[str, object]:
    mark = f" {FAILS}" if table.fails(method.name) else ""
    told: dict[str, object] = {"Method": method.title + mark, "Mean rank": method.rank}
    for metric in table.metrics:
        told[metric.title] = cell_told(table.cell(method.name, metric.name), table.done)
    return told | {"Seconds a map": method.seconds, "Evaluations": method.evaluations}


def _tests(table: TrustTable) -> str:
    ranking = table.ranking
    assert ranking is not None
    return (
        "A bar on the right joins methods that are not told apart. Friedman's test over "
        f"{ranking.n:,d} {literal(table.noun)}: chi-squared {ranking.friedman:.1f}, "
        f"p = {ranking.p:.2g}."
    )


def _downloads(table: TrustTable) -> None:
    stem = f"trust-{''.join(c if c.isalnum() or c in '-.' else '-' for c in table.model)}"
    with st.container(horizontal=True):
        download("CSV", table.to_csv, f"{stem}.csv", "trust-csv", "A row a method and metric.")
        download("JSON", partial(TrustTable.to_dict, table), f"{stem}.json", "trust-json")
        offer_report(lambda: [table], "trust")


def _explained(table: TrustTable) -> None:
    """The rule, and what each metric says and cannot say: its own description."""
    with st.expander(
        tr("What these numbers say, and what they cannot"), key="trust-explained", on_change="rerun"
    ) as opened:
        if opened.open:
            from dlexplain.services.quality.trust_plan import described

            show_explained(RULE)
            for metric in table.metrics:
                st.markdown(f"**{literal(tr(metric.title))}.**")
                show_explained(described(metric.name))
