"""Classifiers of one's own whose outputs are labels by themselves, one label, or numbers."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dlexplain.__main__ import main
from dlexplain.errors import Incompatible
from dlexplain.figures.text_prediction import plot_text_prediction
from dlexplain.results import TextPrediction
from dlexplain.services.loading import load
from dlexplain.services.texts.changes import find_turning
from dlexplain.services.texts.explain import classify_text, classify_texts, explain_text
from dlexplain.services.texts.models import TextModel
from dlexplain.services.texts.tables import explain_texts
from tests.own import SMALL, classifier, read_again, save_own

TEXT = "it is not a bad film"


def own(folder: Path, **config: Any) -> str:
    """BERT whose first two outputs are about 3 on any text, the others about -4."""
    model = classifier("Bert", **SMALL, **config)
    name = save_own(model, folder)
    found = read_again(name)
    found.classifier.weight.data *= 0.1
    found.classifier.bias.data = torch.tensor([3.0, 3.0, -4.0])[: len(found.classifier.bias)]
    found.save_pretrained(name)
    return name


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> str:
    labels = {0: "rude", 1: "loud", 2: "threat"}
    problem = "multi_label_classification"
    return own(tmp_path_factory.mktemp("several"), problem_type=problem, id2label=labels)


@pytest.fixture(scope="module")
def price(tmp_path_factory: pytest.TempPathFactory) -> str:
    labels = {0: "price"}
    return own(tmp_path_factory.mktemp("price"), problem_type="regression", id2label=labels)


def outputs(name: str) -> torch.Tensor:
    """(outputs,) of the text by transformers alone."""
    ids = torch.from_numpy(load(TextModel, name).read(TEXT).ids)[None]
    with torch.no_grad():
        found: torch.Tensor = read_again(name)(input_ids=ids).logits[0]
    return found


def sizes(prediction: TextPrediction) -> list[float]:
    found = {score.name.index: score.size for score in prediction.scores}
    return [found[index] for index in range(len(found))]


def test_labels_that_stand_by_themselves_have_a_probability_each(several: str) -> None:
    model, expected = load(TextModel, several), outputs(several).sigmoid()
    for found in (classify_text(model, TEXT), classify_texts(model, [TEXT, "good"])[0]):
        np.testing.assert_allclose(sizes(found), expected, atol=1e-5)
    assert {score.name.label for score in found.said} == {"rude", "loud"}
    assert "rude 9" in found.headline
    assert "loud 9" in found.headline
    assert found.to_dict()["activation"] == "sigmoid"
    assert plot_text_prediction(found).layout.xaxis.title.text == (
        "probability of each label by itself"
    )


def test_what_is_explained_is_the_logit_and_says_so(several: str) -> None:
    model = load(TextModel, several)
    found = explain_text(model, TEXT, "integrated-gradients", "threat")
    assert (found.explains, found.unit) == ("logit", "logits")
    assert found.baseline_score is not None
    end = found.baseline_score + float(found.values.sum())
    assert end == pytest.approx(float(outputs(several)[2]), abs=0.01)
    both = explain_text(model, TEXT, "integrated-gradients", "threat", "rude")
    assert both.explains == "difference of logits"
    assert explain_text(model, TEXT, "attention-rollout").explains == ""
    assert found.to_dict()["explains"] == "logit"


def test_a_label_turns_where_its_own_logit_does(tmp_path: Path) -> None:
    """Its rival is far below on any text, so that against it nothing would turn."""
    labels = {0: "rude", 1: "loud"}
    problem = "multi_label_classification"
    untrained = classifier("Bert", **SMALL, problem_type=problem, id2label=labels)
    name = save_own(untrained, tmp_path / "own")
    theirs = read_again(name)
    ids = load(TextModel, name).read("good bad film").ids.tolist()
    texts = [ids, *(ids[:place] + ids[place + 1 :] for place in (1, 2, 3))]
    with torch.no_grad():
        whole, *rest = [float(theirs(input_ids=torch.tensor([t])).logits[0, 0]) for t in texts]
    lowest = min(rest)
    if lowest > whole:  # then each word speaks against the label: turn it round
        theirs.classifier.weight.data[0] *= -1
        whole, rest = -whole, [-value for value in rest]
        lowest = min(rest)
    theirs.classifier.bias.data = torch.tensor([-(whole + lowest) / 2, -50.0])
    theirs.save_pretrained(tmp_path / "turned")
    for file in (tmp_path / "own").glob("tok*"):
        (tmp_path / "turned" / file.name).write_bytes(file.read_bytes())
    model = load(TextModel, str(tmp_path / "turned"))
    found = find_turning(model, model.read("good bad film"), "drop")
    assert [change.place for change in found.changes] == [rest.index(lowest)]
    assert found.after is not None
    after = {score.name.label: score for score in found.after.scores}["rude"]
    before = found.before.scores[0]
    assert before.probability > 0.5 > after.probability
    assert f"rude falls from {before.text} to {after.text}" in found.sentence


def test_one_output_without_a_problem_type_is_a_label(tmp_path: Path) -> None:
    """As transformers' own pipeline has it."""
    name = own(tmp_path, id2label={0: "relevant"})
    found = classify_text(load(TextModel, name), TEXT)
    assert sizes(found) == pytest.approx([float(outputs(name)[0].sigmoid())], abs=1e-5)
    assert found.headline == f"relevant, {found.scores[0].probability:.1%}"


def test_a_regression_says_its_number(price: str) -> None:
    model = load(TextModel, price)
    found = classify_text(model, TEXT)
    value = float(outputs(price)[0])
    assert sizes(found) == pytest.approx([value], abs=1e-5)
    assert found.headline == f"price {value:.4g}"
    assert found.to_dict()["predictions"] == [
        {"index": 0, "label": "price", "value": pytest.approx(value, abs=1e-5)}
    ]
    (bar,) = plot_text_prediction(found).data
    assert bar.text == (f"{value:.4g}",)
    why = explain_text(model, TEXT, "leave-one-out")
    assert (why.explains, why.unit) == ("output", "units of the output")
    complete = explain_text(model, TEXT, "integrated-gradients")
    assert complete.way.endswith(" units of the output")  # no logit
    with pytest.raises(Incompatible, match="a regression says no class that could turn"):
        find_turning(model, model.read(TEXT))


def test_a_table_of_a_regression_has_values(price: str) -> None:
    table = explain_texts(load(TextModel, price), [TEXT, "good film"], "leave-one-out")
    head, first, _ = csv.reader(io.StringIO(table.to_csv().decode("utf-8-sig")))
    assert head == ["row", "text", "class", "value", "words"]
    assert first[2:4] == ["price", f"{float(outputs(price)[0]):.4f}"]
    assert table.unit == "units of the output"


def test_the_command_line_says_what_it_prints(
    several: str, price: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", "--text", TEXT, "--model", several]) == 0
    told = capsys.readouterr().out
    assert "the probability of each label by itself" in told
    assert f"{float(outputs(several)[0].sigmoid()):.2%}  rude" in told
    assert main(["classify", "--text", TEXT, "--model", price]) == 0
    value = f"{float(outputs(price)[0]):.4g}"
    assert f"{value}  price" in capsys.readouterr().out
    assert main(["classify", "--text", TEXT, "--model", price, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["activation"] == "identity"
    arguments = ["--text", TEXT, "--model", several, "--target", "loud"]
    assert main(["explain", *arguments, "--method", "leave-one-out"]) == 0
    assert "why loud (logit)" in capsys.readouterr().out
