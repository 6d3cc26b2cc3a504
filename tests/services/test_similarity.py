"""How alike two maps are: by hand, and against scikit-image and SciPy on the part both saw."""

import io
import json
import zipfile

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

from dlexplain.data.views import Part
from dlexplain.evaluation.ranks import top_intersection
from dlexplain.results import Attribution, ClassName, ClassScore, Prediction
from dlexplain.services.pictures.bundle import bundle
from dlexplain.services.pictures.similarity import similarity


def attribution(values: NDArray[np.float64], signed: bool = False, model: str = "a") -> Attribution:
    return Attribution(
        "grad-cam", {}, values[None].astype(np.float32), signed, 0.0, 1, model=model,
        target=ClassName(0, "", "cat"),
    )  # fmt: skip


def noise(seed: int, side: int = 16) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random((side, side)).astype(np.float32).astype(np.float64)


def test_a_map_is_wholly_like_itself_on_any_scale() -> None:
    one = noise(0)
    found = similarity(attribution(one), attribution(7 * one))
    assert (found.ssim, found.spearman, found.top) == pytest.approx((1, 1, 1))
    assert found.side == 16


def test_the_figures_are_those_of_scikit_image_and_scipy() -> None:
    one, other = noise(0), noise(1)
    found = similarity(attribution(one), attribution(other))
    ssim = structural_similarity(one / one.max(), other / other.max(), data_range=1.0)
    assert found.ssim == pytest.approx(ssim, abs=1e-6)
    assert found.spearman == pytest.approx(spearmanr(one.ravel(), other.ravel())[0], abs=1e-9)


def test_the_top_tenth_by_hand() -> None:
    a, b = np.arange(20.0), np.r_[np.arange(19.0), -1.0]
    assert top_intersection(a, b, 0.1) == 0.5  # places 18, 19 and 17, 18
    assert np.isnan(top_intersection(np.zeros(20), a, 0.1))


def test_an_opposite_map_is_told_as_opposite() -> None:
    one = noise(0) - 0.5
    found = similarity(attribution(one, True), attribution(-one, True))
    assert found.spearman == pytest.approx(-1)
    assert found.top == 0


def test_a_finer_map_is_averaged_to_the_coarser_grid() -> None:
    coarse = noise(3, 8)
    found = similarity(attribution(coarse.repeat(4, 0).repeat(4, 1)), attribution(coarse))
    assert found.side == 8
    assert (found.ssim, found.spearman, found.top) == pytest.approx((1, 1, 1), abs=1e-5)


def test_only_what_both_saw_is_compared() -> None:
    """One sees the middle 8 x 8 of 16 x 16 pixels, the other all of them."""
    whole = noise(4)
    middle = whole[4:12, 4:12]
    parts = Part(0, 0, 16, 16), Part(4, 4, 12, 12)
    found = similarity(attribution(whole), attribution(middle), parts)
    assert found.side == 8
    assert found.spearman == pytest.approx(1)


def test_a_map_of_nothing_says_so() -> None:
    found = similarity(attribution(np.zeros((16, 16))), attribution(noise(0)))
    assert np.isnan([found.ssim, found.spearman, found.top]).all()
    assert list(found.told.items()) == [
        ("SSIM", "–"), ("Spearman", "–"), ("Top 10% in common (by chance 10%)", "–"),
    ]  # fmt: skip


def test_a_bundle_of_two_models_keeps_both_maps() -> None:
    maps = [attribution(noise(0)), attribution(noise(1), model="/home/me/my model")]
    said = [Prediction("cat.png", a.model, (ClassScore(a.target, 0.9),)) for a in maps]
    content = bundle(said[0], maps, [b"1", b"2"], said[1])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert set(archive.namelist()) == {
            "explanation.json", "a-grad-cam-0.npz", "a-grad-cam-0.png",
            "home-me-my-model-grad-cam-0.npz", "home-me-my-model-grad-cam-0.png",
        }  # fmt: skip
        recipe = json.loads(archive.read("explanation.json"))
    assert recipe["beside"]["model"] == "/home/me/my model"
