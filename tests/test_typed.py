"""A dataclass of somebody's JSON against its annotations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from dlexplain.typed import check_types


@dataclass(frozen=True)
class Made:
    state: Literal["on", "off"] = "on"
    count: int = 1
    share: float = 0.5
    name: str = "x"
    end: float | None = None
    tags: tuple[str, ...] = ()
    told: Mapping[str, float] = None  # type: ignore[assignment]
    any: Any = None


@pytest.mark.parametrize(
    "given",
    [{}, {"share": 1}, {"end": 3.0}, {"tags": ("a", "b")}, {"told": {"a": 1.0}}, {"any": [1]}],
)
def test_what_fits(given: dict[str, Any]) -> None:
    check_types(Made(**{"told": {}, **given}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "gone"), ("state", ["on"]), ("count", 2**63), ("count", 1.0), ("count", "1"),
        ("share", "0.5"), ("share", 2**70), ("name", None), ("name", "\ud800"), ("end", "never"),
        ("tags", ["a"]), ("tags", ("a", 1)), ("told", None), ("told", {"a": "b"}),
        ("told", {1: 1.0}),
    ],
)  # fmt: skip
def test_what_does_not_fit(field: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=f"{field} is|surrogates"):
        check_types(Made(**{"told": {}, field: value}))
