"""Runs as they are now, and their curves, kept for as long as they cannot change."""

from collections.abc import Sequence

import streamlit as st

from dlexplain.results import Curve, RunRecord
from dlexplain.services.training import runs as service

MOST = 2000


@st.cache_resource(ttl=1.0, max_entries=1, show_spinner=False)
def runs_now() -> list[RunRecord]:
    """Every run, read once a second however many pages and parts of pages look."""
    return service.runs()


def curves(records: Sequence[RunRecord], key: str) -> list[Curve]:
    """As services.training.runs.curves; a run that is not active is read once for all sessions."""
    found = []
    for record in records:
        if key in record.metrics:
            if record.active:
                read = service.curves([record], key)
            else:
                read = _kept(record.id, record.ended, key, record)
            # A renamed run keeps its curve.
            found += [Curve(c.run, record.name, key, c.steps, c.values, c.at) for c in read]
    return found


@st.cache_data(max_entries=MOST, show_spinner=False)
def _kept(run: str, ended: float | None, key: str, _record: RunRecord) -> list[Curve]:
    return service.curves([_record], key)
