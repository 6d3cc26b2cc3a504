"""The page's address as its state: ?sample=coffee&target=281&contrast=287&methods=grad-cam,lime

Widgets have titles for people; the address has the names that the command line uses too.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import streamlit as st

from dlexplain.errors import BadInput, DlexplainError, NotAllowed, WeightsError, known_names
from dlexplain.language import tr
from dlexplain.params import from_digits
from dlexplain.ui.language import address_of_language
from dlexplain.ui.markdown import literal

DRAWN_IN = "palette"
"""The parameter, and key of the widget, of the colours of maps; kept beside what a page says."""
USUAL = "red-blue"
_above: ContextVar[Any] = ContextVar("above", default=None)


def from_address(
    parameter: str, read: Callable[[str], Any], arrived: bool = False, key: str = ""
) -> None:
    """Set a widget from the address before it is first drawn.

    read     turns the text into the widget's value, raising BadInput, or WeightsError of a damaged
             model; the visitor is told and the widget keeps its default
    arrived  whether the page has just been opened: its address then counts more than what the
             session remembers of an earlier visit
    key      of the widget; by default that of the parameter. One with a key of its own, which
             several pages or views share, is set on arrival only
    """
    state, text = st.session_state, st.query_params.get(parameter)
    if text is None or not (arrived or (not key and parameter not in state)):
        return
    try:
        state[key or parameter] = read(text)
    except (BadInput, WeightsError, NotAllowed) as error:
        tell_wrong(error)
        if not key:
            del st.query_params[parameter]


def tell_wrong(error: DlexplainError) -> None:
    """Say that the address asks for something that is not here."""
    place = _above.get() or st
    place.warning(literal(tr(f"The address asks for something that is not here: {error}")))


@contextmanager
def told_above() -> Iterator[None]:
    """What is wrong in the address is told here, in the whole width, rather than in a column, whose
    fields would then stand lower than those beside it."""
    token = _above.set(st.container())
    try:
        yield
    finally:
        _above.reset(token)


def one_of(what: str, known: Collection[str]) -> Callable[[str], str]:
    """A reader for `from_address` of a choice; what  such as "view", for the message"""

    def read(text: str) -> str:
        if text not in known:
            raise BadInput(f'unknown {what} "{text}"; {known_names(text, known)}')
        return text

    return read


def whole_number(what: str, low: int, high: int) -> Callable[[str], int]:
    """Likewise of a whole number from low to high."""

    def read(text: str) -> int:
        if not max(low, 0) <= from_digits(text) <= high:
            raise BadInput(f'{what} is "{text}"; it takes a whole number from {low} to {high}')
        return int(text)

    return read


def number_between(what: str, low: float, high: float) -> Callable[[str], float]:
    """Likewise of a number from low to high."""

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = float("nan")
        if not low <= found <= high:
            raise BadInput(f'{what} is "{text}"; it takes a number from {low:g} to {high:g}')
        return found

    return read


def read_view(text: str, views: Mapping[str, str]) -> str:
    """The view that an address asks for, by its name there or by its title on the page, in which a
    hyphen may stand for a space: "maps", "Feature maps" or "feature-maps".

    views  titles by name
    Raises BadInput.
    """
    plain = text.casefold().replace("-", " ")
    for name, title in views.items():
        if plain in (name, title.casefold()):
            return name
    raise BadInput(f'there is no view "{text}" here; there are {", ".join(views.values())}')


def to_address(state: Mapping[str, str | None]) -> None:
    """Write the state into the address; what is None or empty is left out."""
    drawn = st.session_state.get(DRAWN_IN) or st.query_params.get(DRAWN_IN)
    wanted = {key: text for key, text in state.items() if text}
    if drawn and drawn != USUAL:
        wanted[DRAWN_IN] = drawn
    wanted |= address_of_language()
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
