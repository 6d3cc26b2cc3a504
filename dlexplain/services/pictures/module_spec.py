"""The spec of any module that classifies pictures, once it has answered for noise."""

from collections.abc import Sequence

import torch
from torch import nn

from dlexplain.errors import ModelError, ParamError
from dlexplain.networks.base import USERS_OWN, ModelSpec, PicturePreprocessing
from dlexplain.networks.modules.wrapped import Wrapped, per_channel

TASK = "classify-image"
SUMS = 1e-4
"""By which a sum of probabilities may miss 1."""
LOGARITHMS = "the module ends in a softmax, so its scores are the logarithms of its probabilities"
Numbers = float | Sequence[float]


def module_spec(
    module: nn.Module,
    name: str,
    classes: Sequence[str] | None,
    input_shape: tuple[int, int, int],
    *,
    title: str = "",
    mean: Numbers | None = None,
    std: Numbers | None = None,
    resize: int | None = None,
    fit: str = "crop",
    output: str | int | None = None,
    notes: Sequence[str] = (),
) -> ModelSpec:
    """Parameters as `dx.wrap` takes them.

    module   used as it is, in eval mode
    classes  None where only the count of the scores says how many there are: "class 0" and so on
    title    for people; the name by default
    notes    what else its user should know

    Raises ModelError or ParamError, one sentence.
    """
    channels, side, _ = input_shape
    known = mean is not None or std is not None
    shift = per_channel("mean", 0.0 if mean is None else mean, channels)
    spread = per_channel("std", 1.0 if std is None else std, channels)
    if not bool((spread > 0).all()):
        raise ParamError(f"std is {std}; numbers above 0 are accepted")
    network = Wrapped(module, shift, spread, output).eval()
    count, told = _tried(network, input_shape, None if classes is None else len(classes))
    labels = [f"class {i}" for i in range(count)] if classes is None else classes
    return ModelSpec(
        name=name,
        title=title or name,
        task=TASK,
        modality="image",
        input_shape=input_shape,
        labels=title or name,
        preprocessing=PicturePreprocessing(resize or side, side, 0.0, 255.0, fit=fit, known=known),
        paper="",
        licence=USERS_OWN,
        module=lambda: network,
        classes=tuple(labels),
        notes=(*notes, *told),
    )


def _tried(
    network: Wrapped, input_shape: tuple[int, int, int], count: int | None
) -> tuple[int, tuple[str, ...]]:
    """The count of its scores, and what is to be told of it, after two pictures of noise."""
    noise = torch.rand((2, *input_shape), generator=torch.Generator().manual_seed(0))
    try:
        with torch.inference_mode():
            scores = network(noise)
    except ModelError:
        raise
    except Exception as error:  # whatever the module's own code raises
        why = " ".join(str(error).split())
        raise ModelError(f"the module fails on a picture of shape {input_shape}: {why}") from error
    shape = tuple(scores.shape)
    if len(shape) != 2 or shape[0] != 2 or shape[1] != (count or shape[1]) or shape[1] < 1:
        raise ModelError(
            f"the module gives scores of shape {shape} for 2 pictures; (2, {count or 'classes'}), "
            "one a class, is accepted"
        )
    if not bool(scores.isfinite().all()):
        raise ModelError("the module's scores of a picture of noise are not finite")
    sums = (scores.sum(1) - 1).abs().max()
    if shape[1] > 1 and bool((scores >= 0).all()) and float(sums) <= SUMS:
        network.probabilities = True
        return shape[1], (LOGARITHMS,)
    return shape[1], ()
