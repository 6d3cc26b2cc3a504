"""What a table of trust recommends, and where tables lie."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dlexplain.errors import BadInput
from dlexplain.execution import paths
from dlexplain.results import TrustTable
from dlexplain.results.trust_words import failing, number, verdict
from dlexplain.services.quality import shipped as shipping
from tests.trust_tables import table


def test_who_fails_parameter_randomisation_is_marked_and_not_recommended() -> None:
    alike = {"lrp": 0.9, "grad-cam": 0.1, "guided-backprop": 0.8, "rise": 0.0}
    found = table(alike)
    assert [m.name for m in found.methods if found.fails(m.name)] == ["lrp", "guided-backprop"]
    assert found.recommended == "grad-cam"
    assert "Grad-Cam is recommended" in verdict(found)
    assert "after Lrp, which hardly depends on the model's weights" in verdict(found)
    assert "Lrp and Guided-Backprop" in failing(found)
    assert failing(table()) == ""


def test_the_rule_of_the_recommendation() -> None:
    assert table().recommended == "lrp"
    assert [m.name for m in table().beside("lrp")] == ["grad-cam"]  # 0.5 apart; 1.0 is told apart
    assert table().groups == ((0, 1), (1, 2))
    chance = table(p=0.3)
    assert chance.recommended == ""
    assert "differ no more than by chance (Friedman's test, p = 0.3)" in verdict(chance)
    below = table(gains={"lrp": 0.01, "grad-cam": 0.0, "guided-backprop": -0.1, "rise": -0.2})
    assert below.recommended == "" and "none beats a random map" in verdict(below)


def test_the_last_one_standing_is_not_recommended() -> None:
    """Mean ranks 1.5, 2.0, 2.5 and 4.0: of four methods 2.5 is no better than the mean."""
    alike = {"lrp": 0.9, "grad-cam": 0.9, "guided-backprop": 0.1, "rise": 0.1}
    found = table(alike)
    assert found.recommended == ""
    assert "Guided-Backprop, ranks no better than the 4 methods do in the mean (2.5)" in verdict(
        found
    )
    every = table(dict.fromkeys(alike, 0.9))
    assert "each shows much the same map when the model's weights are random" in verdict(every)


def test_a_sentence_tells_of_how_many_the_ranks_are_and_names_all_that_fail() -> None:
    fewer = table(done=200, found=200)
    assert "over 30 of 200 pictures" in verdict(fewer)
    alike = dict.fromkeys(("lrp", "grad-cam", "guided-backprop", "rise"), 0.9)
    assert "Lrp, Grad-Cam, Guided-Backprop and Rise. With random" in failing(table(alike))


def test_a_table_is_json_and_back_and_csv() -> None:
    found = table(dict.fromkeys(("lrp", "grad-cam", "guided-backprop", "rise"), 0.1))
    assert TrustTable.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    open_ended = replace(found, metrics=(replace(found.metrics[0], limits=(0.0, float("inf"))),))
    assert TrustTable.from_dict(json.loads(json.dumps(open_ended.to_dict()))) == open_ended
    rows = found.to_csv().splitlines()
    assert rows[0].startswith("model,data,method,metric,mean,low,high,n,unit,higher_is_better")
    assert len(rows) == 1 + 4 * 3
    for damaged in ({}, {**found.to_dict(), "methods": [{"name": "x"}]}, {"cells": 3}):
        with pytest.raises(BadInput, match="this is no table of trust"):
            TrustTable.from_dict(damaged)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.1234, "0.123"), (-0.0001, "0.000"), (3.14159, "3.14"), (-12.34, "−12.3"), (None, "–")],
)
def test_numbers(value: float | None, said: str) -> None:
    assert number(value) == said


def test_shipped_tables_lie_beside_their_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = tmp_path / "zoo"
    (zoo / "digits-cnn").mkdir(parents=True)
    monkeypatch.setattr(paths, "zoo_folder", lambda: zoo)
    monkeypatch.setattr(shipping, "made_here", lambda model: ())
    assert shipping.shipped("digits-cnn") is None and shipping.recommended("digits-cnn") == ""
    file = shipping.ship(table())
    assert file == zoo / "digits-cnn" / "trust.json"
    assert shipping.shipped("digits-cnn") == table()
    assert shipping.recommended("digits-cnn") == "lrp"
    registered = replace(table(), model="efficientnet-lite0")
    assert shipping.ship(registered).parent == zoo / "_registered"
    assert shipping.shipped("efficientnet-lite0") == registered
    with pytest.raises(BadInput, match='"mine" comes not with dlexplain'):
        shipping.ship(replace(table(), model="mine"))
    with pytest.raises(BadInput, match="the table has 12 of 30 pictures; finish it first"):
        shipping.ship(replace(table(), done=12))
    file.write_text("{")
    assert shipping.shipped("digits-cnn") is None
    for strange in ("../../etc/passwd", "a" * 5000, "a\0b"):
        assert shipping.shipped(strange) is None


def test_the_recommendation_is_of_the_table_of_most_examples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = replace(table(p=0.5), done=5)
    monkeypatch.setattr(shipping, "shipped", lambda model: table())
    monkeypatch.setattr(shipping, "made_here", lambda model: (few,))
    assert shipping.recommended("digits-cnn") == "lrp"
