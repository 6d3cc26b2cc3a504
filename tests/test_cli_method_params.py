"""--set names parameters of the method only, whatever else the function that explains takes."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from dlexplain.cli import main
from dlexplain.data.samples import sample_path
from dlexplain.services.forecast.explain import explain_series
from dlexplain.services.pictures.explain import explain
from dlexplain.services.texts.explain import explain_text

COFFEE = str(sample_path("coffee"))
WAYS: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "picture": (explain, [COFFEE, "--method", "occlusion"]),
    "text": (explain_text, ["--text", "a fine film", "--method", "leave-one-out"]),
    "series": (explain_series, ["--series", "own", "--method", "occlusion"]),
}
ARGUMENTS = [
    (way, name)
    for way, (function, _) in WAYS.items()
    for name, argument in inspect.signature(function).parameters.items()
    if argument.kind is not inspect.Parameter.VAR_KEYWORD
]


@pytest.mark.parametrize(("way", "name"), [*ARGUMENTS, ("text", "params"), ("series", "self")])
def test_an_argument_of_the_function_is_no_parameter(
    way: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *WAYS[way][1], "--set", f"{name}=1"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f'dlexplain: unknown parameter "{name}"; known: ')
    assert len(told.splitlines()) == 1
