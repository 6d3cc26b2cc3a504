"""Autoencoding: errors by hand in units of the range, noise, overfitting, what a test keeps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.params import parse
from dlexplain.tasks.autoencode import Params
from dlexplain.tasks.base import Training
from dlexplain.tasks.modules.autoencode import Autoencode
from dlexplain.tasks.modules.pictures import PixelRange, Spread, in_pairs, noise_of, to_bytes
from tests.tasks.making import bars, data_module, first_batch, make, overfit
from tests.tasks.training import trainer

pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
MODELS = [("mlp-autoencoder", {"hidden": 64}), ("conv-autoencoder", {"width": 8})]


class Grey(nn.Module):
    """Says for every pixel logit 0, which is half of white."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)


class Same(nn.Module):
    """Logits of the very picture that it sees, cut to what a logit can say."""

    def __init__(self, within: PixelRange) -> None:
        super().__init__()
        self.range = within

    def forward(self, x: Tensor) -> Tensor:
        return torch.logit(self.range.unit(x), eps=1e-6)


def module(network: nn.Module, **params: Any) -> tuple[Autoencode, Any]:
    data = data_module()
    return Autoencode(network, data.facts, parse(Params, params), Training(), 1), data


def test_units_by_hand() -> None:
    within = PixelRange(mean=100.0, scale=50.0)
    x = torch.tensor([-2.0, 0.0, 3.1, 4.0]).view(1, 1, 2, 2)
    assert within.unit(x).flatten().tolist() == pytest.approx([0, 100 / 255, 1, 1])
    torch.testing.assert_close(within.normalised(within.unit(x))[..., 0, :], x[..., 0, :])
    assert to_bytes(torch.full((1, 3, 2, 2), 0.5)).shape == (1, 2, 2, 3)
    assert to_bytes(torch.tensor([[[[0.0, 0.5, 1.0]]]])).flatten().tolist() == [0, 128, 255]


def test_the_loss_is_the_mean_squared_error_in_units() -> None:
    task, data = module(Grey())
    batch = next(iter(data.train_dataloader()))
    expected = ((batch["pixels"].numpy() / 255 - 0.5) ** 2).mean()
    loss, _ = task.loss(data.on_after_batch_transfer(batch, 0))
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_a_test_tells_the_error_and_keeps_pictures_evenly(tmp_path: Path) -> None:
    task, data = module(Grey())
    (logged,) = trainer(tmp_path).test(task, datamodule=data, verbose=False)
    metrics, arrays = task.results()
    pixels = bars(48, 2).pixels
    assert logged["test/error"] == pytest.approx(((pixels / 255 - 0.5) ** 2).mean(), rel=1e-5)
    assert metrics == {} and set(arrays) == {"originals", "copies"}
    np.testing.assert_array_equal(arrays["originals"], pixels[::3])
    assert np.unique(arrays["copies"]).tolist() == [128]


def test_noise_is_on_the_input_only(tmp_path: Path) -> None:
    """A network that copies what it sees errs by the noise, cut at black and white."""
    data = data_module()
    task = Autoencode(
        Same(PixelRange.of(data.facts)), data.facts, parse(Params, {"noise": 0.2}), Training(), 1
    )
    found = []
    for _ in range(2):
        (logged,) = trainer(tmp_path).test(task, datamodule=data, verbose=False)
        found.append(logged)
    clean = torch.from_numpy(bars(48, 2).pixels).permute(0, 3, 1, 2) / 255
    seen = (clean + 0.2 * noise_of(0, *clean.shape)).clamp(0, 1)
    expected = float((seen - clean).square().mean())
    assert found[0]["test/error"] == pytest.approx(expected, rel=1e-3)
    assert found[0]["test/input_error"] == pytest.approx(expected, rel=1e-3)
    assert found[0] == found[1]
    assert "inputs" in task.results()[1]


@pytest.mark.parametrize(("model", "params"), MODELS)
def test_sixteen_pictures_are_learnt_by_heart(model: str, params: dict[str, Any]) -> None:
    data = data_module(train=16)
    task = make("autoencode", model, data, {"latent": 16, **params})
    losses = overfit(task, first_batch(data), 250, 5e-3)
    assert losses[-1] < 0.03 * losses[0]


def test_an_epochs_picture_has_copies_below_originals(tmp_path: Path) -> None:
    task, data = module(Grey())
    assert task.pictures() == {}
    trainer(tmp_path).validate(task, datamodule=data, verbose=False)
    sheet = task.pictures()["reconstructions"]
    assert sheet.shape == (4 * 9, 8 * 9, 3)
    np.testing.assert_array_equal(sheet[:8, 9:17, 0], bars(32, 1).pixels[2, :, :, 0])
    assert (sheet[9:17] == 128).all()


def test_pairs_by_hand() -> None:
    originals = np.array([1, 2, 3, 4], np.uint8).reshape(4, 1, 1, 1)
    rows = in_pairs(originals, originals + 10, in_a_row=2)[::2, ::2, 0]
    assert rows.tolist() == [[1, 2], [11, 12], [3, 4], [13, 14]]
    assert in_pairs(originals[:1], originals[:1])[::2, ::2, 0].tolist() == [[1], [1]]


def test_a_spread_is_even_over_batches() -> None:
    spread = Spread(total=10, most=4)
    for first in (0, 4, 8):
        values = torch.arange(first, min(first + 4, 10))
        spread.keep(len(values), value=values)
    assert spread.kept()["value"].tolist() == [0, 3, 6, 9]
    spread.clear()
    assert spread.kept() == {}
