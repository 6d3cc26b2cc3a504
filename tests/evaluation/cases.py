"""Cases whose right answers are known by hand."""

import torch
from torch import Tensor, nn

from dlexplain.evaluation.case import Case
from dlexplain.explainers.batching import BatchSizes, Target
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.inputs.series import SeriesInput
from dlexplain.explainers.prepare import prepare
from dlexplain.explainers.progress import Progress
from dlexplain.explainers.series_model import PreparedSeries

SIDE = 12


class LinearPictures(nn.Module):
    """Two classes whose logits are ±(weights · x), pixels in black having no part in them."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)  # (channels, height, width)

    def forward(self, x: Tensor) -> Tensor:
        score = (x * self.weights).flatten(1).sum(1)
        return torch.stack([score, -score], 1)


def weights_of_pictures(seed: int = 0, scale: float = 0.1) -> Tensor:
    return scale * torch.randn((3, SIDE, SIDE), generator=torch.Generator().manual_seed(seed))


def picture(seed: int = 0) -> Tensor:
    return torch.rand((1, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(100 + seed))


def picture_input(module: nn.Module, inputs: Tensor, target: int = 0) -> PictureInput:
    ready = prepare(module, tuple(inputs.shape[1:]), (0.0, 1.0))
    return PictureInput(ready, Target(target), Progress(), BatchSizes(), inputs)


def linear_case(values: Tensor | None = None, seed: int = 0, signed: bool = True) -> Case:
    """A linear model of pictures; by default with its exact attribution, weights times x."""
    weights, inputs = weights_of_pictures(), picture()
    given = picture_input(LinearPictures(weights), inputs)
    exact = weights * inputs[0]
    return Case(given, exact if values is None else values, signed, seed=seed)


def series_input(weights: Tensor) -> SeriesInput:
    """A linear forecaster of one number; weights (window, series)."""

    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = nn.Parameter(weights)

        def forward(self, x: Tensor) -> Tensor:
            return (x * self.weights).flatten(1).sum(1, keepdim=True)

    window, series = weights.shape
    ready = PreparedSeries(Linear().eval(), torch.device("cpu"), "linear", (window, series))
    x = torch.randn((1, window, series), generator=torch.Generator().manual_seed(7))
    earlier = torch.randn((4, window, series), generator=torch.Generator().manual_seed(8))
    return SeriesInput(ready, Target(0), Progress(), BatchSizes(), x, earlier)
