"""A CSV of texts, classified and explained in the background."""

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.figures.coloured_text import plot_class_words
from dlexplain.language import in_words, tr
from dlexplain.results import TextTable
from dlexplain.results.words import duration
from dlexplain.services.jobs import Progress
from dlexplain.services.texts.models import TextModel
from dlexplain.services.texts.tables import (
    column_names,
    explain_texts,
    other_columns,
    read_text_column,
)
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, asked, known, result_of, show_live
from dlexplain.ui.markdown import literal
from dlexplain.ui.texts import cache as text_cache

MEANT = {
    "softmax": "The words that weigh most where the model says this class: red ones speak for it, "
    "blue ones against it.",
    "sigmoid": "The words that weigh most where this label is the most probable: red ones speak "
    "for it, blue ones against it.",
    "identity": "The words that weigh most: red ones raise the output, blue ones lower it.",
}
TABLE = "table-job"
MEGABYTES = 50
"""Largest CSV."""
SHOWN = 500
"""Rows of the table drawn on the page; all are in the download."""


def show_table(model: TextModel) -> None:
    """Upload, choose the column and the method, run, and see what weighs most in each class."""
    file = st.file_uploader(
        tr("A CSV with a column of texts"),
        type=["csv", "tsv", "txt"],
        key="text-table",
        max_upload_size=MEGABYTES,
        help=tr(
            "UTF-8, with a heading; commas, semicolons or tabs between columns; at most 5,000 "
            "rows. Kept in memory only."
        ),
    )
    if file is None:
        st.info(
            tr(
                "Drop a CSV above. Each text gets its class and its weightiest words, and each "
                "class "
                "a summary of the words that speak for it."
            ),
            icon=":material/arrow_upward:",
        )
        return
    try:
        columns = column_names(file.getvalue())
        usual = next((i for i, name in enumerate(columns) if name.lower() == "text"), None)
        usual = 0 if len(columns) == 1 else usual
        first, second = st.columns(2)
        column = first.selectbox(
            tr("Column with the texts"),
            columns,
            usual,
            key="text-column",
            persist_state="session",
            placeholder=tr("Choose one"),
        )
        known = text_cache.text_methods(model.name)
        method = second.selectbox(
            tr("Method"),
            list(known),
            list(known).index("leave-one-out"),
            format_func=lambda name: tr(known[name].title),
            key="table-method",
            persist_state="session",
            help=tr(
                "Leave one out takes a pass for each word; LIME and SHAP take hundreds a text. "
                "Input × Gradient takes one, but can have the wrong sign where the model is very "
                "sure."
            ),
        )
        if column is None:
            st.info(tr(f"Which column has the texts? There are {literal(', '.join(columns))}."))
            return
        _, texts = read_text_column(file.getvalue(), column)
        beside = other_columns(file.getvalue(), column)
    except BadInput as error:
        st.error(literal(tr(error)))
        return
    _run(model, texts, beside, method, (model.name, file.file_id, column, method))


def _run(
    model: TextModel,
    texts: list[str],
    beside: dict[str, list[str]],
    method: str,
    about: tuple[str, ...],
) -> None:
    plural = "" if len(texts) == 1 else "s"
    if st.button(
        tr(f"Explain {len(texts):,} text{plural}"), type="primary", icon=":material/play_arrow:"
    ):

        def work(progress: Progress) -> TextTable:
            return explain_texts(model, texts, method, progress, beside)

        asked(TABLE, about, "The table", work, anew=True)
    found = known(TABLE, about)
    if found is not None:
        show_live(_show, found)


def _show(found: Asked[TextTable]) -> None:
    table = result_of(found, "texts")
    if table is not None:
        _result(table)


def _result(table: TextTable) -> None:
    for sentence in table.skipped:
        st.warning(literal(tr(sentence)))
    columns = st.columns(min(3, len(table.summaries)))
    for index, summary in enumerate(table.summaries):
        with columns[index % len(columns)], st.container(border=True):
            plural = "" if summary.texts == 1 else "s"
            st.markdown(f"**{literal(summary.label)}**, " + tr(f"{summary.texts:,} text{plural}"))
            chart(
                plot_class_words(summary.words, summary.values, table.unit), f"class-words-{index}"
            )
    st.caption(tr(MEANT[table.activation]))
    heading = "Value" if table.activation == "identity" else "Probability"
    rows = [
        {
            "Row": row,
            "Class": said.scores[0].name.label,
            heading: said.scores[0].size * (1 if heading == "Value" else 100),
            "Weightiest words": "  ".join(f"{word} {value:+.2f}" for word, value in words),
            "Text": said.text,
        }
        for row, said, words in zip(
            table.rows[:SHOWN], table.predictions[:SHOWN], table.top[:SHOWN], strict=True
        )
    ]
    share = st.column_config.NumberColumn(format="%.1f%%" if heading == "Probability" else "%.4g")
    st.dataframe(in_words(rows), hide_index=True, column_config=in_words({heading: share}))
    if len(table.rows) > SHOWN:
        st.caption(tr(f"The first {SHOWN} of {len(table.rows):,} rows; all are in the download."))
    st.download_button(
        tr("Download all rows"),
        table.to_csv,
        "texts.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    plural = "" if len(table.rows) == 1 else "s"
    st.caption(tr(f"{len(table.rows):,} text{plural} in {duration(max(1, table.seconds))}"))
