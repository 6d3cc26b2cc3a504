"""A forecaster as explanations use it: scaled inputs of a window to changes in plain units."""

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from dlexplain.explainers.fair_lock import FairLock
from dlexplain.explainers.recurrence import differentiable


class Changes(nn.Module):
    """(batch, window, series) -> (batch, horizon * targets * quantiles): each target's forecast
    change from the origin, less its mean in training.

    network  says changes in standard deviations; scale (horizon, targets) says how much one is
    """

    scale: Tensor

    def __init__(self, network: nn.Module, scale: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("scale", scale.float())

    def forward(self, x: Tensor) -> Tensor:
        with differentiable():
            said: Tensor = self.network(x)  # (batch, horizon, targets, quantiles)
        return (said * self.scale[..., None]).flatten(1)


@dataclass(frozen=True, eq=False)
class PreparedSeries:
    """Frozen, in eval mode, on its device; see explainers.prepare.Prepared.

    module  such as `Changes`;  shape  (window, series)
    """

    modality: ClassVar[str] = "series"
    module: nn.Module
    device: torch.device
    fingerprint: str
    shape: tuple[int, int]
    lock: FairLock = field(default_factory=FairLock)
    coupled: bool = False

    def to_device(self, x: Tensor) -> Tensor:
        return x.to(self.device)

    def trial(self, count: int) -> Tensor:
        """Windows of noise, (count, window, series)"""
        noise = torch.randn((count, *self.shape), generator=torch.Generator().manual_seed(0))
        return noise.to(self.device)
