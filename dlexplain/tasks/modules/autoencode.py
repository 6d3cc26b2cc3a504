"""Squeezing pictures into a few numbers and back: mean squared error, with noise if wanted.

Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders", 2008,
https://doi.org/10.1145/1390156.1390294: noise is added to the input, the clean picture is wanted.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.tasks.autoencode import Params
from dlexplain.tasks.base import Arrays, Training
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.modules.pictures import SHOWN, PixelRange, Spread, in_pairs, noise_of, to_bytes


class Autoencode(TaskModule):
    """Batches {"x": (batch, channels, side, side)}; the network gives logits of pixels 0..1."""

    def __init__(
        self,
        network: nn.Module,
        facts: Mapping[str, Any],
        params: Params,
        training: Training,
        steps: int,
    ) -> None:
        super().__init__(network, training, steps)
        self.params = params
        self.range = PixelRange.of(facts)
        sizes = facts.get("sizes", {})
        self.shown = Spread(sizes.get("validation", SHOWN))
        self.spread = Spread(sizes.get("test", SHOWN))

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        noise = torch.randn_like(batch["x"]) if self.params.noise else None
        error = self._squared(batch["x"], noise)[0].mean()
        return error, {}

    def _squared(self, x: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(batch,) mean squared errors; targets, inputs, and reconstructions, 0..1"""
        target = self.range.unit(x)
        if noise is not None:
            x = self.range.normalised(target + self.params.noise * noise)
        made = torch.sigmoid(self(x).float())
        errors = F.mse_loss(made, target, reduction="none").flatten(1).mean(1)
        return errors, target, self.range.unit(x), made

    def _tested(self, x: Tensor, batch_idx: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """As _squared, with noise that is the same at every call."""
        noise = noise_of(batch_idx, *x.shape).to(x.device) if self.params.noise else None
        return self._squared(x, noise)

    def on_validation_epoch_start(self) -> None:
        self.shown.clear()

    def validation_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        errors, _, seen, made = self._tested(batch["x"], batch_idx)
        self.log("validation/loss", errors.mean(), batch_size=len(errors))
        self.shown.keep(len(errors), seen=seen, made=made)

    def on_test_epoch_start(self) -> None:
        self.spread.clear()

    def test_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        errors, target, seen, made = self._tested(batch["x"], batch_idx)
        size = len(errors)
        self.log("test/error", errors.mean(), batch_size=size)
        if self.params.noise:
            self.log("test/input_error", (seen - target).square().mean(), batch_size=size)
        self.spread.keep(size, originals=target, inputs=seen, copies=made)

    def results(self) -> tuple[dict[str, float], Arrays]:
        """Some test pictures, (count, side, side, channels), what was seen of them, and copies."""
        arrays: Arrays = {key: to_bytes(kept).numpy() for key, kept in self.spread.kept().items()}
        if not self.params.noise:
            arrays.pop("inputs", None)
        return {}, arrays

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """Some validation pictures as the network saw them, and below each what it made."""
        kept = {key: to_bytes(t).numpy() for key, t in self.shown.kept().items()}
        return {"reconstructions": in_pairs(kept["seen"], kept["made"])} if kept else {}
