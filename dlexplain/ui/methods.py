"""Choosing explanation methods and their parameters, on every page that explains."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.language import tr
from dlexplain.params import Value
from dlexplain.registry import Registry
from dlexplain.results.words import capital
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.quality.shipped import recommended
from dlexplain.ui.address import from_address, tell_wrong
from dlexplain.ui.forms import params_form
from dlexplain.ui.glossary import show_explained

MARK = " ★ recommended for this model"
"""Behind the title of the method that its table of trust recommends."""
ADDED = "method-added"
"""In the session: the key of the picker in which a button chose one more method, which asks the
question too."""
ParamsOf = dict[str, dict[str, Value]]


@dataclass(frozen=True)
class Ask:
    """One method with its parameters."""

    method: str
    title: str
    family: str
    params: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Request:
    """A question: why a model sees this class in this input, asked of several methods.

    digest  of the text, or the key of the picture
    """

    model: str
    digest: str
    target: int
    contrast: int | None
    asks: tuple[Ask, ...]

    def is_slow(self, index: int) -> bool:
        """Whether a method takes many evaluations, so that the others start before it."""
        return self.asks[index].family == "perturbation"


def choose_methods(
    known: Registry[MethodInfo],
    first: Sequence[str],
    arrived: bool,
    key: str = "methods",
    model: str = "",
) -> list[str]:
    """The picker; what the model does not allow falls out.

    first  chosen at first;  key  of the widget, and in the address
    model  its name, whose table of trust marks the method that is recommended
    """
    best = recommended(model) if model else ""
    from_address(key, lambda text: _asked(text.split(","), known), arrived)
    wanted = st.session_state.get(key, list(first))
    st.session_state[key] = [name for name in wanted if name in known]
    return st.multiselect(
        tr("Methods"),
        list(known),
        format_func=lambda name: tr(known[name].title) + (tr(MARK) if name == best else ""),
        key=key,
        persist_state="session",
        placeholder=tr("Choose one or several methods"),
    )


def add_method(key: str, name: str) -> None:
    """Choose one more method in the picker of this key, as a button does that names it."""
    st.session_state[key] = list(dict.fromkeys([*st.session_state.get(key, []), name]))
    st.session_state[ADDED] = key


def _asked(names: Sequence[str], known: Registry[MethodInfo]) -> list[str]:
    """Those of an address that the model allows; the visitor is told of the others.

    Raises UnknownName where none is left.
    """
    kept = [name for name in names if name in known]
    if not kept:
        return [known[name].name for name in names]  # which raises
    if len(kept) < len(names):
        lacking = ", ".join(name for name in names if name not in known)
        tell_wrong(
            BadInput(f"{lacking}; the methods that this model allows are {', '.join(known)}")
        )
    return kept


def method_params(
    model: str,
    known: Registry[MethodInfo],
    chosen: Sequence[str],
    choices: Callable[[str], Mapping[str, tuple[str, ...]]] = lambda name: {},
) -> ParamsOf:
    """Describe one method at a time and let its parameters be changed; each model has its own.

    choices  of a method, what its parameters of kind "name" accept
    """
    stored: ParamsOf = st.session_state.setdefault("params", {}).setdefault(model, {})
    if not chosen:
        return {}
    with st.expander(
        tr("Methods and their parameters"), icon=":material/tune:", key="tune", on_change="rerun"
    ) as opened:
        if opened.open:
            name = st.segmented_control(
                tr("Method"),
                chosen,
                default=chosen[0],
                format_func=lambda name: tr(known[name].title),
                required=True,
                label_visibility="collapsed",
            )
            info = known[name or chosen[0]]
            show_explained(info.description)
            facts = [f"{info.family} method", "signed" if info.signed else "unsigned"]
            facts += ["promises completeness"] if info.complete else []
            st.caption(f"{tr(capital(', '.join(facts)) + '.')} {info.paper}")
            if info.params:
                owner = f"{model}-{info.name}"
                stored[info.name] = params_form(owner, info.params, choices(info.name))
    defaults: ParamsOf = {
        name: {key: spec.default for key, spec in known[name].params.items()} for name in chosen
    }
    return {name: defaults[name] | stored.get(name, {}) for name in chosen}


def asks_of(
    known: Registry[MethodInfo], chosen: Sequence[str], params: ParamsOf
) -> tuple[Ask, ...]:
    """The methods as a request holds them."""
    return tuple(
        Ask(name, known[name].title, known[name].family, tuple(params[name].items()))
        for name in chosen
    )
