"""Asking by names: the class in any form, the cache, the same numbers everywhere."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import dlexplain as dx
from dlexplain.data.fit import read_fit
from dlexplain.data.samples import sample_path
from dlexplain.errors import Cancelled, TargetError
from dlexplain.explainers.base import methods_for
from dlexplain.services.pictures.bundle import bundle, repeat
from dlexplain.services.pictures.explain import cached
from dlexplain.services.pictures.models import LoadedModel

QUICK = {
    "integrated-gradients": {"steps": 4, "tolerance": 0},
    "smoothgrad": {"samples": 2},
    "vargrad": {"samples": 2},
    "expected-gradients": {"samples": 10, "baselines": 2},
    "score-cam": {"channels": 8},
    "occlusion": {"window": 112, "stride": 56},
    "superpixel-ablation": {"regions": 8},
    "ablation-cam": {"channels": 8},
    "rise": {"samples": 8},
    "sobol": {"designs": 8, "grid": 2},
    "hsic": {"samples": 8},
    "lime": {"samples": 12, "regions": 6},
    "kernel-shap": {"samples": 20, "regions": 6},
    "shap-partition": {"evaluations": 20},
}


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return dx.load()


@pytest.mark.parametrize("target", [967, "967", "n07920052", "espresso", "ESPRESSO", None])
def test_a_class_by_index_wordnet_id_name_or_as_predicted(
    model: LoadedModel, target: int | str | None
) -> None:
    found = dx.explain(model, dx.read_sample("coffee"), "saliency", target=target)
    assert found.target.index == 967


def test_a_class_cannot_be_contrasted_with_itself(model: LoadedModel) -> None:
    with pytest.raises(TargetError, match='both "espresso"'):
        dx.explain(model, dx.read_sample("coffee"), target=967, contrast="espresso")


def test_a_contrast_is_the_difference_of_two_maps(model: LoadedModel) -> None:
    picture = dx.read_sample("coffee")

    def values(target: int, contrast: int | None = None) -> np.ndarray:
        found = dx.explain(model, picture, "saliency", target, contrast=contrast, absolute=False)
        return found.values

    difference = values(967) - values(504)
    np.testing.assert_allclose(values(967, 504), difference, atol=1e-6)


def test_the_same_question_is_answered_from_memory(model: LoadedModel) -> None:
    picture = dx.read_sample("astronaut")
    assert cached(model, picture, "input-x-gradient", 1, None, {}) is None
    first = dx.explain(model, picture, "input-x-gradient", target=1)
    again = dx.explain(model, picture, "input-x-gradient", target=1)
    assert again.values is first.values
    assert cached(model, picture, "input-x-gradient", 1, None, {}).values is first.values
    other = dx.explain(model, picture, "saliency", target=1)
    assert other.values is not first.values
    with pytest.raises(ValueError, match="read-only"):
        first.values[0] = 0


def test_a_cancelled_explanation_is_not_remembered(model: LoadedModel) -> None:
    picture = dx.read_sample("flower")
    stopped = dx.Progress(cancelled=lambda: True)
    with pytest.raises(Cancelled):
        dx.explain(model, picture, "saliency", target=1, progress=stopped)
    assert cached(model, picture, "saliency", 1, None, {}) is None


WITHOUT_ATTENTION = [n for n, m in methods_for("picture").items() if "attention" not in m.needs]
"""Methods for a network of convolutions."""


@pytest.mark.slow  # tests/browser/test_all_methods.py asks all of them of the same model
@pytest.mark.parametrize("method", WITHOUT_ATTENTION)
def test_every_method_explains_the_pretrained_model(model: LoadedModel, method: str) -> None:
    if not methods_for("picture")[method].is_compatible(model.prepared):
        assert method == "attn-lrp"  # it does not attend
        return
    found = dx.explain(model, dx.read_sample("coffee"), method, 967, **QUICK.get(method, {}))
    assert found.values.shape[1:] == (224, 224)
    assert found.values.dtype == np.float32
    assert np.isfinite(found.values).all()
    assert np.ptp(found.values) > 0
    assert (found.completeness_error is None) == (not methods_for("picture")[method].complete)
    if not found.signed:
        assert found.values.min() >= 0


@pytest.mark.parametrize("method", ["lime", "kernel-shap", "shap-partition", "score-cam"])
def test_a_picture_of_one_colour_is_explained(model: LoadedModel, method: str) -> None:
    grey = np.full((64, 64, 3), 90, np.uint8)
    found = dx.explain(model, grey, method, 1, **QUICK.get(method, {}))
    assert np.isfinite(found.values).all()


def test_a_path_bytes_and_an_array_give_the_same_map(model: LoadedModel) -> None:
    path = sample_path("coffee")
    maps = [
        dx.explain(model, source, "grad-cam", 967).values
        for source in (path, path.read_bytes(), dx.read_picture(path).pixels)
    ]
    np.testing.assert_array_equal(maps[0], maps[1])
    np.testing.assert_array_equal(maps[0], maps[2])


def test_another_fit_is_another_question_and_in_all_that_repeats_it(model: LoadedModel) -> None:
    picture = dx.read_sample("coffee")  # 600 x 400
    fits = ("crop", "crop:0,0.5", "pad", "squash")
    maps = {fit: dx.explain(model, picture, "saliency", 967, fit=fit) for fit in fits}
    assert len({found.values.tobytes() for found in maps.values()}) == 4
    for fit, found in maps.items():
        assert found.fit == found.to_dict()["fit"] == fit
        assert found.picture_digest == picture.digest
        np.testing.assert_array_equal(
            found.picture, model.view(replace(picture, fit=read_fit(fit)))
        )
        again = dx.explain(model, replace(picture, fit=read_fit(fit)), "saliency", 967)
        assert again.values is found.values  # a Picture's own fit is the same question
    assert "--fit crop:0,0.5 " in repeat(maps["crop:0,0.5"])
    assert "--fit" not in repeat(maps["crop"])
    seen = dx.predict(model, picture, fit="pad")
    assert seen.fit == seen.to_dict()["fit"] == "pad"
    assert seen.scores != dx.predict(model, picture).scores
    content = bundle(seen, [maps["pad"]], [b"png"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        recipe = json.loads(archive.read("explanation.json"))
    assert recipe["prediction"]["fit"] == recipe["explanations"][0]["fit"] == "pad"


def test_padding_is_zero_to_the_model(model: LoadedModel) -> None:
    wide = replace(dx.read_picture(np.full((10, 40, 3), 200, np.uint8)), fit=read_fit("pad"))
    x = model.to_input(model.view(wide))
    assert (x[0, :, :84] == 0).all()
    assert (x[0, :, 84:140] > 0).all()


def test_a_bundle_holds_what_repeats_it(model: LoadedModel) -> None:
    picture = dx.read_sample("coffee")
    found = dx.explain(
        model, picture, "integrated-gradients", 967, contrast=504, steps=4, tolerance=0
    )
    content = bundle(dx.predict(model, picture), [found], [b"png"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert set(archive.namelist()) == {
            "explanation.json",
            "integrated-gradients-967-vs-504.npz",
            "integrated-gradients-967-vs-504.png",
        }
    command = repeat(found)
    for words in ("--target 967", "--contrast 504", "--set steps=4", "--set baseline=black"):
        assert words in command
