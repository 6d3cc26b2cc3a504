"""Any nn.Module as a picture classifier, for Python."""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from dlexplain.data.class_list import plain_classes
from dlexplain.errors import ModelError, ParamError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.prepare import prepare
from dlexplain.networks.base import ModelSpec, PicturePreprocessing
from dlexplain.networks.modules.device import choose_device
from dlexplain.networks.modules.wrapped import Wrapped, per_channel
from dlexplain.services.pictures.cards import TASK
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.settings import settings

SUMS = 1e-4
"""By which a sum of probabilities may miss 1."""
LOGARITHMS = "the module ends in a softmax, so its scores are the logarithms of its probabilities"


@random_state_kept()
def wrap(
    module: nn.Module,
    classes: Sequence[str],
    input_shape: tuple[int, int, int] = (3, 224, 224),
    *,
    mean: float | Sequence[float] = 0.0,
    std: float | Sequence[float] = 1.0,
    resize: int | None = None,
    fit: str = "crop",
    output: str | int | None = None,
    name: str = "",
) -> LoadedModel:
    """A module that classifies pictures, ready for `predict`, `explain` and every method.

    module       (batch, *input_shape) -> scores (batch, classes), or a tuple, dict or ModelOutput
                 that has them; a copy of it in eval mode is used, it stays as it is
    classes      the labels in the order of the scores
    input_shape  (channels, side, side); one channel is grey
    mean, std    of the input, one number or one a channel, for pixels from 0 to 1: the module gets
                 (x - mean) / std; ImageNet's are (0.485, 0.456, 0.406) and (0.229, 0.224, 0.225)
    resize       the short side before the square is cut out; by default the square's side
    fit          "crop", "pad" or "squash", how a picture is usually made into the square
    output       which of several outputs has the scores

    Raises ModelError or ParamError, one sentence, before anything is explained.
    """
    channels, side, wide = input_shape
    if channels not in (1, 3) or side != wide or side < 1:
        raise ParamError(
            f"input_shape is {input_shape}; (1 or 3, side, side), the side at least 1, is accepted"
        )
    labels = tuple(map(str, classes))
    if not labels:
        raise ParamError("classes is empty; the labels in the order of the scores are accepted")
    shift, spread = per_channel("mean", mean, channels), per_channel("std", std, channels)
    if not bool((spread > 0).all()):
        raise ParamError(f"std is {std}; numbers above 0 are accepted")
    network = Wrapped(copy.deepcopy(module).cpu().float(), shift, spread, output).eval()
    notes = _tried(network, input_shape, len(labels))
    called = name or type(module).__name__
    spec = ModelSpec(
        name=called,
        title=called,
        task=TASK,
        modality="image",
        input_shape=input_shape,
        labels=called,
        preprocessing=PicturePreprocessing(resize or side, side, 0.0, 255.0, fit=fit),
        paper="",
        licence="the user's own",
        module=lambda: network,
        classes=labels,
        notes=notes,
    )
    ready = prepare(network, input_shape, (0.0, 1.0), choose_device(settings().device))
    return LoadedModel(spec, ready, plain_classes(labels, called))


def _tried(network: Wrapped, input_shape: tuple[int, int, int], count: int) -> tuple[str, ...]:
    """What is to be told of the module, once it has answered for two pictures of noise."""
    noise = torch.rand((2, *input_shape), generator=torch.Generator().manual_seed(0))
    try:
        with torch.inference_mode():
            scores = network(noise)
    except ModelError:
        raise
    except Exception as error:  # whatever the module's own code raises
        why = " ".join(str(error).split())
        raise ModelError(f"the module fails on a picture of shape {input_shape}: {why}") from error
    if tuple(scores.shape) != (2, count):
        raise ModelError(
            f"the module gives scores of shape {tuple(scores.shape)} for 2 pictures; (2, {count}), "
            "one a class, is accepted"
        )
    if not bool(scores.isfinite().all()):
        raise ModelError("the module's scores of a picture of noise are not finite")
    sums = (scores.sum(1) - 1).abs().max()
    if count > 1 and bool((scores >= 0).all()) and float(sums) <= SUMS:
        network.probabilities = True
        return (LOGARITHMS,)
    return ()
