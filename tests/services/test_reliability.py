"""Calibration and scores out of distribution of models over their data, as users ask for them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import dlexplain as dx
from dlexplain.data.outside import OUTSIDE
from dlexplain.errors import BadInput, Cancelled, DataError, Incompatible
from dlexplain.evaluation.out_of_distribution import negative_energy
from dlexplain.explainers.penultimate import with_features
from dlexplain.explainers.progress import Progress
from dlexplain.results import ClassifierCalibration, OutOfDistribution, Prediction
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.reliability import shipped
from dlexplain.services.reliability.labelled import PicturePart, parts_of
from dlexplain.services.reliability.unlike import unlike
from tests.digit_files import digit_files, digits_folder

SIDE = 8
ONES = [int(name[2:6]) for name in digit_files(600) if name.startswith("1/")]
"""Of the digits that are a 1, their numbers."""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests have measured is not there, nor what comes along."""
    monkeypatch.setattr(shipped, "_folder", lambda model: tmp_path / "here" / model)
    monkeypatch.setattr(shipped, "_zoo_folder", lambda model: tmp_path / "zoo" / model)


class Sharp(nn.Module):
    """digits-cnn with its logits times a number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.network, self.factor = dx.load("digits-cnn").prepared.module, factor

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network(x) * self.factor
        return logits


class Outputs(nn.Module):
    """The same of every picture, or NaN of those that are not dark."""

    def forward(self, x: Tensor) -> Tensor:
        bright = (x.flatten(1).mean(1) > 0.9)[:, None]
        return torch.where(bright, torch.nan, x.flatten(1)[:, :10])


def wrapped(module: nn.Module, **more: Any) -> LoadedModel:
    return dx.wrap(
        module, classes=[str(i) for i in range(10)], input_shape=(1, SIDE, SIDE), name="own", **more
    )


def test_a_zoo_model_on_its_own_data() -> None:
    progress = Progress()
    found = dx.calibration("digits-cnn", progress=progress)
    assert found.n + found.fitted == 359  # all validation pictures are right, so half is fitted on
    assert found.fitted_on == "another half of them"
    assert progress.done == progress.planned == 359 + 143
    assert sum(one.n for one in found.before.bins) == found.n
    share = sum((one.accuracy or 0) * one.n for one in found.before.bins) / found.n
    assert share == pytest.approx(found.accuracy)
    assert found.after.nll <= found.before.nll + 0.02
    assert "percentage points on average" in found.told
    assert found.command == "python -m dlexplain calibration digits-cnn --count 5000 --seed 0"
    again = ClassifierCalibration.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
    assert shipped.known(ClassifierCalibration, "digits-cnn") == found
    assert len(found.to_csv().splitlines()) == 1 + 2 * 15
    assert found.plot().data


def test_a_temperature_undoes_what_sharpened_the_logits(tmp_path: Path) -> None:
    wrong = {f"{i % 10}/wrong-{i}.png": digit_files(600)[f"1/{i:04d}.png"] for i in ONES}
    folder = str(digits_folder(tmp_path / "digits", 600, wrong))
    plain = dx.load("digits-cnn").prepared
    low, high = plain.value_range
    how = {"mean": -low / (high - low), "std": 1 / (high - low)}  # so that it sees the same input
    one, three = (dx.calibration(wrapped(Sharp(f), **how), folder, count=600) for f in (1.0, 3.0))
    assert three.temperature == pytest.approx(3 * one.temperature, rel=0.01)
    assert three.after.nll == pytest.approx(one.after.nll, rel=0.01)
    assert three.before.nll > one.before.nll
    assert one.accuracy == three.accuracy
    assert one.n + one.fitted == 600


def test_a_text_classifier_on_a_csv(tmp_path: Path) -> None:
    rows = ["text,label"]
    rows += [f"a warm and clever film number {i},positive" for i in range(25)]
    rows += [f"a dull and stupid film number {i},positive" for i in range(5)]
    rows += [f"a dull and stupid film number {i},negative" for i in range(20)]
    file = tmp_path / "texts.csv"
    file.write_text("\n".join(rows))
    found = dx.calibration("sst2-cnn", str(file))
    assert (found.noun, found.data, found.n + found.fitted) == ("texts", "texts of texts.csv", 50)
    assert 0.7 < found.accuracy < 1


def test_logits_are_those_of_one_input_at_a_time() -> None:
    model = dx.load("sst2-cnn")
    texts = ["A warm and clever film.", "dull", "It is what it is, and not a bit more than that."]
    found = [dx.predict(model, text) for text in texts]
    from dlexplain.services.reliability.labelled import TextPart

    part = TextPart("", np.zeros(3, np.int64), model, [model.read(text) for text in texts])
    logits = part.logits(Progress())
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    for row, one in zip(p, found, strict=True):
        known = {score.name.index: score.probability for score in one.scores}
        assert row == pytest.approx([known[0], known[1]], abs=1e-5)


def test_own_pictures_beside_others() -> None:
    progress = Progress()
    found = dx.out_of_distribution("digits-cnn", count=40, progress=progress)
    # Digits are what it was trained on, so they are not among the others.
    assert list(found.sets) == ["shapes", "textures", "gaussian-noise", "uniform-noise"]
    assert found.scores == ("maximum-softmax", "energy", "mahalanobis", "relative-mahalanobis")
    assert len(found.cells) == 16 and {cell.n for cell in found.cells} == {40}
    assert all(cell.auroc_low <= cell.auroc <= cell.auroc_high for cell in found.cells)
    assert found.mean_auroc("energy") > 0.9
    assert {sum(one.counts) for one in found.histograms} == {40}
    assert (found.familiar.n, found.trained) == (359, 1295)
    assert progress.done == progress.planned
    again = OutOfDistribution.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
    assert dx.out_of_distribution("digits-cnn", count=40).cells == found.cells
    assert len(found.to_csv().splitlines()) == 17
    assert found.plot().data


def test_what_is_not_known_is_left_out_and_said(tmp_path: Path) -> None:
    folder = str(digits_folder(tmp_path / "digits", 150))
    found = dx.out_of_distribution(wrapped(Sharp(1.0)), folder, count=30)
    assert found.scores == ("maximum-softmax", "energy")
    assert "Mahalanobis is left out: what the model was trained on is not known" in found.notes[0]
    assert "digits" in found.sets


def test_features_are_what_the_last_layer_is_given() -> None:
    model = dx.load("digits-cnn").prepared
    module = with_features(model)
    x = model.trial(3)
    with torch.inference_mode():
        both, logits = module(x), model.module(x)
    assert both[:, module.width :] == pytest.approx(logits, abs=1e-6)
    last = module.last
    assert torch.allclose(last(both[:, : module.width]), logits, atol=1e-5)
    with pytest.raises(Incompatible, match="no linear layer"):
        with_features(wrapped(Outputs()).prepared)


@pytest.mark.parametrize("name", OUTSIDE)
def test_pictures_from_outside_are_many_different_and_repeatable(name: str) -> None:
    _, make, _ = OUTSIDE[name]
    found = make(6, 20, 3)
    assert found.shape == (6, 20, 20, 3) and found.dtype == np.uint8
    assert len({one.tobytes() for one in found}) == 6
    assert (make(6, 20, 3) == found).all()
    assert (make(6, 20, 4) != found).any()
    assert make(2, 8, 0).shape == (2, 8, 8, 3)


def test_the_quiet_line_is_said_of_what_is_unlike_and_of_nothing_else() -> None:
    model = dx.load("digits-cnn")
    fingerprint = model.prepared.fingerprint
    part = parts_of(model, "", 359, 0).test
    assert isinstance(part, PicturePart)
    own = [dx.predict(model, view) for view in part.views[:60]]
    assert [unlike(one, fingerprint) for one in own] == [""] * 60  # nothing is known yet
    found = dx.out_of_distribution(model, count=40)
    assert found.familiar.score == "energy"
    told = [unlike(one, fingerprint) for one in own]
    assert sum(map(bool, told)) <= 8  # 1 of 20 is expected
    noise = OUTSIDE["textures"][1](30, SIDE, 9)
    lines = [unlike(dx.predict(model, one), fingerprint) for one in noise]
    assert sum(map(bool, lines)) >= 25
    assert next(filter(None, lines)) == (
        "This picture is unlike what digits-cnn was trained on: its energy is higher than that of "
        "99 of 100 test pictures (n = 359)."
    )
    assert unlike(dx.predict(model, noise[0]), "other weights") == ""


def test_the_line_follows_the_thresholds() -> None:
    model = dx.load("digits-cnn")
    fingerprint = model.prepared.fingerprint
    limits = dx.out_of_distribution(model, count=20).familiar
    scores = dx.predict(model, np.zeros((SIDE, SIDE), np.uint8)).scores

    def line(energy: float | None) -> str:
        return unlike(Prediction("", "digits-cnn", scores, energy=energy), fingerprint)

    assert line(None) == ""
    assert line(-limits.unusual) == ""
    assert "95 of 100" in line(-limits.unusual + 1e-6)
    assert "99 of 100" in line(-limits.rare + 1e-6)


def test_the_energy_of_a_prediction_is_that_of_the_score() -> None:
    model = dx.load("digits-cnn")
    part = parts_of(model, "", 5, 0).test
    assert isinstance(part, PicturePart)
    expected = -negative_energy(part.logits(Progress()))
    found = [dx.predict(model, view).energy for view in part.views]
    assert found == pytest.approx(list(expected), abs=1e-4)


def test_shipping_is_for_models_of_the_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = dx.calibration("digits-cnn")
    (tmp_path / "zoo" / "digits-cnn").mkdir(parents=True)
    monkeypatch.setattr(shipped, "zoo_models", lambda: [type("M", (), {"name": "digits-cnn"})])
    file = shipped.ship(found)
    assert file == tmp_path / "zoo" / "digits-cnn" / "calibration.json"
    (tmp_path / "here" / "digits-cnn" / "calibration.json").unlink()
    assert shipped.known(ClassifierCalibration, "digits-cnn") == found
    file.write_text('{"model": "digits-cnn"}')
    assert shipped.known(ClassifierCalibration, "digits-cnn") is None
    monkeypatch.setattr(shipped, "zoo_models", lambda: [])
    with pytest.raises(BadInput, match='"digits-cnn" comes not with dlexplain'):
        shipped.ship(found)


def test_a_job_can_be_cancelled() -> None:
    for ask in (dx.calibration, dx.out_of_distribution):
        with pytest.raises(Cancelled):
            ask("digits-cnn", progress=Progress(cancelled=lambda: True))
    assert shipped.known(ClassifierCalibration, "digits-cnn") is None


@pytest.mark.parametrize(
    ("ask", "kind", "words"),
    [
        (lambda: dx.calibration("nobody"), BadInput, 'unknown model "nobody"'),
        (lambda: dx.calibration("macrodata-lstm"), Incompatible, "has no probabilities of classes"),
        (lambda: dx.calibration("digits-cnn", count=1), BadInput, "count is 1; a whole number"),
        (lambda: dx.calibration("digits-cnn", seed=-1), BadInput, "seed is -1; a whole number"),
        (lambda: dx.calibration("digits-cnn", count=30), BadInput, "30 pictures are too few; 40"),
        (lambda: dx.calibration("digits-cnn", "/no/where"), DataError, "is not there"),
        (lambda: dx.calibration("sst2-cnn", "/no/where.csv"), DataError, "/no/where.csv"),
        (lambda: dx.out_of_distribution("sst2-cnn"), Incompatible, "reads texts"),
        (lambda: dx.out_of_distribution("digits-cnn", count=5), BadInput, "count is 5"),
        (lambda: dx.calibration(wrapped(Outputs())), DataError, "own has no test data here"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    ask: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as found:
        ask()
    assert "\n" not in str(found.value)


def test_bad_data_is_one_sentence(tmp_path: Path) -> None:
    no_truth = tmp_path / "plain"
    digits_folder(no_truth / "all", 5)
    for digit in (no_truth / "all").iterdir():
        for file in digit.iterdir():
            file.rename(no_truth / f"{digit.name}-{file.name}")
    with pytest.raises(DataError, match="lies in a folder named after a class of digits-cnn"):
        dx.calibration("digits-cnn", str(no_truth))
    one_class = digits_folder(tmp_path / "many", 600) / "3"
    (tmp_path / "one").mkdir()
    one_class.rename(tmp_path / "one" / "3")
    with pytest.raises(BadInput, match="all labels are of one class"):
        dx.calibration("digits-cnn", str(tmp_path / "one"))
    with pytest.raises(BadInput, match="NaN or infinity of"):
        bright = np.full((SIDE, SIDE), 255, np.uint8)
        from PIL import Image

        folder = digits_folder(tmp_path / "nan", 60)
        Image.fromarray(bright).save(folder / "1" / "bright.png")
        dx.calibration(wrapped(Outputs()), str(folder))
    csv = tmp_path / "labels.csv"
    csv.write_text("text,label\nfine,good\n")
    with pytest.raises(DataError, match="good"):
        dx.calibration("sst2-cnn", str(csv))
