"""Choosing series that a forecaster never saw: where they are from, and which stands for which; no
torch here."""

import streamlit as st

from dlexplain.language import Later, shown_by, tr
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.forecast.unseen import columns_of, data_sets, is_there, read_unseen
from dlexplain.trained.catalogue import ModelEntry, find
from dlexplain.ui.address import from_address, one_of
from dlexplain.ui.markdown import literal

UNSEEN = "unseen"
FROM, FILE, COLUMN = "forecast-unseen-from", "forecast-unseen-file", "forecast-unseen-column"
CSV = "csv"
MEGABYTES = 50
ACROSS = 4


def choose_unseen(entry: ModelEntry, arrived: bool) -> GivenSeries | None:
    """The pickers; None where nothing can be read yet, which has been told.

    Raises DlexplainError for what cannot be read.
    """
    titles = {name: spec.title for name, spec in data_sets().items()} | {CSV: "Your own CSV"}
    from_address("from", one_of("source of series", tuple(titles)), arrived, FROM)
    if st.session_state.get(FROM) not in titles:
        own = entry.data in data_sets() and is_there(entry.data)
        st.session_state[FROM] = entry.data if own else CSV
    key = str(
        st.selectbox(
            tr("From"),
            list(titles),
            format_func=shown_by(titles.__getitem__),
            key=FROM,
            persist_state="session",
        )
    )
    source: str | bytes = key
    name = "the CSV"
    if key == CSV:
        file = st.file_uploader(
            tr("A CSV with a column of dates and columns of numbers"),
            type=["csv", "txt"],
            key=FILE,
            max_upload_size=MEGABYTES,
        )
        if file is None:
            st.info(
                tr("Drop a CSV above: one row a period, with the series to be forecast."),
                icon=":material/arrow_upward:",
            )
            return None
        source, name = file.getvalue(), file.name
    offered = _columns(source)
    chosen = _choose(entry, offered, arrived)
    if len(chosen) < len(entry.trained.facts["series"]):
        return None
    return _read(entry.name, entry.trained.weights.stat().st_mtime_ns, source, chosen, name)


def address_of_unseen() -> dict[str, str | None]:
    """What of the choice is to be in the address."""
    state = st.session_state
    chosen = state.get(f"{COLUMN}-chosen", "")
    return {"from": state.get(FROM), "columns": chosen or None}


def _choose(entry: ModelEntry, offered: tuple[str, ...], arrived: bool) -> tuple[str, ...]:
    """A column for each of the model's series, as many as are chosen."""
    own = [str(name) for name in entry.trained.facts["series"]]
    asked = st.query_params.get("columns", "").split(",") if arrived else []
    keys = [f"{COLUMN}-{entry.name}-{place}" for place in range(len(own))]
    if len(asked) == len(own):
        for key, name in zip(keys, asked, strict=True):
            if name in offered:
                st.session_state[key] = name
    if len(own) > 1:
        st.caption(
            tr(
                f"{literal(entry.name)} reads {len(own)} series at once and what it says of one "
                "hangs "
                "on the others, so it cannot forecast one alone: choose a column that stands for "
                "each, "
                "such as another country's."
            )
        )
    chosen = []
    for place, (key, name) in enumerate(zip(keys, own, strict=True)):
        if place % ACROSS == 0:
            across = st.columns(min(ACROSS, len(own)))
        if key not in st.session_state or st.session_state[key] not in (None, *offered):
            st.session_state[key] = name if len(own) > 1 and name in offered else None
        one = across[place % ACROSS].selectbox(
            tr("Series") if len(own) == 1 else tr(f"For {literal(name)}"),
            offered,
            index=None,
            key=key,
            format_func=literal,
            placeholder=tr("Choose a column"),
            persist_state="session",
        )
        chosen += [str(one)] if one else []
    st.session_state[f"{COLUMN}-chosen"] = ",".join(chosen)
    if len(chosen) < len(own):
        left = [name for key, name in zip(keys, own, strict=True) if not st.session_state.get(key)]
        lacking = ", ".join(left)
        what = "a column above" if len(own) == 1 else f"a column for {literal(lacking)}"
        st.info(tr(f"Choose {what}."), icon=":material/arrow_upward:")
    return tuple(chosen)


@st.cache_resource(max_entries=8, show_spinner=False)
def _columns(source: str | bytes) -> tuple[str, ...]:
    return columns_of(source)


@st.cache_resource(max_entries=16, show_spinner=Later("Reading the series…"))
def _read(
    model: str, version: int, source: str | bytes, columns: tuple[str, ...], name: str
) -> GivenSeries:
    return read_unseen(find(model, "forecast").trained, source, columns, name)
