"""`plot` is open: dlexplain.figures registers how each result is drawn, so that results know
nothing of plotly."""

from functools import singledispatch
from typing import Any


@singledispatch
def plot(result: object) -> Any:
    """Draw a result as a plotly Figure; dlexplain.figures registers one function a type."""
    raise TypeError(f"no figure for {type(result).__name__}; import dlexplain.figures first")
