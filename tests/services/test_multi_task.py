"""A run of several heads: with one it is the single-task run to the last digit; each head is a
model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import dlexplain as dx
import dlexplain.figures
from dlexplain.cli import main
from dlexplain.errors import BadInput, SpecError, UnknownName
from dlexplain.execution.spec import RunSpec
from dlexplain.people import Person, acting_as
from dlexplain.results import MultiTaskTest, TextTest
from dlexplain.services.pictures.heads import head_maps, heads_of
from dlexplain.services.pictures.similarity import similarity
from dlexplain.services.pictures.sources import kept_pictures
from dlexplain.services.texts.models import TextModel
from dlexplain.services.training.catalogue import architectures, complete
from dlexplain.services.training.runs import curves, run
from dlexplain.services.training.test_results import results_of
from dlexplain.trained.catalogue import entries, find, trained
from dlexplain.trained.networks import load_network
from tests.data.test_heads import rows
from tests.trained import trained_run

HEADS = ("form", "colour", "texture", "count")


def spec(task: str, name: str, epochs: int = 2, **task_params: Any) -> RunSpec:
    return RunSpec(
        task=task,
        model="cnn",
        data="shapes-labelled",
        task_params=task_params,
        data_params={"count": 200, "side": 16},
        model_params={"width": 8, "blocks": 2, "dense": 16, "activation": "tanh"},
        training={
            "epochs": epochs, "batch_size": 32, "learning_rate": 0.005, "precision": "float32",
        },
        augmentation={"shift": 1, "mixup": 0.2},
        name=name,
    )  # fmt: skip


@pytest.fixture(scope="module")
def several() -> str:
    return trained_run(spec("multi-task", "four heads", cosine_every=1))


def test_one_head_is_the_single_task_run_to_the_last_digit() -> None:
    alone = trained_run(spec("classify-image", "one label"))
    one = trained_run(spec("multi-task", "one head", heads="form"))
    state, other = (load_network(trained(name)).state_dict() for name in (alone, one))
    assert list(state) == list(other)
    assert all(torch.equal(state[key], other[key]) for key in state)
    records = [run(name) for name in (alone, one)]
    for theirs, ours in (
        ("train/loss", "train/loss"),
        ("train/gradient_norm", "train/gradient_norm"),
        ("validation/loss", "validation/loss"),
        ("validation/accuracy", "validation/accuracy_all_heads"),
        ("validation/accuracy", "validation/accuracy_of_form"),
    ):
        (first,), (second,) = curves(records[:1], theirs), curves(records[1:], ours)
        assert first.values.tolist() == second.values.tolist(), theirs
        assert len(first) > 1
    assert records[0].metrics["test/accuracy"] == records[1].metrics["test/accuracy_of_form"]
    assert records[0].metrics["test/loss"] == records[1].metrics["test/loss"]
    assert torch.equal(
        load_network(trained(f"{one}:form")).state_dict()["classifier.3.weight"],
        state["classifier.3.weight"],
    )


def test_each_head_gives_its_part_of_the_outputs(several: str) -> None:
    x = torch.randn(5, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        parts = load_network(trained(several))(x).split([5, 5, 4, 3], dim=1)
        for head, part in zip(HEADS, parts, strict=True):
            found = load_network(trained(f"{several}:{head}"))(x)
            torch.testing.assert_close(found, part, rtol=1e-5, atol=1e-6)


def test_each_head_is_a_picture_classifier(several: str) -> None:
    first = find(several, "classify-image")
    assert first.name == f"{several}:form" and list(first.heads.values()) == list(HEADS)
    listed = [entry.name for entry in entries("classify-image") if entry.source == "run"]
    assert f"{several}:form" in listed and f"{several}:colour" not in listed
    assert first.name in [entry.name for entry in entries()]
    colour = dx.load(several, head="colour")
    assert [name.label for name in colour.classes] == ["red", "green", "blue", "yellow", "violet"]
    assert colour is dx.load(f"{several}:colour")
    assert find(f"{several}:colour").data_params["head"] == "colour"
    known = kept_pictures(f"{several}:count")
    assert {one.truth.label for one in known} <= {"1", "2", "3"} and len(known) > 5
    with acting_as(Person("vic@example.org", "Vic", "viewer")):
        assert kept_pictures(f"{several}:count") == ()  # read before, and another person's
    assert kept_pictures(f"{several}:count") == known
    found = dx.explain(colour, known[0].picture, "input-x-gradient")
    assert found.model == f"{several}:colour" and found.target in colour.classes


@pytest.mark.parametrize(
    ("name", "told"),
    [("{}:shade", 'no head "shade"; known: form, colour'), ("mnist-cnn:digit", "one head only")],
)
def test_a_head_that_is_not_there_is_named(several: str, name: str, told: str) -> None:
    with pytest.raises(UnknownName, match=told):
        dx.load(name.format(several))


def test_the_test_of_each_head_has_its_own_n_and_interval(several: str) -> None:
    record = run(several)
    found = results_of(record)
    assert isinstance(found, MultiTaskTest)
    for score in found.scores:
        assert score.n == 50 and score.low <= score.accuracy <= score.high
        key = f"test/accuracy_of_{score.head}"
        assert record.metrics[key] == pytest.approx(score.accuracy)
        assert score.told in record.scored(key, record.metrics[key])
        assert len(found.heads[score.head].labels) <= 12
    assert "[" in record.scored("test/accuracy_all_heads", 0.5)
    assert len(found.plot().data[0].x) == 4


def test_how_gradients_agree_is_a_curve_a_pair(several: str) -> None:
    keys = [key for key in run(several).metrics if "gradient_cosine" in key]
    assert len(keys) == 6
    (found,) = curves([run(several)], "train/gradient_cosine_form_colour")
    assert len(found) > 5 and np.abs(found.values).max() <= 1
    every = run(trained_run(spec("multi-task", "seldom", 1, cosine_every=3, heads="form,count")))
    (found,) = curves([every], "train/gradient_cosine_form_count")
    assert found.steps.tolist() == [0, 3]  # of six; in between nothing is repeated


@pytest.mark.parametrize("weighting", ["uncertainty", "gradnorm"])
def test_learned_weights_move_and_are_drawn(weighting: str) -> None:
    name = trained_run(spec("multi-task", weighting, 1, weighting=weighting))
    (found,) = curves([run(name)], "train/weight_of_count")
    assert len(found) > 3 and found.values[0] == 1 and found.values[-1] != 1


def test_maps_of_all_heads_and_how_alike_they_are(several: str) -> None:
    picture = kept_pictures(several)[0].picture
    found = head_maps(several, picture, "input-x-gradient")
    assert found.heads == HEADS
    assert (np.diag(found.spearman) == 1).all() and (found.spearman == found.spearman.T).all()
    assert found.spearman[0, 1] == similarity(found.maps["form"], found.maps["colour"]).spearman
    assert found.plot().data[0].z.shape == (4, 4)
    assert heads_of(f"{several}:count") == heads_of(several)
    with pytest.raises(BadInput, match="one head only"):
        head_maps("mnist-cnn", picture)


def test_heads_are_asked_on_the_command_line(
    several: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    file = tmp_path / "one.png"
    Image.fromarray(kept_pictures(several)[0].picture.pixels).save(file)
    asked = ["classify", str(file), "--model", several, "--head", "count", "--json"]
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert {score["label"] for score in told[0]["predictions"]} == {"1", "2", "3"}
    asked = ["explain", str(file), "--model", several, "--method", "input-x-gradient"]
    assert main([*asked, "--heads"]) == 0
    told = capsys.readouterr().out
    assert "count and form:" in told and "texture" in told
    assert main([*asked, "--heads", "--target", "1"]) == 2
    assert main(["explain", str(file), "--head", "count"]) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"task_params": {"heads": "form, shade"}}, "known: form, colour"),
        ({"task_params": {"weights": "form=-1"}}, "a number above 0"),
        ({"task_params": {"weighting": "even"}}, "weighting"),
        ({"data": "cifar10", "data_params": {}}, "does not suit the task multi-task"),
        ({"model": "text-cnn", "model_params": {}}, "does not suit the task multi-task"),
        ({"training": {"target_epsilon": 3}}, "private training is for"),
    ],
)
def test_what_does_not_fit_is_told_before_the_run(change: dict[str, Any], told: str) -> None:
    given = spec("multi-task", "wrong").to_dict() | change
    with pytest.raises(SpecError, match=told):
        complete(RunSpec.from_dict(given))


def test_every_picture_classifier_learns_several_labels() -> None:
    alone, several = (
        [choice.name for choice in architectures(task)] for task in ("classify-image", "multi-task")
    )
    assert alone == several and len(alone) > 3


def test_texts_have_several_labels_of_which_some_are_missing(tmp_path: Path) -> None:
    path = str(rows(tmp_path / "texts.csv", 120))
    name = trained_run(
        RunSpec(
            task="multi-task-text",
            model="text-cnn",
            data="csv-texts",
            data_params={"path": path, "label": "mood,topic"},
            task_params={"vocabulary": 200, "longest": 8},
            training={"epochs": 1, "batch_size": 16, "precision": "float32"},
            name="two columns",
        )
    )
    record = run(name)
    found = results_of(record)
    assert isinstance(found, MultiTaskTest)
    assert all(isinstance(head, TextTest) for head in found.heads.values())
    for score in found.scores:  # a missing label counts nowhere
        assert score.n < record.sizes["test"]
        assert record.sizes[f"test/accuracy_of_{score.head}"] == score.n
        key = f"test/accuracy_of_{score.head}"
        assert f"n = {score.n}" in record.scored(key, record.metrics[key])
    model = dx.load(name, head="topic")
    assert isinstance(model, TextModel)
    assert [one.label for one in model.classes] == ["sea", "town", "wood"]
    assert len(dx.predict(model, "words number 3").scores) == 3
    assert find(name, "classify-text").name == f"{name}:mood"
