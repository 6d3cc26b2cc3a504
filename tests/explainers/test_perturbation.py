"""Perturbation methods against closed forms, hand-computed values and Captum."""

import captum.attr
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.explainers.superpixels import superpixels
from tests.tiny import RANGE, conv_net, explain, linear_net, picture, prepared

BLACK = RANGE[0]


class OnePatch(nn.Module):
    """Class 1's score is the mean of the patch [8:16, 16:24]; the rest is not read."""

    def forward(self, x: Tensor) -> Tensor:
        seen = x[:, :, 8:16, 16:24].mean(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(seen), seen], dim=1)


def region_weights(net: nn.Sequential, x: Tensor, labels: Tensor) -> Tensor:
    """(K,): what switching each superpixel from black to `x` adds to a linear model's score."""
    share = ((x - BLACK)[0] * net[1].weight[1].reshape(3, 32, 32)).sum(0).detach()
    return torch.zeros(int(labels.max()) + 1).index_add(0, labels.flatten(), share.flatten())


def test_occlusion_of_a_model_that_reads_one_patch() -> None:
    x = picture()
    found = explain(OnePatch(), "occlusion", x, window=8, stride=8, baseline="black").values[0]
    drop = float(x[:, :, 8:16, 16:24].mean()) - BLACK
    expected = np.zeros((32, 32), np.float32)
    expected[8:16, 16:24] = drop
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("window", "stride"), [(8, 4), (10, 7), (32, 5)])
def test_occlusion_equals_captums(window: int, stride: int) -> None:
    net, x = conv_net().eval(), picture()
    expected = captum.attr.Occlusion(net).attribute(
        x, (3, window, window), (3, stride, stride), baselines=BLACK, target=1
    )
    found = explain(net, "occlusion", x, window=window, stride=stride, baseline="black")
    torch.testing.assert_close(
        torch.tensor(found.values[0]), expected[0, 0].detach(), rtol=1e-3, atol=1e-5
    )


def test_superpixel_ablation_equals_captums_feature_ablation() -> None:
    net, x = conv_net().eval(), picture()
    labels = superpixels(x, 12, RANGE)
    expected = captum.attr.FeatureAblation(net).attribute(
        x, baselines=BLACK, target=1, feature_mask=labels[None, None].expand(1, 3, -1, -1)
    )
    found = explain(net, "superpixel-ablation", x, regions=12, baseline="black")
    torch.testing.assert_close(
        torch.tensor(found.values[0]), expected[0, 0].detach(), rtol=1e-3, atol=1e-5
    )


def test_lime_recovers_the_weights_of_a_model_linear_in_superpixels() -> None:
    net, x = linear_net(), picture()
    labels = superpixels(x, 12, RANGE)
    expected = region_weights(net, x, labels)[labels]
    found = explain(net, "lime", x, regions=12, baseline="black", alpha=0, samples=200, width=1.0)
    torch.testing.assert_close(torch.tensor(found.values[0]), expected, rtol=1e-3, atol=1e-4)


def test_kernel_shap_recovers_the_weights_and_sums_up() -> None:
    net, x = linear_net(), picture()
    labels = superpixels(x, 12, RANGE)
    expected = region_weights(net, x, labels)
    found = explain(net, "kernel-shap", x, regions=12, baseline="black", samples=300)
    sums = torch.zeros_like(expected).index_add(
        0, labels.flatten(), torch.tensor(found.values[0]).flatten()
    )
    torch.testing.assert_close(sums, expected, rtol=1e-3, atol=1e-4)
    assert found.completeness_error < 1e-4


def test_partition_recovers_the_weights_pixel_by_pixel() -> None:
    net, x = linear_net(side=4), picture(side=4)
    expected = (x[0] - BLACK) * net[1].weight[1].reshape(3, 4, 4).detach()
    found = explain(prepared(net, side=4), "shap-partition", x, baseline="black", evaluations=2000)
    torch.testing.assert_close(torch.tensor(found.values), expected, rtol=1e-3, atol=1e-4)
    assert found.completeness_error < 1e-4


class Always(nn.Module):
    """Class 1 with probability 0.8, whatever the picture."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tensor([0.2, 0.8]).log().expand(len(x), 2)


def test_rise_of_a_constant_model_is_its_probability() -> None:
    found = explain(Always(), "rise", samples=4000, grid=4, keep=0.5).values
    assert found.mean() == pytest.approx(0.8, rel=0.02)
    np.testing.assert_allclose(found, 0.8, rtol=0.08)


def test_rise_points_at_the_one_patch_that_is_read() -> None:
    bright = torch.ones(1, 3, 32, 32)
    found = explain(OnePatch(), "rise", bright, samples=2000, grid=8).values[0]
    inside = found[8:16, 16:24].mean()
    found[4:20, 12:28] = np.nan  # the patch and the slopes of the masks around it
    assert inside > np.nanmax(found)


@pytest.mark.parametrize("method", ["lime", "kernel-shap", "rise", "hsic", "shap-partition"])
def test_a_seed_repeats_the_draws(method: str) -> None:
    model = prepared(conv_net())
    few = {"evaluations": 100} if method == "shap-partition" else {"samples": 50}
    few |= {"alpha": 0} if method == "lime" else {}
    first, second = explain(model, method, **few), explain(model, method, **few)
    # Chunks of another size, once they are measured, round otherwise.
    np.testing.assert_allclose(first.values, second.values, atol=1e-6)
    if method != "shap-partition":  # which draws nothing
        other = explain(model, method, seed=1, **few)
        assert not np.allclose(other.values, first.values, atol=1e-4)


@pytest.mark.parametrize("method", ["lime", "kernel-shap", "superpixel-ablation"])
def test_a_picture_of_one_colour_is_one_region(method: str) -> None:
    grey = torch.zeros(1, 3, 32, 32)
    found = explain(linear_net(), method, grey, baseline="black")
    assert "one colour" in found.note
    assert np.ptp(found.values) == 0
    assert np.isfinite(found.values).all()


def test_superpixels_are_made_once_and_shared() -> None:
    x = picture()
    first = superpixels(x, 20, RANGE)
    assert first.data_ptr() == superpixels(x.clone(), 20, RANGE).data_ptr()
    assert sorted(first.unique().tolist()) == list(range(int(first.max()) + 1))
