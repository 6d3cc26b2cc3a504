"""Comparing two models' reasons: maps made by hand, what goes on after a stop, bad input."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr
from torch import Tensor, nn

import dlexplain as dx
import dlexplain.services.comparing.comparing as service
from dlexplain.errors import BadInput, Cancelled, DataError, Incompatible, UnknownName
from dlexplain.evaluation.agreement import alike
from dlexplain.evaluation.intervals import bootstrap_mean
from dlexplain.execution import paths
from dlexplain.explainers.progress import Progress
from dlexplain.results import ModelComparison
from dlexplain.results.model_comparison import PackedMap
from dlexplain.results.model_comparison_words import beyond_control, check_limit, exceeds, verdict
from dlexplain.results.words import wilson
from dlexplain.services import keeping
from dlexplain.services.comparing.shipped import made_here, stopped
from dlexplain.services.comparing.table import change_of
from dlexplain.services.comparing.texts import of_words
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.settings import settings
from tests.trained import digits_run

SIDE, COUNT = 8, 10
CLASSES = ("dark", "light")


class Linear(nn.Module):
    """Twice the logit of "light" is w · x + bias, so input x gradient is w * x at each place."""

    def __init__(self, weight: Tensor, bias: float = 0.0) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), bias

    def forward(self, x: Tensor) -> Tensor:
        light = x.flatten(1) @ self.weight.flatten() + self.bias
        return torch.stack([-light, light], 1)


def weights(seed: int) -> Tensor:
    return torch.randn(3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def wrapped(
    weight: Tensor, bias: float = 0.0, classes: Sequence[str] = CLASSES, name: str = "module"
) -> LoadedModel:
    side = weight.shape[-1]
    return dx.wrap(Linear(weight, bias), classes, (3, side, side), name=name)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of noise in the folders of two classes."""
    root, draw = tmp_path_factory.mktemp("noise"), np.random.default_rng(0)
    for place in range(COUNT):
        folder = root / CLASSES[place % 2]
        folder.mkdir(exist_ok=True)
        pixels = draw.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{place:03}.png")
    return root


ASKED: dict[str, Any] = {"method": "input-x-gradient", "count": COUNT}


def test_maps_by_hand() -> None:
    a = np.array([4.0, 3.0, 2.0, 1.0])
    assert alike(a, a.copy()) == (1.0, 1.0)
    assert alike(a, 7 * a + 1) == (1.0, 1.0)  # the same order
    # The same places are marked, for and against.
    assert alike(a, -a) == (pytest.approx(-1.0), 1.0)
    b = np.array([3.0, 4.0, 2.0, 1.0])
    # ρ = 1 - 6 Σd² / (n (n² - 1)) = 1 - 6 · 2 / 60; the most marked place is another one
    assert alike(a, b) == (pytest.approx(0.8), 0.0)
    draw = np.random.default_rng(1)
    one, other = draw.normal(size=(2, 40))
    other += one
    found, top = alike(one, other)
    assert found == pytest.approx(spearmanr(one, other).statistic)
    four = [set(np.argsort(-np.abs(m))[:4].tolist()) for m in (one, other)]
    assert top == pytest.approx(len(four[0] & four[1]) / 4)
    for bad in (np.zeros(4), np.array([1.0, np.nan, 2.0, 3.0])):
        assert np.isnan(alike(a, bad)).all()
    assert np.isnan(alike(a[:1], a[:1])).all()


def test_a_model_is_exactly_like_itself(data: Path) -> None:
    found = dx.compare_models(wrapped(weights(0)), wrapped(weights(0)), str(data), **ASKED)
    assert (found.done, found.control_kind) == (COUNT, "none")
    for one in found.examples:
        assert (one.spearman, one.top, one.drift) == (1.0, 1.0, 0.0)
    assert (found.drift.value, found.drift.low, found.drift.high) == (0.0, 0.0, 0.0)
    assert found.same.value == 1.0
    same = dx.compare_models("digits-cnn", "digits-cnn", count=6)
    assert (same.method, same.drift.value, same.top.value) == ("grad-cam", 0.0, 1.0)


