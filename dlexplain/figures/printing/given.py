"""A plotly figure as plain dicts and arrays: its traces and its layout, as they were given."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

Trace = dict[str, Any]
HIDDEN = (False, "legendonly")


def read(figure: go.Figure | Mapping[str, Any]) -> tuple[list[Trace], dict[str, Any]]:
    """Its traces that are seen, each with its place as "index", and its layout."""
    whole = figure.to_plotly_json() if isinstance(figure, go.Figure) else figure
    traces = [_plain(trace) | {"index": at} for at, trace in enumerate(whole["data"])]
    layout = _plain({k: v for k, v in whole.get("layout", {}).items() if k != "template"})
    return [one for one in traces if one.get("visible", True) not in HIDDEN], layout


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "bdata" in value:
            return unpacked(value)
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        return [_plain(one) for one in value]
    return value


def unpacked(packed: Mapping[str, Any]) -> NDArray[Any]:
    """As plotly packs arrays: base64 of the numbers, their type, and a shape."""
    found = np.frombuffer(base64.b64decode(packed["bdata"]), dtype=packed["dtype"])
    shape = packed.get("shape")
    if shape is None:
        return found
    sizes = [int(size) for size in str(shape).split(",")] if isinstance(shape, str) else shape
    return found.reshape(sizes)


def listed(values: Any) -> list[Any]:
    """A row of values as a list; None gives an empty one."""
    if values is None:
        return []
    return list(values.tolist() if isinstance(values, np.ndarray) and values.dtype.kind != "M"
                else values)  # fmt: skip


def floats(values: Any) -> NDArray[np.float64]:
    """(...) numbers, NaN where there is none."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        return values.astype(np.float64)
    if len(values) and isinstance(values[0], list | tuple | np.ndarray):
        return np.stack([floats(row) for row in values])
    return np.array([np.nan if one is None or one == "" else float(one) for one in values])


def size_of(of: Mapping[str, Any] | None, default: float = 12.0) -> float:
    """Pixels of a font."""
    return float((of or {}).get("size") or default)


def titled(of: Mapping[str, Any] | None) -> str:
    """The text of a title, which plotly lets be a dict or a text."""
    title = (of or {}).get("title")
    if isinstance(title, Mapping):
        title = title.get("text")
    return str(title or "").strip()
