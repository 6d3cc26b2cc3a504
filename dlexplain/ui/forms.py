"""A method's Params as form fields."""

from collections.abc import Mapping

import streamlit as st

from dlexplain.params import Spec, Value


def params_form(
    method: str, specs: Mapping[str, Spec], choices: Mapping[str, tuple[str, ...]]
) -> dict[str, Value]:
    """One field a parameter, side by side; returns their values.

    choices  for parameters of kind "name": what this model accepts
    """
    values: dict[str, Value] = {}
    columns = st.columns(min(3, len(specs)))
    for place, (name, spec) in enumerate(specs.items()):
        with columns[place % len(columns)]:
            values[name] = _field(f"param-{method}-{name}", spec, choices.get(name, ()))
    return values


def _field(key: str, spec: Spec, accepted: tuple[str, ...]) -> Value:
    label, default = spec.label, spec.default
    if spec.kind == "integer":
        return int(
            st.number_input(
                label,
                int(spec.low),
                int(spec.high),
                int(default),
                int(spec.step or 1),
                key=key,
                help=f"{spec.help} {spec.accepts.capitalize()}.",
                persist_state="session",
            )
        )
    if spec.kind == "real":
        return float(
            st.number_input(
                label,
                float(spec.low),
                float(spec.high),
                float(default),
                float(spec.step or 0.1),
                key=key,
                help=f"{spec.help} {spec.accepts.capitalize()}.",
                persist_state="session",
            )
        )
    if spec.kind == "flag":
        return bool(
            st.toggle(label, bool(default), key=key, help=spec.help, persist_state="session")
        )
    options = [*(spec.options or accepted)]
    chosen = st.selectbox(
        label,
        options,
        options.index(str(default)),
        key=key,
        help=spec.help,
        persist_state="session",
    )
    return str(chosen)
