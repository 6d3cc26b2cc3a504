"""A user's model of pictures in Hugging Face's form, called on pixels from 0 to 1."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible


class Coloured(nn.Module):
    """A model of transformers behind its image processor's colours.

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

    def _colours(self, x: Tensor) -> Tensor:
        return torch.einsum("oc,bchw->bohw", self.matrix, x) + self.offset[:, None, None]


class HuggingFacePictures(Coloured):
    """(batch, channels, side, side) pixels from 0 to 1 -> (batch, classes) logits."""

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.model(pixel_values=self._colours(x)).logits
        return logits

    def attend(self, x: Tensor, through: int | None = None) -> tuple[Tensor, list[Tensor]]:
        """The logits, and of each layer (batch, heads, tokens, tokens) as the model itself gives
        them; see VisionTransformer.attend. Raises Incompatible where it gives none."""
        with self._left_out(through):
            found = self.model(pixel_values=self._colours(x), output_attentions=True)
        weights = list(found.attentions or ())
        if not weights or any(layer is None for layer in weights):
            raise Incompatible("the model gives no attention")
        return found.logits, weights[:through]

    @contextmanager
    def _left_out(self, through: int | None) -> Iterator[None]:
        """Inside it, blocks after the first `through` hand on what they are given."""
        blocks = self._blocks()[through:] if through is not None else []
        hooks = [block.register_forward_hook(_handed_on) for block in blocks]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _blocks(self) -> list[nn.Module]:
        """The longest list of modules: a Transformer's blocks."""
        lists = [list(m) for m in self.model.modules() if isinstance(m, nn.ModuleList)]
        return max(lists, key=len, default=[])


class HuggingFaceDetector(Coloured):
    """(batch, channels, side, side) pixels from 0 to 1 -> (batch, queries, classes + 1 + 4).

    Of each query the logits, the last of them of "no object", and its box: centre across and down,
    width and height, as parts of the side.
    """

    def forward(self, x: Tensor) -> Tensor:
        found = self.model(pixel_values=self._colours(x))
        return torch.cat([found.logits, found.pred_boxes], dim=-1)


class HuggingFaceSegmenter(Coloured):
    """(batch, channels, side, side) pixels from 0 to 1 -> (batch, classes, h, w) logits."""

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.model(pixel_values=self._colours(x)).logits
        return logits


def _handed_on(_block: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
    return (inputs[0], *output[1:]) if isinstance(output, tuple) else inputs[0]
