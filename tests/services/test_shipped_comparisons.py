"""Comparisons that come along belong to the weights that come along, and are in the docs."""

from pathlib import Path

import pytest

import dlexplain as dx
from dlexplain.results import ModelComparison
from dlexplain.results.model_comparison_words import comparison_table
from dlexplain.services.comparing.shipped import all_shipped, shipped

ROOT = Path(__file__).parents[2]
FOUND = {f"{one.model} {one.other} {one.method}": one for one in all_shipped()}


def test_some_come_along_and_the_docs_have_them() -> None:
    assert shipped("cifar10-resnet", "cifar10-resnet-robust")
    text = (ROOT / "docs" / "compression.md").read_text()
    assert comparison_table(list(FOUND.values())) in text


@pytest.mark.parametrize("name", FOUND)
def test_it_is_of_these_weights_and_whole(name: str) -> None:
    found: ModelComparison = FOUND[name]
    names = filter(None, (found.model, found.other, found.control))
    assert found.fingerprints == tuple(dx.load(one).prepared.fingerprint for one in names)
    assert found.done == found.found == len(found.examples)
    for one in (found.drift, found.control_drift, found.beyond, found.top, found.same):
        assert one.low is not None and one.high is not None and one.value is not None
        assert one.low <= one.value <= one.high
    assert sum(change.count for change in found.changes) == found.done
    assert {one.place for one in found.lost_most[:6]} <= {one.place for one in found.shown}
