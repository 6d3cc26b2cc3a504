"""Tables of trust: known truth, what goes on after a stop, what cannot be asked."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from PIL import Image

import dlexplain as dx
from dlexplain.errors import BadInput, Cancelled, DataError, Incompatible
from dlexplain.evaluation.base import METRICS, Metric, register
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.intervals import bootstrap_mean
from dlexplain.execution import paths
from dlexplain.explainers.base import METHODS, Attributed, Explainer, NoParams
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.progress import Progress
from dlexplain.results import Measurement, TrustTable
from dlexplain.results.trust_words import verdict
from dlexplain.services import keeping
from dlexplain.services.own_data import drawn
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality import shipped as shipping
from dlexplain.services.quality.subjects import subject_of
from dlexplain.services.quality.trust_plan import MOST_EVALUATIONS
from dlexplain.settings import settings
from tests.evaluation.cases import SIDE, LinearPictures, weights_of_pictures

FAST = ("saliency", "input-x-gradient", "grad-cam")
COUNT = 5


class Exact(Explainer[NoParams]):
    """Of a linear model: weights times what the blur takes from each pixel. Formula: w (x - x')."""

    name, title, family = "exact", "Exact", "gradient"
    needs: ClassVar = frozenset({"gradients", "pixels"})
    paper, Params = "https://example.org", NoParams

    def attribute(self, given: ModelInput, params: NoParams) -> Attributed:
        given.progress.plan(1)
        x = given.differentiable()[1]
        sign = 1 if given.target.index == 0 else -1
        given.progress.advance(1)
        return Attributed(sign * weights_of_pictures() * (x - given.plain_baseline("blur", x))[0])


class Drawn(Exact):
    """Noise. Formula: none."""

    name, title = "drawn", "Drawn"

    def attribute(self, given: ModelInput, params: NoParams) -> Attributed:
        x = given.differentiable()[1]
        seed = int(1e6 * float(x.abs().sum())) % 2**31
        return Attributed(torch.randn(x.shape[1:], generator=torch.Generator().manual_seed(seed)))


class Nothing(Exact):
    """Zeros. Formula: 0."""

    name, title = "nothing", "Nothing"

    def attribute(self, given: ModelInput, params: NoParams) -> Attributed:
        return Attributed(torch.zeros(given.differentiable()[1].shape[1:]))


@pytest.fixture
def methods() -> Iterator[None]:
    for kind in (Exact, Drawn, Nothing):
        METHODS.add(kind.name, kind())
    yield
    for kind in (Exact, Drawn, Nothing):
        del METHODS._entries[kind.name]


@pytest.fixture(scope="module")
def linear() -> LoadedModel:
    network = LinearPictures(weights_of_pictures())
    return dx.wrap(network, classes=["for", "against"], input_shape=(3, SIDE, SIDE))


@pytest.fixture
def noise(tmp_path: Path) -> str:
    folder = tmp_path / "noise"
    folder.mkdir()
    for index in range(12):
        pixels = np.random.default_rng(index).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return str(folder)


def without_times(found: TrustTable) -> dict[str, Any]:
    told = found.to_dict()
    for method in told["methods"]:
        for key in ("seconds", "seconds_low", "seconds_high"):
            method.pop(key)
    return {key: value for key, value in told.items() if key != "date"}


@pytest.mark.usefixtures("methods")
def test_of_a_linear_model_the_exact_attribution_is_first_and_noise_last(
    linear: LoadedModel, noise: str
) -> None:
    methods, metrics = ("drawn", "input-x-gradient", "exact"), ("deletion", "insertion")
    found = dx.trust(linear, noise, methods, metrics, count=12)
    assert [m.name for m in found.ranked] == ["exact", "input-x-gradient", "drawn"]
    assert found.recommended == "exact"
    for metric in ("deletion", "insertion"):
        best, chance = found.cell("exact", metric), found.cell("drawn", metric)
        assert best.low is not None and best.low > 0
        assert chance.low is not None and chance.high is not None
        assert best.low > chance.high
    assert verdict(found).startswith("Exact is recommended: its mean rank of 1.")
    assert found.data == "pictures of noise" and found.done == found.found == 12


@pytest.mark.usefixtures("methods")
def test_a_map_that_says_nothing_is_last_and_told(linear: LoadedModel, noise: str) -> None:
    found = dx.trust(linear, noise, ("nothing", "exact"), count=4)
    nothing = found.ranked[-1]
    assert (nothing.name, nothing.rank, nothing.lost) == ("nothing", 2.0, 4)
    cell = found.cell("nothing", "deletion")
    assert (cell.n, cell.mean) == (0, None)
    assert cell.why.startswith("all values of the map are 0")


def test_cells_are_means_of_what_dx_quality_says(tmp_path: Path) -> None:
    found = dx.trust("digits-cnn", methods=FAST, metrics=["deletion"], count=COUNT, out=tmp_path)
    model = dx.load("digits-cnn")
    subject = subject_of(model)
    examples = subject.examples("", COUNT, 0)
    params = dict(next(m.params for m in found.metrics if m.name == "deletion"))
    values = []
    for example in examples.known:
        given = example.ask(Progress())
        method = METHODS["saliency"]
        request = subject.request(method, {})
        explained = method.explain(given, request)
        case = Case(given, torch.from_numpy(explained.values), explained.signed, method, request)
        metric = METRICS["deletion"]
        values.append(metric.judge(case, metric.params(params)).value)
    cell = found.cell("saliency", "deletion")
    assert (cell.mean, cell.low, cell.high) == pytest.approx(
        bootstrap_mean(np.array(values)), abs=1e-6
    )
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert len(lines) == COUNT * len(FAST)
    kept = [line["values"]["deletion"] for line in lines if line["method"] == "saliency"]
    assert kept == pytest.approx(values, abs=1e-6)


def test_a_fresh_process_offers_methods_and_metrics() -> None:
    code = (
        "from dlexplain.services.quality.trust_plan import offered_methods, offered_metrics\n"
        "print('lrp' in offered_methods('picture'), 'deletion' in offered_metrics('series'))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "True"]


def test_fewer_examples_are_the_first_of_more() -> None:
    assert drawn(50, 5, 3) == drawn(50, 20, 3)[:5]
    assert sorted(drawn(7, 100, 0)) == list(range(7))


def test_what_was_stopped_goes_on_and_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "TELL_SECONDS", 0.0)
    whole = dx.trust("digits-cnn", methods=FAST, count=COUNT, out=tmp_path / "whole")
    told: list[TrustTable] = []
    progress = Progress()
    progress.cancelled = lambda: progress.done >= 8
    asked = {"methods": FAST, "count": COUNT, "out": tmp_path / "parts"}
    with pytest.raises(Cancelled):
        dx.trust("digits-cnn", **asked, progress=progress, tell=told.append)
    assert told[-1].done == 2 and told[-1].found == COUNT  # 8 maps of three methods
    assert told[-1].cell("saliency", "deletion").why == "2 values are too few for an interval"
    with (tmp_path / "parts" / "answers.jsonl").open("ab") as file:
        file.write(b'{"place": 2, "met')  # as a kill leaves it
    with pytest.raises(BadInput, match="has answers of an earlier job; resume it"):
        dx.trust("digits-cnn", **asked)
    again = Progress()
    found = dx.trust("digits-cnn", **asked, resume=True, progress=again)
    assert without_times(found) == without_times(whole)
    lines = (tmp_path / "parts" / "answers.jsonl").read_text().splitlines()
    assert len(lines) == COUNT * len(FAST) + 1
    with pytest.raises(BadInput, match="another question: its methods, or their parameters"):
        dx.trust("digits-cnn", methods=FAST[:2], count=COUNT, out=tmp_path / "parts", resume=True)


def test_slow_methods_are_asked_with_less_and_that_is_told() -> None:
    found = dx.trust("digits-cnn", methods=("rise", "saliency", "sobol"), count=3)
    rise, saliency, sobol = found.methods
    assert 200 < rise.evaluations <= MOST_EVALUATIONS and sobol.evaluations <= MOST_EVALUATIONS
    assert rise.note.startswith("With samples 2") and "at most 256 evaluations" in rise.note
    assert saliency.note == ""
    assert rise.params["samples"] == rise.evaluations


@pytest.mark.parametrize(
    ("model", "noun", "said"),
    [("macrodata-lstm", "forecasts", "US economy"), ("digits-cnn", "pictures", "Digits")],
)
def test_every_kind_of_model_has_a_table_by_what_suits_it(model: str, noun: str, said: str) -> None:
    found = dx.trust(model, count=3)
    assert (found.noun, found.done) == (noun, 3) and found.data.startswith(said)
    assert len(found.methods) > 4 and {m.name for m in found.metrics} >= {"deletion", "insertion"}
    assert TrustTable.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert shipping.made_here(model)[0].to_dict() == found.to_dict()


def test_texts_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_text('text\n"a warm and clever film"\n"dull"\n"never good, not even funny"\n""\n')
    asked = ("leave-one-out", "input-x-gradient")
    found = dx.trust("sst2-cnn", str(file), asked, count=10)
    assert (found.noun, found.data, found.found) == ("texts", "texts of texts.csv", 3)
    assert any("A text was left out" in note for note in found.notes)
    # A text of one word has no order, so it counts for no ranking and no mean.
    assert found.cell("leave-one-out", "deletion").n == 2
    assert found.ranking is None and found.recommended == ""
    assert verdict(found) == "No method is recommended: 3 texts give no ranking."


def test_sanity_is_measured_of_few_examples() -> None:
    class Same(Metric[NoParams]):
        """Always 1."""

        name, title, family = "parameter-randomisation", "Parameter randomisation", "sanity"
        higher_is_better, limits, paper, Params = False, (-1.0, 1.0), "", NoParams

        def measure(self, case: Case, params: NoParams) -> Measurement:
            return Measurement(1.0)

    known = METRICS._entries.pop("parameter-randomisation", None)
    register(Same)
    try:
        found = dx.trust("digits-cnn", methods=FAST[:2], count=12, out=None)
    finally:
        del METRICS._entries["parameter-randomisation"]
        if known is not None:
            METRICS.add("parameter-randomisation", known)
    assert found.cell("saliency", "parameter-randomisation").n == 10
    assert found.cell("saliency", "deletion").n == 12
    assert found.fails("saliency") and found.recommended == ""


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"count": 2}, BadInput, "count is 2; a whole number from 3, .* to 10,000"),
        ({"count": 0}, BadInput, "count is 0; a whole number from 3"),
        ({"count": "abc"}, BadInput, "count is 'abc'; a whole number from 3"),
        ({"methods": "lrp"}, BadInput, "methods to compare: lrp; two or more"),
        ({"methods": ["gradcm", "lrp"]}, BadInput, 'unknown method "gradcm".*did you mean'),
        ({"methods": ["lrp"]}, BadInput, "methods to compare: lrp; two or more"),
        (
            {"methods": ["legrad", "lrp"]},
            Incompatible,
            "LeGrad does not suit digits-cnn: the model has no",
        ),
        ({"metrics": ["deletoin"]}, BadInput, 'unknown metric "deletoin".*did you mean "deletion"'),
        ({"data": "/nowhere"}, DataError, "/nowhere is not there"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    asked: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        dx.trust("digits-cnn", **asked)


def test_other_kinds_of_models_are_refused() -> None:
    with pytest.raises(BadInput, match="a LatentModel is not judged over a data set"):
        dx.trust("mnist-vae")
    with pytest.raises(DataError, match="is not here: .*; or give other pictures as data"):
        dx.trust("cifar10-cnn")


def test_too_few_pictures_are_told(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    with pytest.raises(BadInput, match="1 pictures are too few for an interval; 3 are needed"):
        dx.trust("digits-cnn", str(tmp_path))


def test_the_home_folder_keeps_what_has_no_folder_of_its_own() -> None:
    first = dx.trust("digits-cnn", methods=FAST[:2], count=3, seed=7)
    progress = Progress()
    assert without_times(
        dx.trust("digits-cnn", methods=FAST[:2], count=3, seed=7, progress=progress)
    ) == without_times(first)
    kept = list(paths.trust_folder(settings().home).glob("*/trust.json"))
    assert any(json.loads(file.read_text())["seed"] == 7 for file in kept)
