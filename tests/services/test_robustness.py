"""Robustness over a data set: known truth, what goes on after a stop, masking, bad input."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import dlexplain as dx
import dlexplain.services.attack.robustness as service
from dlexplain.errors import BadInput, Cancelled, DataError, ParamError, UnknownName
from dlexplain.evaluation.calibration import expected_calibration_error
from dlexplain.evaluation.paired import more_often
from dlexplain.explainers.progress import Progress
from dlexplain.figures.robustness import plot_robustness
from dlexplain.results import Robustness
from dlexplain.results.robustness import ANY, card_figures
from dlexplain.results.robustness_words import verdict
from dlexplain.results.words import wilson
from dlexplain.services import keeping
from dlexplain.services.attack.masking import Fooled, flags_of, fooled_at
from dlexplain.services.attack.robustness_shipped import stopped
from dlexplain.services.pictures.models import LoadedModel

SIDE, COUNT = 8, 24
GAIN = 6.0


class Bright(nn.Module):
    """(n, 3, SIDE, SIDE) in [0, 1] -> "dark", "light": twice the logit is GAIN times how far the
    mean is above one half."""

    def forward(self, x: Tensor) -> Tensor:
        above = GAIN * (self.seen(x).mean((1, 2, 3)) - 0.5)
        return torch.stack([-above, above], 1)

    def seen(self, x: Tensor) -> Tensor:
        return x


class Rounded(Bright):
    """The same of values in steps of 1/64: it has gradients, which are 0."""

    def seen(self, x: Tensor) -> Tensor:
        return torch.round(x * 64) / 64


class Saturated(Bright):
    """The same, so sure that cross-entropy has no gradient in float32."""

    def forward(self, x: Tensor) -> Tensor:
        return 1e6 * super().forward(x)


class Broken(Bright):
    """NaN of light pictures."""

    def forward(self, x: Tensor) -> Tensor:
        found = super().forward(x)
        return torch.where(x.mean((1, 2, 3))[:, None] > 0.55, float("nan"), found)


def wrapped(module: nn.Module) -> LoadedModel:
    return dx.wrap(module, classes=["dark", "light"], input_shape=(3, SIDE, SIDE))


LEVELS = [124 + 20 * i // COUNT if i % 2 else 108 + 20 * i // COUNT for i in range(COUNT)]
"""Of plain grey pictures, every second one light by its folder: up to a few lie on the wrong side
of one half, which is 127.5."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("greys")
    for place, level in enumerate(LEVELS):
        folder = root / ("light" if place % 2 else "dark")
        folder.mkdir(exist_ok=True)
        Image.new("RGB", (SIDE, SIDE), (level,) * 3).save(folder / f"{place:03}.png")
    return root


def robust(level: int, light: bool, budget: float) -> bool:
    """By hand: the mean moves by the budget, towards one half."""
    margin = level / 255 - 0.5 if light else 0.5 - level / 255
    return margin > budget + 1e-6


def truth(budget: float) -> float:
    return float(np.mean([robust(v, bool(i % 2), budget) for i, v in enumerate(LEVELS)]))


QUICK: dict[str, Any] = {"count": COUNT, "corruptions": []}


