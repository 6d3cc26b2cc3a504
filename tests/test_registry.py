"""The registry of names."""

import pytest

from dlexplain.errors import BadInput, UnknownName
from dlexplain.registry import Registry


def test_an_unknown_name_lists_the_known_ones() -> None:
    tools: Registry[int] = Registry("tool")
    tools.add("saw", 1)
    tools.add("axe", 2)
    assert list(tools) == ["saw", "axe"]
    assert tools["axe"] == 2
    with pytest.raises(UnknownName) as caught:
        tools["sow"]
    assert str(caught.value) == 'unknown tool "sow"; known: axe, saw; did you mean "saw"?'
    assert isinstance(caught.value, BadInput)
    assert isinstance(caught.value, KeyError)


def test_a_name_is_taken_once() -> None:
    tools: Registry[int] = Registry("tool")
    tools.add("saw", 1)
    with pytest.raises(ValueError, match='tool "saw" is registered already'):
        tools.add("saw", 2)
