"""The command quality: what it prints, and what it says of wrong calls."""

import json

import pytest

from dlexplain.cli import main
from dlexplain.data.samples import sample_path

TEXT = ("--text", "A warm and clever film.", "--model", "sst2-cnn")
FEW = ("--set", "deletion.points=2", "--set", "deletion.maps=3")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["quality", *arguments])
    found = capsys.readouterr()
    return status, found.out, found.err


def test_of_a_text_by_two_methods(capsys: pytest.CaptureFixture[str]) -> None:
    asked = (*TEXT, "--method", "saliency", "--method", "leave-one-out", "--metric", "deletion")
    status, text, _ = run(capsys, *asked, *FEW, "--json")
    assert status == 0
    found = json.loads(text)
    assert [row["method"] for row in found] == ["saliency", "leave-one-out"]
    for row in found:
        (one,) = row["quality"]
        assert one["metric"] == "deletion"
        assert one["params"]["points"] == 2
        assert one["n"] == 3
        assert one["low"] <= one["value"] <= one["high"]
        assert one["evaluations"] == 2 + 4  # with all, without any, and half of each order
        assert one["unit"] == "probability"
    status, text, _ = run(capsys, *asked, *FEW)
    assert status == 0
    assert "Deletion" in text
    assert "n = 3 probability" in text


def test_of_a_picture_and_of_a_forecast(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--metric", "top-removal", "--set", "top-removal.maps=3", "--json")
    picture = (str(sample_path("chelsea")), "--model", "cifar10-vit", "--method", "legrad")
    for given in (picture, ("--series",)):
        status, text, _ = run(capsys, *given, *asked)
        assert status == 0
        assert json.loads(text)[0]["quality"][0]["n"] == 3


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "quality takes a picture, or --text, or --series"),
        (("a.png", "--text", "b"), 2, "one of the three"),
        ((*TEXT, "--metric", "faithfulness"), 2, 'unknown metric "faithfulness"'),
        ((*TEXT, "--set", "deletion=3"), 2, "--set takes METRIC.KEY=VALUE"),
        ((*TEXT, "--set", "deleton.points=3"), 2, 'unknown metric "deleton"'),
        ((*TEXT, "--metric", "deletion", "--set", "deletion.points=0"), 2, 'points is "0"'),
        ((*TEXT, "--metric", "deletion", "--set", "deletion.pints=1"), 2, '"pints"'),
        ((*TEXT, "--method", "grad-cam"), 2, 'unknown method for a text "grad-cam"'),
        (("--text", "Good", "--model", "sst2-cnn", "--metric", "deletion"), 2, "has one word"),
    ],
)
def test_wrong_calls(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], status: int, said: str
) -> None:
    found, _, words = run(capsys, *arguments)
    assert found == status
    assert said in words