def test_drift_and_flips_are_what_can_be_worked_out_by_hand(data: Path) -> None:
    first, second, third = weights(0), weights(1), weights(0) + 0.1 * weights(2)
    models = [wrapped(w, name=n) for w, n in ((first, "a"), (second, "b"), (third, "c"))]
    found = dx.compare_models(*models[:2], str(data), models[2], **ASKED)
    assert (found.model, found.other, found.control) == ("a", "b", "c")
    kinds: dict[str, int] = {}
    drifts, controls = [], []
    for one in found.examples:
        folder = next(data.glob(f"*/{Path(one.name).name}"))
        x = torch.from_numpy(np.asarray(Image.open(folder)).copy()).permute(2, 0, 1) / 255
        sign = 1 if folder.parent.name == "light" else -1
        maps = [(sign * 4 * w * x).sum(0).flatten().numpy() for w in (first, second, third)]
        drifts.append(1 - spearmanr(maps[0], maps[1]).statistic)
        controls.append(1 - spearmanr(maps[0], maps[2]).statistic)
        assert one.drift == pytest.approx(drifts[-1], abs=1e-3)
        assert one.label == one.target == folder.parent.name
        said = [CLASSES[int((w * x).sum() > 0)] for w in (first, second, third)]
        assert list(one.said) == said
        right = [s == one.label for s in said]
        change = {(True, True): "both", (True, False): "lost", (False, True): "gained",
                  (False, False): "wrong"}[right[0], right[1]]  # fmt: skip
        assert one.change == change
        kinds[change] = kinds.get(change, 0) + 1
    assert found.drift.value == pytest.approx(np.mean(drifts), abs=1e-3)
    values = np.array([one.drift for one in found.examples])
    _, low, high = bootstrap_mean(values)
    assert (found.drift.low, found.drift.high) == (low, high)
    gaps = np.array([(one.drift or 0) - (one.control_drift or 0) for one in found.examples])
    assert found.beyond.value == pytest.approx(gaps.mean())
    assert found.beyond.value == pytest.approx(np.mean(drifts) - np.mean(controls), abs=1e-3)
    assert (found.beyond.low or 0) > 0
    assert "more [" in beyond_control(found)
    for change in found.changes:
        assert change.count == kinds.get(change.name, 0)
        share = change.count / COUNT
        assert (change.share.low, change.share.high) == wilson(share, COUNT)
    assert [one.drift for one in found.lost_most] == sorted(values, reverse=True)
    assert {one.label for one in found.classes} == set(CLASSES)
    places = {one.place for one in found.shown}
    assert {one.place for one in found.lost_most[:6]} <= places
    kept = found.shown[0].maps[1].map
    assert kept.shape == (SIDE, SIDE)
    assert np.abs(kept).mean() == pytest.approx(1, abs=1e-2)  # each map over its own mean size


