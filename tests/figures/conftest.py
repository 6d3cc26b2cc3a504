"""Every figure that a test here builds is printed, and what is on the sheet is counted."""

import warnings
from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go
import pytest

from tests.figures.printing import check_printed


@pytest.fixture(autouse=True)
def print_all(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    built: list[go.Figure] = []
    make = go.Figure.__init__

    def remembered(self: go.Figure, *given: Any, **more: Any) -> None:
        make(self, *given, **more)
        built.append(self)

    monkeypatch.setattr(go.Figure, "__init__", remembered)
    yield
    monkeypatch.undo()
    seen: set[str] = set()
    for figure in built:
        text = figure.to_json()
        if len(figure.data) and text not in seen:
            seen.add(text)
            with warnings.catch_warnings():
                # `printed` names letters that no font has; here a box is as wide as any.
                warnings.filterwarnings("ignore", "Glyph .* missing")
                check_printed(figure)
