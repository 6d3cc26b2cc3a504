"""An explanation beside that of a model that learnt the same inputs with random labels."""

import json

import pytest
import torch
from torch import nn

import dlexplain as dx
from dlexplain.__main__ import main
from dlexplain.errors import BadInput
from dlexplain.services.pictures.models import LoadedModel

TEXT = "A warm and clever film."
ASKED = ("label-randomisation",)
SIDE = 8


def pictures_of(seed: int, classes: int = 3) -> LoadedModel:
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(classes))
    network(torch.zeros((1, 3, SIDE, SIDE)))
    names = [f"class {index}" for index in range(classes)]
    return dx.wrap(network, classes=names, input_shape=(3, SIDE, SIDE))


def test_of_a_picture_the_rivals_map_is_compared() -> None:
    model, picture = pictures_of(0), torch.rand((SIDE, SIDE, 3)).numpy()
    found = dx.explain(model, picture, "saliency")
    (same,) = dx.quality(model, picture, found, ASKED, rival=model)
    assert same.value == pytest.approx(1.0)
    assert "learnt nothing but random labels" in same.found.note
    (other,) = dx.quality(model, picture, found, ASKED, rival=pictures_of(1))
    assert other.value < 0.9


def test_of_a_text_and_of_a_forecast_too() -> None:
    model = dx.load("sst2-cnn")
    found = dx.explain(model, TEXT, "saliency")
    (same,) = dx.quality(model, TEXT, found, ASKED, rival=model)
    assert same.value == pytest.approx(1.0)
    forecaster = dx.load("macrodata-lstm")
    told = dx.explain(forecaster, "", "input-x-gradient")
    (same,) = dx.quality(forecaster, "", told, ASKED, rival=forecaster)
    assert same.value == pytest.approx(1.0)


def test_a_rival_of_another_kind_or_of_other_classes_is_told() -> None:
    model, picture = pictures_of(0), torch.rand((SIDE, SIDE, 3)).numpy()
    found = dx.explain(model, picture, "saliency")
    with pytest.raises(BadInput, match="a TextModel cannot be asked what was asked"):
        dx.quality(model, picture, found, ASKED, rival=dx.load("sst2-cnn"))
    with pytest.raises(BadInput, match="has other classes: class 0, class 1; those of the"):
        dx.quality(model, picture, found, ASKED, rival=pictures_of(0, classes=2))


def test_the_command_takes_one(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["quality", "--text", TEXT, "--model", "sst2-cnn", "--method", "saliency"]
    assert main([*asked, "--metric", *ASKED, "--rival", "sst2-cnn", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["quality"][0]["value"] == pytest.approx(1.0)
