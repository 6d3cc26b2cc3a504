"""Every fault of docs/reliability.md has a test that is there, and costs nothing."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEAST = 25


def rows() -> list[list[str]]:
    """The cells of the table's rows."""
    lines = (ROOT / "docs" / "reliability.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def test_the_table_is_whole() -> None:
    found = rows()
    assert len(found) >= LEAST
    assert all(len(row) == 5 and all(row) for row in found)
    assert [int(row[0]) for row in found] == list(range(1, len(found) + 1))
    assert len({row[1] for row in found}) == len(found)
    assert {row[3] for row in found} == {"nothing"}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_its_test_is_there(row: list[str]) -> None:
    file, _, name = row[4].strip("`").partition("::")
    tree = ast.parse((ROOT / file).read_text())
    assert name in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
