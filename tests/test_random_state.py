"""No public function moves the random numbers that its caller gets afterwards."""

import io
import random
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import dlexplain as dx
from dlexplain.data.samples import sample_path
from dlexplain.explainers.drawing import numpy_seed, random_state_kept
from dlexplain.services.compress.exports import new_file
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.loading import kept
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.texts.models import TextModel
from dlexplain.services.translation.models import LoadedTranslator
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.settings import settings
from tests.services.test_wrapping_objects import CLASSES, SIDE, Detector, Segmenter
from tests.trained import filmed_run

TEXT = "a dull film"
PICTURE = str(sample_path("coffee"))
QUICK = {
    "gradient-shap": {"samples": 10, "baselines": 2}, "lime": {"samples": 12},
    "shap-partition": {"evaluations": 10}, "integrated-gradients": {"steps": 4, "tolerance": 0},
    "sobol": {"designs": 8}, "hsic": {"samples": 4},
}  # fmt: skip
OF_PICTURES = {
    "integrated-gradients": {"steps": 2, "tolerance": 0}, "smoothgrad": {"samples": 1},
    "vargrad": {"samples": 2}, "expected-gradients": {"samples": 10, "baselines": 1},
    "score-cam": {"channels": 1}, "ablation-cam": {"channels": 1},
    "occlusion": {"window": 8, "stride": 8},
    "superpixel-ablation": {"regions": 4}, "rise": {"samples": 2},
    "sobol": {"designs": 8, "grid": 2}, "hsic": {"samples": 4},
    "lime": {"samples": 12, "regions": 4}, "kernel-shap": {"samples": 20, "regions": 4},
    "shap-partition": {"evaluations": 10},
}  # fmt: skip
OWN = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 2))
NOT_CALLED = {
    "AttackResult", "AttentionMaps", "Attribution", "Box", "CertifiedAccuracy",
    "ClassifierCalibration", "ClassName", "ClassScore", "Compression", "Detection",
    "DlexplainError", "Film",
    "OutOfDistribution", "Picture", "PictureAttention", "Prediction", "Progress", "Region",
    "Report", "RunRecord", "RunSpec", "Segmentation", "SeriesAttackResult", "TextAttackResult",
    "compress", "methods", "models", "read_picture", "read_sample", "run", "runs", "show", "Sweep",
    "sweep", "train",
}  # fmt: skip
"""Classes, listings and readers, which draw nothing; a training has a process of its own, a
dashboard serves until it is stopped."""


def fresh(kind: type[Any], name: str) -> Callable[[], Any]:
    """Loading anew: a network draws its first weights then."""

    def call() -> Any:
        kept(kind).cache_clear()
        return dx.load(name)

    return call


CALLS: dict[str, Callable[[], Any]] = {
    "load digits-cnn": fresh(LoadedModel, "digits-cnn"),
    "load sst2-cnn": fresh(TextModel, "sst2-cnn"),
    "load ptb-rnn": fresh(LoadedLanguageModel, "ptb-rnn"),
    "load macrodata-lstm": fresh(LoadedForecaster, "macrodata-lstm"),
    "load mnist-vae": fresh(LatentModel, "mnist-vae"),
    "load dates-gru-attention": fresh(LoadedTranslator, "dates-gru-attention"),
    "predict a picture": lambda: dx.predict(dx.load("digits-cnn"), PICTURE),
    "predict a text": lambda: dx.predict(dx.load("sst2-cnn"), TEXT),
    "attention": lambda: dx.attention("sst2-transformer", TEXT),
    "generate": lambda: dx.generate("ptb-rnn", "the", count=3),
    "forecast": lambda: dx.forecast("macrodata-lstm"),
    "backtest": lambda: dx.backtest("macrodata-lstm"),
    "explain a series": lambda: dx.explain("macrodata-lstm"),
    "translate": lambda: dx.translate("dates-gru-attention", "5 may 1999"),
    "cross_attention": lambda: dx.cross_attention(*translated()),
    "explain a translation": lambda: dx.explain("dates-gru-attention", "5 may 1999", target=1),
    "explain a token": lambda: dx.explain("ptb-rnn", TEXT, "input-x-gradient"),
    "predict tokens": lambda: dx.predict("ptb-rnn", TEXT),
    "reconstruct": lambda: dx.reconstruct("mnist-vae", PICTURE),
    "sample": lambda: dx.sample("mnist-gan", count=2),
    "layers": lambda: dx.layers("digits-cnn"),
    "feature_maps": lambda: dx.feature_maps("digits-cnn", PICTURE, first_convolution()),
    "maximise_activation": lambda: dx.maximise_activation(
        "digits-cnn", first_convolution(), 0, steps=8
    ),
    "receptive_field": lambda: dx.receptive_field("digits-cnn", first_convolution()),
    "step_through": lambda: dx.step_through("digits-cnn", PICTURE, first_convolution(), 0, 1, 1),
}
for _method in (*QUICK, "leave-one-out", "input-x-gradient", "lrp"):
    CALLS[f"explain a text, {_method}"] = lambda method=_method: dx.explain(  # type: ignore[misc]
        dx.load("sst2-cnn"), TEXT,
        method, **QUICK.get(method, {}),
    )  # fmt: skip
for _method in (*OF_PICTURES, "grad-cam", "deeplift", "lrp"):
    CALLS[f"explain a picture, {_method}"] = lambda method=_method: dx.explain(  # type: ignore[misc]
        dx.load("digits-cnn"), PICTURE, method, **OF_PICTURES.get(method, {})
    )