def test_other_sides_other_orders_and_no_labels(data: Path) -> None:
    """A linear model of half the side, whose weights are the same over 2 x 2 places."""
    small = weights(5)[:, : SIDE // 2, : SIDE // 2]
    large = small.repeat_interleave(2, 1).repeat_interleave(2, 2)
    first = wrapped(large, name="large")
    # As twice the logit counts 4 times as many places there.
    second = wrapped(-small, classes=CLASSES[::-1], name="small")
    found = dx.compare_models(first, second, str(data / "light"), **{**ASKED, "count": 4})
    assert not found.labelled
    assert [change.name for change in found.changes] == ["same", "apart"]
    assert found.shown[0].maps[1].shape == (SIDE // 2, SIDE // 2)
    # Its own view of noise is a mean of four pixels, so a map is about that of the large one.
    assert (found.spearman.value or 0) > 0.9
    assert "what large says" in verdict(found)


def test_changes_of_class() -> None:
    told = [change_of(0, 0, 0), change_of(0, 0, 1), change_of(0, 1, 0), change_of(0, 1, 1)]
    assert told == ["both", "lost", "gained", "wrong"]
    assert [change_of(0, 1, 2), change_of(None, 1, 1), change_of(None, 1, 2)] == [
        "other", "same", "apart",
    ]  # fmt: skip
    assert change_of(None, None, None) == ""


def test_a_method_that_draws_is_its_own_control(data: Path) -> None:
    asked: dict[str, Any] = {"method": "smoothgrad", "count": 4}
    model = wrapped(weights(0))
    found = dx.compare_models(model, wrapped(weights(1)), str(data), **asked)
    assert found.control_kind == "random"
    assert "own random draws move the maps" in beyond_control(found)
    # The gradient of a linear model is the same whatever the noise.
    assert found.control_drift.value == pytest.approx(0, abs=1e-6)
    cnn = dx.compare_models("digits-cnn", "digits-cnn", **asked)
    assert cnn.drift.value == 0  # the same draws
    assert 0 < (cnn.control_drift.value or 0) < 0.5  # others


def test_texts_of_other_tokenisers_are_compared_by_words(tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_text(
        "text,label\na warm and clever film,positive\nit isn't-good at all,negative\n"
        "dull unwatchable nonsense,negative\n"
    )
    found = dx.compare_models("sst2-cnn", "sst2-lstm-attention", str(file), count=3)
    assert found.labelled and found.done == 3
    for shown in found.shown:
        words = found.examples[shown.place].name.split()
        assert all(list(one.words) == words for one in shown.maps)
        assert all(one.shape == (len(words),) for one in shown.maps)
    reading = dx.load("sst2-cnn").read("it isn't-good at all")
    assert len(reading.tokens) > 5
    values = np.arange(1.0, len(reading) + 1)
    by_hand = [
        sum(v for v, (start, stop), word in zip(values, reading.offsets, reading.words, strict=True)
            if word >= 0 and first <= start < first + len(told))
        for told, first in (("it", 0), ("isn't-good", 3), ("at", 14), ("all", 17))
    ]  # fmt: skip
    assert of_words(reading, values).tolist() == by_hand
    file.write_text("text\na warm and clever film\nit is dull\nboring\n")
    bare = dx.compare_models("sst2-cnn", "sst2-lstm-attention", str(file), count=3)
    assert not bare.labelled
    assert bare.drift.n == 2  # one word has no order
    assert "Left out of the drift: 1 of 3 texts" in bare.notes[0]


def test_forecasts_are_compared_over_series_and_lags() -> None:
    found = dx.compare_models("macrodata-lstm", "macrodata-transformer", count=4)
    assert (found.modality, found.method, found.changes) == ("series", "integrated-gradients", ())
    one = found.shown[0].maps[0]
    assert one.shape == (len(one.rows), len(one.columns)) == (12, 6)
    assert one.columns[0] == "realgdp"
    same = dx.compare_models("macrodata-lstm", "macrodata-lstm", count=3)
    assert same.drift.value == 0.0
    assert "they say" not in verdict(found)


def test_epochs_of_a_run_are_models() -> None:
    run = digits_run()
    checkpoints = sorted(paths.checkpoint_folder(settings().home, run).glob("*.ckpt"))
    found = dx.compare_models(str(checkpoints[-1]), run, count=4)
    assert found.other == run and found.done == 4
    assert found.model == str(checkpoints[-1])


class Stop(Exception):
    """Ends a job in its middle."""


@pytest.mark.parametrize("error", [Stop("a fault"), Cancelled("the user stopped it")])
def test_what_was_stopped_goes_on_as_if_nothing_had_been(
    error: Exception, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "TELL_SECONDS", 0.0)
    asked: dict[str, Any] = {"method": "smoothgrad", "count": COUNT, "control": None}
    pair = wrapped(weights(0)), wrapped(weights(1))
    whole = dx.compare_models(*pair, str(data), out=tmp_path / "whole", **asked)
    add, done = service._Job._add, []

    def stopping(self: Any, place: int) -> None:
        if len(done) >= 4:
            raise error
        done.append(place)
        add(self, place)

    told: list[ModelComparison] = []
    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(service._Job, "_add", stopping)
        with pytest.raises(type(error)):
            dx.compare_models(*pair, str(data), out=out, tell=told.append, **asked)
    assert told[-1].done == 4 < told[-1].found == COUNT
    with pytest.raises(BadInput, match="has answers of an earlier job; resume it"):
        dx.compare_models(*pair, str(data), out=out, **asked)
    other = {**asked, "method": "saliency"}
    with pytest.raises(BadInput, match="its control is of the kind random, not none"):
        dx.compare_models(*pair, str(data), out=out, resume=True, **other)
    with pytest.raises(BadInput, match="one of its models had other weights"):
        changed = pair[0], wrapped(weights(7))
        dx.compare_models(*changed, str(data), out=out, resume=True, **asked)
    progress = Progress()
    found = dx.compare_models(*pair, str(data), out=out, resume=True, progress=progress, **asked)

    def plain(one: ModelComparison) -> dict[str, Any]:
        return {key: value for key, value in one.to_dict().items() if key != "date"}

    assert plain(found) == plain(whole)
    assert progress.done == progress.planned == COUNT


def test_the_home_folder_keeps_what_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    add = service._Job._add

    def stopping(self: Any, place: int) -> None:
        if place >= 3:
            raise Cancelled("stopped")
        add(self, place)

    asked: dict[str, Any] = {"method": "saliency", "count": 7, "seed": 5}
    with monkeypatch.context() as patched:
        patched.setattr(service._Job, "_add", stopping)
        with pytest.raises(Cancelled):
            dx.compare_models("digits-cnn", "digits-cnn", **asked)
    left = next(one for one in stopped("digits-cnn", "digits-cnn") if one.seed == 5)
    assert (left.method, left.count, left.done, left.found) == ("saliency", 7, 3, 7)
    assert stopped("digits-cnn", "mnist-cnn") == ()
    found = dx.compare_models("digits-cnn", "digits-cnn", **asked)
    assert found in made_here("digits-cnn", "digits-cnn")
    assert made_here("digits-cnn", "mnist-cnn") == ()


def test_a_result_is_json_and_back_and_csv_and_draws(data: Path) -> None:
    found = dx.compare_models(
        wrapped(weights(0)), wrapped(weights(1)), str(data), wrapped(weights(2)), **ASKED
    )
    told = json.loads(json.dumps(found.to_dict()))
    assert ModelComparison.from_dict(told) == found
    rows = found.to_csv().splitlines()
    assert len(rows) == COUNT + 1
    assert rows[0].startswith("model,other,control,method,example,name,label,target,change")
    assert len(found.plot().data) == 4
    broken = {**told, "shown": [{**told["shown"][0], "picture": "AAAA"}]}
    for damaged in ({}, {**told, "drift": 3}, broken):
        with pytest.raises(BadInput, match="this is no comparison of models"):
            ModelComparison.from_dict(damaged)


def test_a_map_is_kept_over_its_own_mean() -> None:
    values = np.array([[1.0, -3.0], [0.0, 4.0]])
    kept = PackedMap.of("m", values)
    np.testing.assert_allclose(kept.map, values / 2, rtol=1e-3)
    np.testing.assert_allclose(PackedMap.of("m", 1000 * values).map, kept.map)
    assert not PackedMap.of("m", np.zeros((2, 2))).map.any()


def test_the_limit(data: Path) -> None:
    found = dx.compare_models(wrapped(weights(0)), wrapped(weights(1)), str(data), **ASKED)
    mean = found.drift.value or 0.0
    assert exceeds(found, mean - 0.01)[0]
    assert not exceeds(found, mean)[0]  # at the limit is not above it
    above, told = exceeds(found, 0.0)
    assert above and told.startswith(f"drift {mean:.2f} [") and told.endswith("above the limit 0")
    assert "which lies in its interval" in exceeds(found, mean - 1e-6)[1]
    for bad in (-0.1, 2.1, float("nan")):
        with pytest.raises(BadInput, match="a number from 0, the same order, to 2"):
            check_limit(bad)


@pytest.mark.parametrize(
    ("models", "error", "said"),
    [
        (("digits-cnn", "cifar10-cnn"), Incompatible,
         "digits-cnn and cifar10-cnn have other classes .0, 1, 2, 3, 4 and 5 more; airplane, "),
        (("digits-cnn", "sst2-cnn"), Incompatible, "explains a picture and sst2-cnn a text"),
        (("macrodata-lstm", "fred-lstm"), Incompatible, "forecasts realgdp, which fred-lstm does"),
        (("mnist-vae", "digits-cnn"), BadInput, "mnist-vae has no maps to compare"),
        (("digits-cnn", "nobody"), UnknownName, 'unknown model "nobody"'),
    ],
)  # fmt: skip
def test_models_that_are_not_of_one_task(
    models: tuple[str, str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        dx.compare_models(*models, count=3)
    with pytest.raises(error, match=said):
        dx.compare_models(models[0], models[0], control=models[1], count=3)


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"count": 2}, BadInput, "count is 2; a whole number from 3"),
        ({"count": 2.5}, BadInput, "count is 2.5; a whole number"),
        ({"seed": -1}, BadInput, "seed is -1; a whole number from 0 "),
        ({"method": "gradcam"}, UnknownName, 'did you mean "grad-cam"'),
        ({"method": "attention-rollout"}, Incompatible, "does not suit digits-cnn"),
        ({"data": "/nowhere"}, DataError, "/nowhere is not there"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    asked: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        dx.compare_models("digits-cnn", "digits-cnn", **asked)
