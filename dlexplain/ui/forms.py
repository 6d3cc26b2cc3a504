"""A Params declaration as form fields."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from dlexplain.language import tr
from dlexplain.params import Spec, Value
from dlexplain.results.words import capital

COLUMNS = 3
FINE = 4
"""Decimals of a step below which numbers are shown in exponent form."""


def params_form(
    owner: str,
    specs: Mapping[str, Spec],
    choices: Mapping[str, tuple[str, ...]],
    values: Mapping[str, Value] | None = None,
    examples: Mapping[str, str] | None = None,
) -> dict[str, Value]:
    """One field a parameter, side by side; returns their values.

    owner    makes the fields' keys unique, and starts them anew when it changes
    choices  for parameters of kind "name": what this model accepts
    values   what the fields show at first, where that is not the default
    examples of what a text field that is empty stands for, where the declaration's is not it
    A parameter that says nothing beside the values of the others has no field, and stays as it was.
    """
    found: dict[str, Value] = {}
    columns = st.columns(min(COLUMNS, len(specs))) if specs else []
    drawn = 0
    for name, spec in specs.items():
        first = (values or {}).get(name, spec.default)
        if not spec.used(found):
            found[name] = first
            continue
        if example := (examples or {}).get(name):
            spec = replace(spec, example=example)
        with columns[drawn % len(columns)]:
            found[name] = _field(field_key(owner, name), spec, first, choices.get(name, ()))
        drawn += 1
    return found


def field_key(owner: str, name: str) -> str:
    """Of a parameter's field in the session's state."""
    return f"param-{owner}-{name}"


def _field(key: str, spec: Spec, first: Value, accepted: tuple[str, ...]) -> Value:
    about = f"{spec.help} {capital(spec.accepts)}."
    match spec.kind:
        case "integer":
            return int(
                st.number_input(
                    tr(spec.label),
                    int(spec.low),
                    int(spec.high),
                    int(first),
                    int(spec.step or 1),
                    key=key,
                    help=tr(about),
                    persist_state="session",
                )
            )
        case "real":
            step = float(spec.step or 0.1)
            return float(
                st.number_input(
                    tr(spec.label),
                    float(spec.low),
                    float(spec.high),
                    float(first),
                    step,
                    format=_format(min(step, abs(float(first)) or step)),
                    key=key,
                    help=tr(about),
                    persist_state="session",
                )
            )
        case "flag":
            return bool(
                st.toggle(
                    tr(spec.label),
                    bool(first),
                    key=key,
                    help=tr(spec.help),
                    persist_state="session",
                )
            )
        case "text":
            return str(
                st.text_input(
                    tr(spec.label),
                    str(first),
                    key=key,
                    help=tr(spec.help),
                    persist_state="session",
                    placeholder=tr(spec.example) or None,
                )
            )
    options = [*(spec.options or accepted)]
    chosen = st.selectbox(
        tr(spec.label),
        options,
        options.index(str(first)),
        format_func=tr,
        key=key,
        help=tr(spec.help),
        persist_state="session",
    )
    return str(chosen)


def _format(smallest: float) -> str:
    """printf's format that shows `smallest` without losing it."""
    if smallest < 10**-FINE:
        return "%.1e"
    decimals = 2
    while decimals < FINE + 1 and round(smallest, decimals) != smallest:
        decimals += 1
    return f"%.{decimals}f"
