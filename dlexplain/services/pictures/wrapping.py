"""Any nn.Module as a picture classifier, for Python."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from dlexplain.data.class_list import plain_classes
from dlexplain.errors import ParamError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.prepare import prepare
from dlexplain.networks.modules.device import choose_device
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.module_spec import module_spec
from dlexplain.settings import settings


@random_state_kept()
def wrap(
    module: nn.Module,
    classes: Sequence[str],
    input_shape: tuple[int, int, int] | None = None,
    *,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    resize: int | None = None,
    fit: str = "crop",
    output: str | int | None = None,
    name: str = "",
) -> LoadedModel:
    """A module that classifies pictures, ready for `predict`, `explain` and every method.

    module       (batch, *input_shape) -> scores (batch, classes), or a tuple, dict or ModelOutput
                 that has them; a copy of it in eval mode is used, it stays as it is
    classes      the labels in the order of the scores
    input_shape  (channels, side, side); one channel is grey. By default (3, 224, 224)
    mean, std    of the input, one number or one a channel, for pixels from 0 to 1: the module gets
                 (x - mean) / std; ImageNet's are (0.485, 0.456, 0.406) and (0.229, 0.224, 0.225).
                 By default 0 and 1, and the page then shows what others would do; a module of
                 timm's says its own, and its shape, in `pretrained_cfg`
    resize       the short side before the square is cut out; by default the square's side
    fit          "crop", "pad" or "squash", how a picture is usually made into the square
    output       which of several outputs has the scores

    Raises ModelError or ParamError, one sentence, before anything is explained.
    """
    found = getattr(module, "pretrained_cfg", None)
    told: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    channels, side, wide = input_shape = input_shape or told.get("input_size") or (3, 224, 224)
    if mean is None and std is None:
        mean, std = told.get("mean"), told.get("std")
    if channels not in (1, 3) or side != wide or side < 1:
        raise ParamError(
            f"input_shape is {input_shape}; (1 or 3, side, side), the side at least 1, is accepted"
        )
    labels = tuple(map(str, classes))
    if not labels:
        raise ParamError("classes is empty; the labels in the order of the scores are accepted")
    called = name or type(module).__name__
    spec = module_spec(
        copy.deepcopy(module).cpu().float(), called, labels, input_shape,
        mean=mean, std=std, resize=resize, fit=fit, output=output,
    )  # fmt: skip
    network = spec.network()
    ready = prepare(network, input_shape, (0.0, 1.0), choose_device(settings().device))
    return LoadedModel(spec, ready, plain_classes(labels, called))
