"""Choosing a model, on every page in one way; no torch here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.errors import BadInput
from dlexplain.language import tr
from dlexplain.trained.catalogue import ModelEntry, entries, find
from dlexplain.trained.entry import noun_of
from dlexplain.ui.address import from_address
from dlexplain.ui.markdown import literal
from dlexplain.ui.own_models import Own

LATEST_FIRST = "Models that come along, and runs that have finished, the latest first."


def choose_model(
    tasks: Sequence[str],
    key: str,
    arrived: bool,
    label: str = "Model",
    *,
    parameter: str = "model",
    shows: str = "",
    own: Own | None = None,
    first: Callable[[ModelEntry], Any] | None = None,
    help: str = "",
    without: str = "",
    answer: DeltaGenerator | None = None,
) -> ModelEntry | None:
    """The picker; says so and returns None where there is no such model.

    key        of the widget;  parameter  its name in the address
    shows      what must be seen inside it, as `entries` takes it
    own        the user's own models of this kind, where the page takes some
    first      sorts what is offered; the first stands there at first
    without    what is said where there is none, instead of how to train one
    answer     where that is said; beside the picker unless given
    """
    state = st.session_state

    def known_name(name: str) -> str:
        if own and own.takes(name):
            return own.load(name)
        return find(name, *tasks, shows=shows, listed=True).name

    from_address(parameter, known_name, arrived, key)
    if own:
        own.choose_asked(key)
    offered = entries(*tasks, own=own.names() if own else (), shows=shows)
    known = {entry.name: entry for entry in (sorted(offered, key=first) if first else offered)}
    if not known:
        what = f" that shows {shows}" if shows else ""
        nothing = f"There is no {noun_of(tasks)}{what} yet. Train one on the page **Launch**."
        (st if answer is None else answer).info(tr(without) or tr(nothing))
        return None
    _open_head(key, known)
    # Set at every run, so that the choice outlives a change of the list; a deleted run's does not.
    state[key] = state[key] if state.get(key) in known else next(iter(known))
    st.selectbox(
        tr(label),
        list(known),
        format_func=lambda name: tr(known[name].listed),
        key=key,
        persist_state="session",
        help=tr(f"{LATEST_FIRST} {help}".strip()),
    )
    return _choose_head(known[state[key]], key, tasks)


def _open_head(key: str, known: Mapping[str, ModelEntry]) -> None:
    """A head that is asked for by its name stands in the list under its model's first one."""
    state, wanted = st.session_state, st.session_state.get(key)
    for name, entry in known.items():
        if wanted in entry.heads and wanted not in known:
            state[key], state[f"{key}-head"] = name, wanted


def _choose_head(entry: ModelEntry, key: str, tasks: Sequence[str]) -> ModelEntry:
    """Of a model that learned several labels which of them is asked."""
    if len(entry.heads) < 2:
        return entry
    state, of = st.session_state, f"{key}-head"
    state[of] = state[of] if state.get(of) in entry.heads else entry.name
    st.selectbox(
        tr("Head"),
        list(entry.heads),
        format_func=lambda name: literal(entry.heads[name]),
        key=of,
        persist_state="session",
        help=tr(
            "This model learned several labels of an example at once; a head answers for each."
        ),
    )
    return find(state[of], *tasks)


def choose_second(
    tasks: Sequence[str],
    first: ModelEntry,
    key: str,
    arrived: bool,
    own: Own | None,
    help: str,
    *,
    label: str = "Compare with",
    placeholder: str = "No second model",
    without: Sequence[str] = (),
) -> ModelEntry | None:
    """The picker of a model of the same task to compare the first with; at first none.

    key      of the widget, and its name in the address
    own      the user's own models of this kind, where the page takes some
    without  names that are not offered, beside the first
    """

    left_out = (first.name, *first.heads, *without)

    def offered() -> dict[str, ModelEntry]:
        every = entries(first.task, own=own.names() if own else ())
        heads = [find(name, *tasks) for name in first.heads if name != first.name]
        return {e.name: e for e in (*heads, *(e for e in every if e.name not in left_out))}

    def known_name(name: str) -> str:
        if own and own.takes(name):
            return own.load(name)
        found = find(name, first.task, listed=True).name
        if found not in offered():
            raise BadInput(f'"{name}" is chosen already, and stands not beside itself')
        return found

    from_address(key, known_name, arrived)
    state, others = st.session_state, offered()
    state[key] = state.get(key) if state.get(key) in others else None
    chosen = st.selectbox(
        tr(label),
        list(others),
        index=None,
        format_func=lambda name: tr(others[name].title),
        key=key,
        persist_state="session",
        placeholder=tr(placeholder),
        help=tr(help),
    )
    return others.get(chosen or "")
