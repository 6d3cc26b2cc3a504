"""Curves of runs, kept for as long as they cannot change."""

from collections.abc import Sequence

import streamlit as st

from dlexplain.results import Curve, RunRecord
from dlexplain.services.training.runs import curves as read_curves

MOST = 2000


def curves(records: Sequence[RunRecord], key: str) -> list[Curve]:
    """As services.training.runs.curves; a run that is not active is read once for all sessions."""
    found = []
    for record in records:
        if key in record.metrics:
            read = read_curves([record], key) if record.active else _kept(record.id, record.ended,
                                                                          key, record)  # fmt: skip
            # A renamed run keeps its curve.
            found += [Curve(c.run, record.name, key, c.steps, c.values, c.at) for c in read]
    return found


@st.cache_data(max_entries=MOST, show_spinner=False)
def _kept(run: str, ended: float | None, key: str, _record: RunRecord) -> list[Curve]:
    return read_curves([_record], key)
