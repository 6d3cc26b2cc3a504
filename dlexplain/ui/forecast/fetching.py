"""Series that have to be fetched from the internet once."""

import streamlit as st

from dlexplain.language import tr
from dlexplain.services.forecast.sources import GivenSeries, SeriesSource, read_own
from dlexplain.services.jobs import Progress
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.markdown import literal

SLOT = "forecast-fetch"
PARTS = 100


def offer_fetching(entry: ModelEntry, source: SeriesSource) -> None:
    """Why the series are not here, and a button that fetches them where that can be done."""
    st.info(
        tr(f"{literal(source.title)} is not here: {literal(source.how)}."),
        icon=":material/cloud_download:",
    )
    if not source.fetched:
        return

    def work(progress: Progress) -> GivenSeries:
        progress.plan(PARTS)

        def report(text: str, part: float | None) -> None:
            progress.advance(max(0, int(PARTS * (part or 0)) - progress.done))

        return read_own(entry.trained, True, report)

    pressed = st.button(tr("Fetch them"), icon=":material/download:")
    known: Asked[GivenSeries] | None = st.session_state.get(SLOT)
    if pressed or (known is not None and known.question == entry.name):
        show_live(_show, asked(SLOT, entry.name, "Fetching", work, anew=pressed))


def _show(found: Asked[GivenSeries]) -> None:
    if found.job.state == "done":
        st.rerun()  # the page has its series
    result_of(found, "percent")
