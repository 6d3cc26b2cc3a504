"""Features of the last layer but one: what the last linear layer of a classifier is given."""

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.prepare import PreparedModel


class WithFeatures(nn.Module):
    """(batch, ...) -> (batch, features + classes): both of one pass.

    width  how many of the columns, the first ones, are features
    """

    def __init__(self, module: nn.Module, last: nn.Module, width: int) -> None:
        super().__init__()
        self.module, self.last, self.width = module, last, width

    def forward(self, x: Tensor) -> Tensor:
        seen: list[Tensor] = []
        hook = self.last.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        try:
            logits: Tensor = self.module(x)
        finally:
            hook.remove()
        return torch.cat([seen[-1].flatten(1), logits], 1)


def with_features(model: PreparedModel) -> WithFeatures:
    """The model's module, which also gives its features; the caller has the model's turn while it
    runs.

    Raises Incompatible where no linear layer gives the logits, as of an ONNX file.
    """
    x = model.trial(1)
    with model.lock.turn(), torch.inference_mode():
        classes = model.module(x).shape[1]
    known = [m for m in model.module.modules() if isinstance(m, nn.Linear)]
    last = next((m for m in reversed(known) if m.out_features == classes), None)
    if last is None:
        raise Incompatible("no linear layer gives its logits, so its features are not known")
    found = WithFeatures(model.module, last, last.in_features)
    with model.lock.turn(), torch.inference_mode():
        try:
            width = found(x).shape[1]
        except (IndexError, RuntimeError) as error:
            raise Incompatible("its last linear layer has no part in its logits") from error
    if width != last.in_features + classes:
        raise Incompatible("its last linear layer is asked of several places at once")
    return found