def test_robust_accuracy_is_what_can_be_worked_out_by_hand(data: Path) -> None:
    budgets = [1 / 255, 4 / 255, 8 / 255]
    found = dx.robustness(wrapped(Bright()), str(data), ["fgsm", "pgd"], budgets, **QUICK)
    assert (found.found, found.done, found.labelled) == (COUNT, COUNT, True)
    assert found.clean.value == truth(0.0)
    assert 0 < truth(8 / 255) < truth(1 / 255) <= truth(0.0) < 1  # some are misclassified as is
    for curve in found.attacks:
        assert [e.value for e in curve.accuracy] == [truth(b) for b in budgets], curve.name
    assert found.attacks[1].unbounded is not None
    assert found.attacks[1].unbounded.value == 0
    assert found.attacks[0].unbounded is None  # one step proves nothing there
    low, high = wilson(truth(4 / 255), COUNT)
    accuracy = found.under("pgd", 4 / 255)
    assert accuracy is not None
    assert (accuracy.low, accuracy.high, accuracy.n) == (low, high, COUNT)
    assert found.flags == ()
    dark = found.classes[0]
    assert (dark.label, dark.clean.n) == ("dark", COUNT // 2)
    of_dark = [robust(v, False, 4 / 255) for v in LEVELS[::2]]
    assert dark.attacked[1].value == pytest.approx(np.mean(of_dark))


def test_what_is_fooled_within_less_is_not_asked_again(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dlexplain.attacks import ATTACKS

    asked: list[tuple[float, int]] = []
    fgsm = ATTACKS["fgsm"]
    run = type(fgsm).run

    def counted(self: Any, victim: Any, budget: Any, params: Any, draw: Any) -> Any:
        asked.append((budget.epsilon, len(victim.x)))
        return run(self, victim, budget, params, draw)

    monkeypatch.setattr(type(fgsm), "run", counted)
    budgets = [8 / 255, 2 / 255]
    found = dx.robustness(wrapped(Bright()), str(data), "fgsm", budgets, seed=1, **QUICK)
    assert found.budgets == (2 / 255, 8 / 255)
    total = {b: sum(n for e, n in asked if e == b) for b in found.budgets}
    assert total == {2 / 255: COUNT * truth(0.0), 8 / 255: COUNT * truth(2 / 255)}
    values = [e.value for e in found.attacks[0].accuracy]
    assert values == sorted(values, reverse=True)


def test_all_together_are_at_most_the_least_of_them() -> None:
    found = dx.robustness("digits-cnn", budgets=[16 / 255, 32 / 255], corruptions=[], count=20)
    assert [curve.name for curve in found.attacks] == ["fgsm", "pgd", "square", ANY]
    assert dict(found.attacks[2].params)["queries"] == 200
    *single, every = found.attacks
    for place in range(2):
        least = min(curve.accuracy[place].value or 0.0 for curve in single)
        assert (every.accuracy[place].value or 0.0) <= least
    assert found.attacks[1].unbounded is not None and found.attacks[1].unbounded.value == 0
    assert verdict(found).startswith("digits-cnn gets ")
    told = f"right whichever of 3 attacks is made: {every.accuracy[0]} within 16/255 in L∞"
    assert told in verdict(found)
    drawn = plot_robustness(found)
    lines = {trace.name: trace for trace in drawn.data}
    assert drawn.data[0].name == every.title  # beneath the others, and wide enough to be seen there
    assert lines[every.title].line.width > 2 * lines["PGD"].line.width
    assert list(lines[every.title].y) == [found.clean.value, *(e.value for e in every.accuracy)]


@pytest.mark.parametrize("module", [Rounded, Saturated])
def test_hidden_gradients_are_flagged(module: Callable[[], nn.Module], data: Path) -> None:
    asked: dict[str, Any] = {"attacks": ["pgd", "square"], "budgets": [8 / 255], **QUICK}
    found = dx.robustness(wrapped(module()), str(data), **asked)
    assert "masked" in [flag.name for flag in found.flags]
    told = next(flag.told for flag in found.flags if flag.name == "masked")
    assert "Square, which sees scores alone, fools" in told
    assert "8/255 in L∞" in told
    plain = dx.robustness(wrapped(Bright()), str(data), **asked)
    assert "masked" not in [flag.name for flag in plain.flags]


def test_what_resists_any_change_is_flagged(data: Path) -> None:
    found = dx.robustness(wrapped(Saturated()), str(data), "pgd", [4 / 255], **QUICK)
    assert found.attacks[0].unbounded is not None
    left = round((found.attacks[0].unbounded.value or 0) * COUNT)
    assert left > 0
    right = round((found.clean.value or 0) * COUNT)
    assert [flag.name for flag in found.flags] == ["unbounded"]
    assert f"Of {right} pictures {left} resist PGD" in found.flags[0].told


def test_signs_are_of_pairs_and_significant() -> None:
    n = 30
    none, some, few = np.zeros((1, n), bool), np.zeros((1, n), bool), np.zeros((1, n), bool)
    some[0, :8], few[0, :3] = True, True

    def flags(square: Any, pgd: Any, fgsm: Any = none) -> list[str]:
        attacks = [
            Fooled("fgsm", "FGSM", True, False, fgsm),
            Fooled("pgd", "PGD", True, True, pgd, 0),
            Fooled("square", "Square", False, False, square),
        ]
        return [flag.name for flag in flags_of(attacks, "linf", [8 / 255], "pictures")]

    assert flags(some, none) == ["masked"]
    assert flags(few, none) == []  # 3 to 0: p = 1/8
    assert flags(some, some) == []
    assert flags(none, none, some) == ["one-step"]
    assert flags(some, none, some) == ["one-step"]  # the best by gradients is as good as Square
    assert more_often(some[0], few[0]) == (5, 0, pytest.approx(1 / 32))
    assert more_often(few[0], some[0]) == (0, 5, 1.0)
    assert more_often(none[0], none[0]).p == 1.0
    assert fooled_at(np.array([-1, 0, 1]), 2).tolist() == [[0, 1, 0], [0, 1, 1]]


def test_calibration_by_hand() -> None:
    sure, right = np.array([0.9, 0.8, 0.3, 0.3]), np.array([1, 1, 0, 1], bool)
    # Of two bins: (2 / 4) |1 - 0.85| + (2 / 4) |0.5 - 0.3|
    assert expected_calibration_error(sure, right, 2) == pytest.approx(0.175)
    assert expected_calibration_error(np.ones(3), np.ones(3, bool)) == 0


def test_corruptions_of_a_picture_that_they_move_are_as_the_model_says(data: Path) -> None:
    """Brightness adds the published constants to a grey picture's value, and so to its mean."""
    asked: dict[str, Any] = {"corruptions": "brightness", "severities": [1, 2], "count": COUNT}
    found = dx.robustness(wrapped(Bright()), str(data), [], **asked)
    assert found.attacks == () and found.budgets == ()
    for score, constant in zip(found.corruptions, (0.05, 0.10), strict=True):
        moved = [round(v + 255 * constant) > 127.5 for v in LEVELS]
        right = [now == bool(i % 2) for i, now in enumerate(moved)]
        assert score.accuracy.value == np.mean(right)
    assert found.corrupted.value == pytest.approx(
        np.mean([score.accuracy.value for score in found.corruptions])
    )
    assert [level.severity for level in found.severities] == [0, 1, 2]
    assert found.severities[1].accuracy.value == found.corruptions[0].accuracy.value
    assert found.severities[1].ece.value == pytest.approx(found.corruptions[0].ece)


def test_maps_of_a_linear_model_stay_alike(data: Path) -> None:
    """A gradient that is the same everywhere says the same of every picture."""
    names = ["a", "b", "c"]
    weight = torch.randn(3, 3 * SIDE * SIDE, generator=torch.Generator().manual_seed(0))

    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(weight)

        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(1) @ self.weight.T

    model = dx.wrap(Linear(), classes=names, input_shape=(3, SIDE, SIDE))
    folder = data / "dark"  # in no folder of its classes, so what it says counts as right
    asked: dict[str, Any] = {"corruptions": "gaussian-noise", "severities": 3, "count": 6}
    found = dx.robustness(model, str(folder), [], **asked)
    assert not found.labelled and found.clean.value == 1.0
    assert "what the model says of a picture as it is counts as right" in found.notes[0]
    assert verdict(found).startswith("What ")
    if found.map_method:
        assert found.corruptions[0].map_correlation.value in (None, pytest.approx(1.0))


class Stop(Exception):
    """Ends a job in its middle."""


def without_date(found: Robustness) -> dict[str, Any]:
    return {k: v for k, v in found.to_dict().items() if k not in ("date", "command")}


@pytest.mark.parametrize("error", [Stop("a fault"), Cancelled("the user stopped it")])
def test_what_was_stopped_goes_on_as_if_nothing_had_been(
    error: Exception, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "TELL_SECONDS", 0.0)
    asked: dict[str, Any] = {
        "attacks": ["pgd", "square"], "budgets": [2 / 255, 6 / 255], "count": COUNT,
        "corruptions": ["fog", "gaussian-noise"], "severities": [1],
    }  # fmt: skip
    model, add = wrapped(Bright()), service._Job._add
    whole = dx.robustness(model, str(data), out=tmp_path / "whole", **asked)
    done: list[Any] = []

    def stopping(self: Any, *given: Any) -> None:
        if len(done) >= 7:
            raise error
        done.append(given)
        add(self, *given)

    told: list[Robustness] = []
    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(service._Job, "_add", stopping)
        with pytest.raises(type(error)):
            dx.robustness(model, str(data), out=out, tell=told.append, **asked)
    assert told[-1].done == 10 < told[-1].found == COUNT  # of the block that is whole
    with pytest.raises(BadInput, match="has answers of an earlier job; resume it"):
        dx.robustness(model, str(data), out=out, **asked)
    with pytest.raises(BadInput, match="its budgets were others"):
        other = {**asked, "budgets": [3 / 255]}
        dx.robustness(model, str(data), out=out, resume=True, **other)
    progress = Progress()
    found = dx.robustness(model, str(data), out=out, resume=True, progress=progress, **asked)
    assert without_date(found) == without_date(whole)
    assert progress.done == progress.planned == COUNT * 5
    lines = [json.loads(line) for line in (out / "answers.jsonl").read_text().splitlines()]
    assert len({(line["key"], line["first"]) for line in lines}) == len(lines) == 3 * 5


def test_the_home_folder_keeps_what_was_stopped(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, done = service._Job._add, []

    def stopping(self: Any, *given: Any) -> None:
        if len(done) >= 2:
            raise Cancelled("stopped")
        done.append(given)
        add(self, *given)

    asked: dict[str, Any] = {"attacks": ["fgsm"], "budgets": [9 / 255], "count": 31, "seed": 5}
    with monkeypatch.context() as patched:
        patched.setattr(service._Job, "_add", stopping)
        with pytest.raises(Cancelled):
            dx.robustness("digits-cnn", **asked)
    left = next(one for one in stopped("digits-cnn") if one.seed == 5)
    assert (left.attacks, left.budgets, left.corruptions) == (("fgsm",), (9 / 255,), None)
    assert (left.count, left.done, left.answers) == (31, 20, 31 * (2 + 45))
    assert stopped("mnist-cnn") == ()


def test_a_result_is_json_and_back_and_csv_and_on_the_card() -> None:
    budgets = [2 / 255, 8 / 255]
    found = dx.robustness(
        "digits-cnn", budgets=budgets, count=12, corruptions=["fog", "jpeg"], severities=[2]
    )
    told = json.loads(json.dumps(found.to_dict()))
    assert Robustness.from_dict(told) == found
    rows = found.to_csv().splitlines()
    assert rows[0] == "model,data,what,name,norm,budget,severity,metric,value,low,high,n"
    assert sum(",fog," in row for row in rows) == 3
    names = [name for name, _ in card_figures(found)]
    assert names == [
        "as they are", "FGSM, 2/255 in L∞", "FGSM, 8/255 in L∞", "PGD-20, 8/255 in L∞",
        "Square, 8/255 in L∞", "corrupted, mean",
    ]  # fmt: skip
    assert len(found.plot().data) == 4
    for damaged in ({}, {**told, "attacks": [{"name": "x"}]}, {**told, "clean": 3}):
        with pytest.raises(BadInput, match="this is no result on robustness"):
            Robustness.from_dict(damaged)


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"count": 0}, BadInput, "count is 0; a whole number from 3"),
        ({"count": 2.5}, BadInput, "count is 2.5; a whole number"),
        ({"seed": -1}, BadInput, "seed is -1; a whole number from 0 "),
        ({"budgets": 0}, BadInput, "the budget is 0; it has to be above 0"),
        ({"budgets": [8]}, BadInput, "the budget is 8; .* at most 1, such as"),
        ({"budgets": [float("nan")]}, BadInput, "the budget is nan"),
        ({"budgets": []}, BadInput, "0 budgets are given; 1 to 16"),
        ({"attacks": "pdg"}, UnknownName, 'unknown attack "pdg".*did you mean "pgd"'),
        ({"attacks": ["carlini-wagner"]}, BadInput, "keeps no budget in L∞"),
        ({"corruptions": ["fgo"]}, UnknownName, 'unknown corruption "fgo".*did you mean "fog"'),
        ({"severities": [6]}, BadInput, "severity is 6; a whole number from 1 to 5"),
        ({"attacks": [], "corruptions": []}, BadInput, "neither an attack nor a corruption"),
        ({"data": "/nowhere"}, DataError, "/nowhere is not there"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    asked: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        dx.robustness("digits-cnn", **asked)


def test_models_and_data_that_cannot_be_measured(data: Path) -> None:
    with pytest.raises(BadInput, match=r"says NaN or infinity of \d+ of \d+ pictures"):
        dx.robustness(wrapped(Broken()), str(data), **QUICK)
    with pytest.raises(DataError, match=r"none of the classes dark, light is one of digits-cnn"):
        dx.robustness("digits-cnn", str(data))
    with pytest.raises(BadInput, match="over a data set; this model is none"):
        dx.robustness("mnist-vae")
    with pytest.raises(DataError, match="is not here: .*; or give other pictures as data"):
        dx.robustness("cifar10-cnn")
    with pytest.raises(ParamError, match="severity"):
        from dlexplain.corruptions.base import corrupt

        corrupt(np.zeros((8, 8, 3), np.uint8), "fog", 9)
