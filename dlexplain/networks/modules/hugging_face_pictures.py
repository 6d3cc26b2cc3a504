"""A user's picture classifier in Hugging Face's form, called on pixels from 0 to 1."""

from typing import Any

import torch
from torch import Tensor, nn


class HuggingFacePictures(nn.Module):
    """(batch, channels, side, side) pixels from 0 to 1 -> (batch, classes) logits.

    matrix, offset  its own processor's colours: x' = matrix x + offset at each pixel, (C, 3) and
                    (C,), which covers means and deviations by channel, another range and another
                    order of the channels
    """

    matrix: Tensor
    offset: Tensor

    def __init__(self, model: Any, matrix: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("matrix", matrix)
        self.register_buffer("offset", offset)

    def forward(self, x: Tensor) -> Tensor:
        colours = torch.einsum("oc,bchw->bohw", self.matrix, x) + self.offset[:, None, None]
        logits: Tensor = self.model(pixel_values=colours).logits
        return logits
