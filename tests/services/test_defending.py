"""A defence tried on pictures: the counts, against who knows of it and who does not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.errors import BadInput, Cancelled, Incompatible, UnknownName
from dlexplain.execution import paths
from dlexplain.explainers.progress import Progress
from dlexplain.results.defences import COUNTS, DefenceResult
from dlexplain.services.attack.defence_shipped import ship, shipped
from dlexplain.services.attack.defending import try_defence
from dlexplain.services.pictures.models import LoadedModel


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return dx.load("digits-cnn")


@pytest.fixture(scope="module")
def found(model: LoadedModel) -> DefenceResult:
    return try_defence(model, "bit-depth", 1, epsilon=0.2, steps=10, count=60)


def test_who_knows_of_it_fools_more_and_the_sentence_says_so(found: DefenceResult) -> None:
    counts = found.counts
    assert counts["adaptive"] < counts["static"] <= counts["clean_defended"]
    assert counts["attacked"] < counts["clean"] <= found.n == 60
    assert found.told_share("adaptive") in found.told
    low, high = found.interval("static")
    assert low < found.share("static") < high
    assert ("no gain is shown" in found.told) is not found.holds
    assert found.holds is (found.p < 0.05)


def test_the_same_seed_counts_the_same_and_it_is_json(
    model: LoadedModel, found: DefenceResult
) -> None:
    again = try_defence(model, "bit-depth", 1, epsilon=0.2, steps=10, count=60)
    assert again.counts == found.counts
    told = json.loads(json.dumps(found.to_dict()))
    assert set(told["right"]) == set(COUNTS)
    assert told["right"]["clean"]["count"] == found.counts["clean"]
    assert DefenceResult.from_dict(told) == found


@pytest.mark.parametrize(
    "change",
    [{"n": 3}, {"n": 0}, {"right": {}}, {"right": [1]}, {"p_mcnemar": "x"}, {"notes": 4}],
    ids=str,
)
def test_a_damaged_result_is_none(found: DefenceResult, change: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="no result of a defence"):
        DefenceResult.from_dict(found.to_dict() | change)


def test_a_result_ships_with_registered_models_only(
    found: DefenceResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="is not registered"):
        ship(found)
    assert shipped("digits-cnn") is None
    monkeypatch.setattr(paths, "zoo_folder", lambda: tmp_path)
    registered = replace(found, model="efficientnet-lite0")
    assert ship(registered).is_relative_to(tmp_path)
    assert shipped("efficientnet-lite0") == registered


def test_jpeg_of_best_quality_changes_hardly_anything(model: LoadedModel) -> None:
    found = try_defence(model, "jpeg", 100, epsilon=0.1, steps=5, count=20)
    assert abs(found.counts["clean"] - found.counts["clean_defended"]) <= 1
    assert abs(found.counts["attacked"] - found.counts["adaptive"]) <= 3


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"defence": "jpg"}, UnknownName, "jpeg"),
        ({"strength": 0}, BadInput, "the quality of JPEG is 0"),
        ({"epsilon": 0}, BadInput, "the budget is 0"),
        ({"count": 1}, BadInput, "count is 1; 3 to 10,000 are accepted"),
        ({"seed": -1}, BadInput, "seed is -1"),
    ],
)
def test_bad_input_is_one_sentence(
    model: LoadedModel, asked: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        try_defence(model, **asked)  # type: ignore[arg-type]


def test_what_has_no_gradients_is_refused_and_it_can_be_cancelled(model: LoadedModel) -> None:
    with pytest.raises(Incompatible, match="no picture classifier with gradients"):
        try_defence(None)  # type: ignore[arg-type]
    with pytest.raises(Cancelled):
        try_defence(model, progress=Progress(cancelled=lambda: True))


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["defence", "digits-cnn", "--defence", "bit-depth", "--count", "10", "--steps", "3"]
    assert main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 10
    assert main(asked) == 0
    assert "as they are, without the defence" in capsys.readouterr().out
