"""The commands that look inside picture models, and their names in Python."""

import json

import pytest

import dlexplain as dx
from dlexplain.cli import main


def test_layers_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", "--model", "digits-cnn"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == (
        "digits-cnn: 13 layers, 53,098 parameters, 347,392 multiply-adds for one picture 1 × 8 × 8"
    )
    first = "features.0 32 × 8 × 8 288 18,432 Conv2d, 3 × 3, padding 1"
    assert " ".join(told[1].split()) == first
    assert main(["layers", "--model", "digits-cnn", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(dx.layers("digits-cnn").to_dict()))
    assert found["parameters"] == sum(layer["parameters"] for layer in found["layers"])


def test_the_graph_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", "--model", "cifar10-resnet", "--graph"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("digraph {")
    assert '"picture" -> "stem.conv";' in told
    assert '"stages.0" -> "stages.1";' in told


def test_a_receptive_field_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["receptive-field", "--model", "mnist-cnn", "--layer", "features.4", "--row", "3",
             "--column", "4"]  # fmt: skip
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert "sees rows 3 to 10, columns 5 to 12" in told
    assert "8 × 8 pixels without" in told
    assert "the gradient agrees" in told
    assert main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["analysed"] == found["by_gradient"]
    assert (found["size"], found["step"]) == ([8, 8], [2, 2])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            ["layers", "--model", "gpt"],
            'picture classifier "gpt"; known: efficientnet-lite0',
        ),
        (["receptive-field", "--layer", "x", "--model", "digits-cnn"], 'no layer "x"; known: feat'),
        (
            ["receptive-field", "--layer", "blocks.9.expandrelu"],
            'no layer "blocks.9.expandrelu"; the closest: blocks.9.expand.relu, ',
        ),
        (
            ["receptive-field", "--layer", "features.0", "--row", "9", "--model", "digits-cnn"],
            "row 9 is not there; 0 to 7 are accepted",
        ),
    ],
)
def test_what_is_not_there_is_told(
    asked: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(asked) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_results_draw_themselves() -> None:
    picture = dx.read_sample("coffee")
    assert len(dx.layers("digits-cnn").plot().data) == 2
    assert dx.feature_maps("digits-cnn", picture, "features.2").plot().data[0].type == "image"
    field = dx.receptive_field("digits-cnn", "features.6", picture=picture)
    (frame,) = field.plot().layout.shapes
    assert (frame.x0, frame.x1) == (field.analysed.left - 0.5, field.analysed.right + 0.5)
    with pytest.raises(ValueError, match="drawn on a picture"):
        dx.receptive_field("digits-cnn", "features.6").plot()
    made = dx.maximise_activation("digits-cnn", "features.6", channel=3, steps=3)
    assert len(made.plot().data[0].y) == 3
    assert dx.step_through("digits-cnn", picture, "features.0").difference < 1e-5
