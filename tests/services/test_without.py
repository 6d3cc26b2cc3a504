"""What a classifier says without what a map marks most, held against asking it by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import dlexplain as dx
from dlexplain.errors import BadInput
from dlexplain.results.without import Without
from dlexplain.results.without_words import sentence
from dlexplain.services.quality.cases import picture_case
from dlexplain.services.quality.without import DRAWS, SHARES, picture_without, text_without

FOUND = Without("Grad-CAM", "espresso", 0.92, 0.1, (), "cup", 0.31, 20, 20)


def test_a_pictures_marked_places_are_taken_away_until_the_class_is_another() -> None:
    model, picture = dx.load("digits-cnn"), np.zeros((8, 8, 3), np.uint8)
    picture[1:7, 3:5] = 255
    found = dx.explain(model, picture, "integrated-gradients")
    given = dx.read_picture(picture)
    without = picture_without(model, given, found)
    said = dx.predict(model, picture).scores[0]
    assert (without.label, without.draws) == (said.name.label, DRAWS)
    assert without.probability == pytest.approx(said.probability, abs=1e-5)
    case = picture_case(model, given, found)
    order = case.weights().argsort(descending=True, stable=True)
    for share in SHARES:
        stays = torch.ones((1, 64), dtype=torch.bool)
        stays[0, order[: max(1, round(share * 64))]] = False
        parts = case.parts().make(stays, torch.zeros(1, dtype=torch.int64))
        sure, best = model.prepared.logits(parts).softmax(1)[0].max(0)
        if model.classes[int(best)].label != without.label:
            break
    assert without.share == max(1, round(share * 64)) / 64
    assert without.other == model.classes[int(best)].label
    assert without.other_probability == pytest.approx(float(sure), abs=1e-5)
    assert picture_without(model, given, found) == without  # the same draws again


def test_a_texts_marked_words_are_named() -> None:
    model, text = dx.load("sst2-cnn"), "a superb film"
    found = dx.explain(model, text, "integrated-gradients")
    without = text_without(model, model.read(text), found)
    assert "superb" in without.words and without.share == len(without.words) / 3
    alone = dx.predict(model, text).scores[0]
    assert without.label == alone.name.label


def test_a_map_that_says_nothing_is_refused() -> None:
    model, picture = dx.load("digits-cnn"), np.zeros((8, 8, 3), np.uint8)
    found = dx.explain(model, picture, "saliency")
    flat = replace(found, values=np.zeros_like(found.values))
    with pytest.raises(BadInput, match="it says nothing of where"):
        picture_without(model, dx.read_picture(picture), flat)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            FOUND,
            "It says espresso (92%) because of the 10% of the picture that Grad-CAM marks most: "
            "without it, it would say cup (31%); with as much blurred elsewhere it still says "
            "espresso in 20 of 20 random draws.",
        ),
        (
            replace(FOUND, kept=19),  # p = 2 / 21
            "It says espresso (92%). Without the 10% of the picture that Grad-CAM marks most, it "
            "would say cup (31%); with as much blurred elsewhere it still says espresso in 19 of "
            "20 random draws, which does not yet tell the map from chance (p = 0.095).",
        ),
        (
            replace(FOUND, kept=9),
            "It says espresso (92%). Without the 10% of the picture that Grad-CAM marks most, it "
            "would say cup (31%), but with as much blurred elsewhere it says espresso in 9 of 20 "
            "random draws only.",
        ),
        (
            replace(FOUND, other="espresso", other_probability=0.85),
            "It says espresso (92%). Without the 10% of the picture that Grad-CAM marks most, it "
            "still says so (85%): the class does not hang on what is marked.",
        ),
        (
            replace(FOUND, other="espresso", other_probability=0.95, words=tuple("abcdef")),
            "It says espresso (92%). Without “a”, “b”, “c”, “d” and 2 more words that Grad-CAM "
            "marks, it still says so (95%): the class does not hang on what is marked.",
        ),
        (
            replace(FOUND, label="positive", other="negative", words=("superb",)),
            "It says positive (92%) because of “superb”, which Grad-CAM marks most: without it, it "
            "would say negative (31%); without another word it still says positive in 20 of 20 "
            "random draws.",
        ),
    ],
    ids=[
        "the reason",
        "perhaps by chance",
        "no reason alone",
        "not the reason",
        "many words",
        "a word",
    ],
)
def test_no_more_is_said_than_was_measured(found: Without, told: str) -> None:
    assert sentence(found) == told