CALLS["report"] = lambda: dx.report(
    dx.explain("digits-cnn", PICTURE, "saliency"), to=new_folder().parent / "report.html"
)
CALLS["explain_folder"] = lambda: dx.explain_folder(
    "digits-cnn", zipped(PICTURE), "lime", **OF_PICTURES["lime"]
)
CALLS["explain_many"] = lambda: dx.explain_many(
    "digits-cnn", zipped(PICTURE), "lime", out=new_folder(), **OF_PICTURES["lime"]
)
CALLS["attack_many"] = lambda: dx.attack_many(
    "digits-cnn", zipped(PICTURE), "square", out=new_folder(), queries=10
)
CALLS["quality_many"] = lambda: dx.quality_many(
    "digits-cnn", zipped(PICTURE), "lime", ("deletion", "noise"), out=new_folder(),
    params={"lime": OF_PICTURES["lime"]},
)  # fmt: skip
CALLS["quality"] = lambda: dx.quality(
    dx.load("digits-cnn"), PICTURE, dx.explain("digits-cnn", PICTURE, "saliency")
)
CALLS["attack"] = lambda: dx.attack(dx.load("digits-cnn"), PICTURE, "square", queries=10)
CALLS["attack a text"] = lambda: dx.attack(dx.load("sst2-cnn"), TEXT, "character-swaps", queries=20)
CALLS["attack a series"] = lambda: dx.attack(dx.load("macrodata-lstm"), draws=10)
CALLS["robustness"] = lambda: dx.robustness(
    "digits-cnn", attacks="square", corruptions="fog", severities=1, count=3
)
CALLS["compare_models"] = lambda: dx.compare_models(
    "digits-cnn", "digits-cnn", method="smoothgrad", count=3
)
CALLS["calibration"] = lambda: dx.calibration("digits-cnn")
CALLS["out_of_distribution"] = lambda: dx.out_of_distribution("digits-cnn", count=20)
CALLS["smoothing"] = lambda: dx.smoothing("digits-cnn", count=3, samples=20, first=10)
CALLS["privacy"] = lambda: dx.privacy("digits-cnn", count=50)
CALLS["measure_compression"] = lambda: dx.measure_compression(
    "digits-cnn", "digits-cnn", turns=1, limit=1
)
CALLS["export"] = lambda: dx.export("digits-cnn", new_file("digits-cnn", "pt2"))
CALLS["trust"] = lambda: dx.trust("digits-cnn", methods=("kernel-shap", "saliency"), count=3)
CALLS["film"] = lambda: dx.film(filmed_run(), PICTURE)
CALLS["wrap"] = lambda: dx.wrap(OWN, ["a", "b"], (1, 8, 8))
# Made here: their first weights are drawn from a seed of their own.
DETECTOR, SEGMENTER, SQUARE = Detector(), Segmenter("tensor"), (3, SIDE, SIDE)
CALLS["wrap_detector"] = lambda: dx.wrap_detector(DETECTOR, CLASSES, SQUARE)
CALLS["wrap_segmenter"] = lambda: dx.wrap_segmenter(SEGMENTER, CLASSES, SQUARE)
CALLS["predict boxes"] = lambda: dx.predict(dx.wrap_detector(DETECTOR, CLASSES, SQUARE), PICTURE)
CALLS["predict regions"] = lambda: dx.predict(
    dx.wrap_segmenter(SEGMENTER, CLASSES, SQUARE), PICTURE
)
CALLS["explain a box"] = lambda: dx.explain(
    dx.wrap_detector(DETECTOR, CLASSES, SQUARE), PICTURE, "d-rise", samples=2
)
CALLS["explain a region"] = lambda: dx.explain(
    dx.wrap_segmenter(SEGMENTER, CLASSES, SQUARE), PICTURE, "grad-cam"
)


def translated() -> tuple[Any, Any]:
    model = dx.load("dates-gru-attention")
    return model, dx.translate(model, "5 may 1999")


def new_folder() -> Path:
    return Path(tempfile.mkdtemp(dir=settings().home), "many")


def zipped(path: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(path, "coffee.png")
    return buffer.getvalue()


def first_convolution() -> str:
    from dlexplain.services.layers.stepping import convolutions

    return convolutions(dx.load("digits-cnn"))[0]


def drawn() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(1))


def seed() -> None:
    random.seed(5)
    np.random.seed(5)
    torch.manual_seed(5)


@pytest.mark.parametrize("name", CALLS)
def test_it_leaves_the_callers_random_numbers_alone(name: str) -> None:
    if name == "film":
        filmed_run()  # a training in this process draws
    seed()
    expected = drawn()
    seed()
    CALLS[name]()
    assert drawn() == expected


def test_every_public_function_is_asked() -> None:
    assert {name.partition(" ")[0] for name in CALLS} | NOT_CALLED == set(dx.__all__)


def test_shap_draws_from_a_seed_and_gives_the_generator_back() -> None:
    np.random.seed(5)
    expected = float(np.random.rand())
    np.random.seed(5)
    with numpy_seed(0) as done:
        first = float(np.random.rand())
        done()
    assert first == np.random.RandomState(0).rand()
    assert float(np.random.rand()) == expected


def test_the_state_is_given_back_after_an_error_too() -> None:
    seed()
    expected = drawn()
    seed()
    with pytest.raises(ValueError, match="broken"), random_state_kept():
        drawn()
        raise ValueError("broken")
    assert drawn() == expected


def test_a_thread_that_ends_first_does_not_disturb_the_draws_of_another() -> None:
    outer, inner = random_state_kept(), random_state_kept()
    seed()
    expected = drawn()
    seed()
    outer.__enter__()
    inner.__enter__()
    np.random.seed(0)
    outer.__exit__(None, None, None)
    assert float(np.random.rand()) == np.random.RandomState(0).rand()
    inner.__exit__(None, None, None)
    assert drawn() == expected
