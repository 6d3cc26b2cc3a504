"""Any nn.Module as a detector or a segmenter, for Python."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dlexplain.errors import ModelError, ParamError
from dlexplain.explainers.boxes import COORDINATES
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.networks.base import USERS_OWN, ModelSpec, PicturePreprocessing
from dlexplain.networks.modules.wrapped import (
    Scaled,
    WrappedDetector,
    WrappedSegmenter,
    per_channel,
)
from dlexplain.services.objects.models import LoadedDetector, LoadedSegmenter
from dlexplain.services.objects.own import DETECT, NO_OBJECT, SEGMENT, check_boxes, check_map
from dlexplain.services.pictures.module_spec import LOGARITHMS, SUMS

Numbers = float | Sequence[float]
Shape = tuple[int, int, int]


@random_state_kept()
def wrap_detector(
    module: nn.Module,
    classes: Sequence[str],
    input_shape: Shape = (3, 800, 800),
    *,
    mean: Numbers = 0.0,
    std: Numbers = 1.0,
    resize: int | None = None,
    fit: str = "squash",
    logits: str | int = "logits",
    boxes: str | int = "pred_boxes",
    name: str = "",
) -> LoadedDetector:
    """A module that finds boxes, as DETR does, ready for `predict`, `explain` and every method.

    module   (batch, *input_shape) -> a dict, a ModelOutput or a tuple with scores (batch, boxes,
             classes + 1), the last of them of no object, and boxes (batch, boxes, 4): centre
             across and down, width and height, from 0 to 1. As many boxes for every picture, none
             sorted or dropped by what else is there. A copy of it in eval mode is used
    classes  the labels in the order of the scores, without that of no object
    logits, boxes  which of the outputs these are: a key, or a place in a tuple
    the others as `wrap` takes them

    Raises ModelError or ParamError, one sentence, before anything is explained.
    """
    shift, spread = _scaling(input_shape, mean, std)
    labels = _labels(classes, 1)
    used = copy.deepcopy(module).cpu().float()
    network = WrappedDetector(used, shift, spread, logits, boxes).eval()
    found = _answer(network, input_shape)
    check_boxes(found, len(labels), "the module")
    notes = _softmaxed(network, found[..., :-COORDINATES], 2)
    called = name or type(module).__name__
    every = (*labels, NO_OBJECT)
    return LoadedDetector.made(
        _spec(called, DETECT, network, input_shape, resize, fit, every, notes)
    )


@random_state_kept()
def wrap_segmenter(
    module: nn.Module,
    classes: Sequence[str],
    input_shape: Shape = (3, 512, 512),
    *,
    mean: Numbers = 0.0,
    std: Numbers = 1.0,
    resize: int | None = None,
    fit: str = "squash",
    output: str | int | None = None,
    name: str = "",
) -> LoadedSegmenter:
    """A module that gives each place of a picture a class, ready for `predict`, `explain` and
    every method.

    module   (batch, *input_shape) -> scores (batch, classes, h, w), of any h and w, or a tuple,
             dict or ModelOutput that has them; a copy of it in eval mode is used
    classes  the labels in the order of the scores, two at least
    output   which of several outputs has the scores; torchvision's is "out"
    the others as `wrap` takes them

    Raises ModelError or ParamError, one sentence, before anything is explained.
    """
    shift, spread = _scaling(input_shape, mean, std)
    labels = _labels(classes, 2)
    used = copy.deepcopy(module).cpu().float()
    network = WrappedSegmenter(used, shift, spread, output).eval()
    found = _answer(network, input_shape)
    check_map(found, len(labels), "the module")
    notes = _softmaxed(network, found, 1)
    called = name or type(module).__name__
    return LoadedSegmenter.made(
        _spec(called, SEGMENT, network, input_shape, resize, fit, labels, notes)
    )


def _scaling(input_shape: Shape, mean: Numbers, std: Numbers) -> tuple[Tensor, Tensor]:
    """(channels,) each"""
    channels, side, wide = input_shape
    if channels not in (1, 3) or side != wide or side < 1:
        raise ParamError(
            f"input_shape is {input_shape}; (1 or 3, side, side), the side at least 1, is accepted"
        )
    spread = per_channel("std", std, channels)
    if not bool((spread > 0).all()):
        raise ParamError(f"std is {std}; numbers above 0 are accepted")
    return per_channel("mean", mean, channels), spread


def _labels(classes: Sequence[str], least: int) -> tuple[str, ...]:
    labels = tuple(map(str, classes))
    if len(labels) < least:
        raise ParamError(
            f"classes has {len(labels)} labels; {least} or more, in the order of the scores, are "
            "accepted"
        )
    return labels


def _answer(network: Scaled, input_shape: Shape) -> Tensor:
    """For two pictures of noise."""
    noise = torch.rand((2, *input_shape), generator=torch.Generator().manual_seed(0))
    try:
        with torch.inference_mode():
            found: Tensor = network(noise)
    except ModelError:
        raise
    except Exception as error:  # whatever the module's own code raises
        why = " ".join(str(error).split())
        raise ModelError(f"the module fails on a picture of shape {input_shape}: {why}") from error
    if len(found) != 2:
        raise ModelError(f"the module gives {len(found)} answers for 2 pictures")
    return found


def _softmaxed(network: Scaled, scores: Tensor, axis: int) -> tuple[str, ...]:
    """What is to be told where the scores are probabilities already."""
    if bool((scores >= 0).all()) and float((scores.sum(axis) - 1).abs().max()) <= SUMS:
        network.probabilities = True
        return (LOGARITHMS,)
    return ()


def _spec(
    name: str,
    task: str,
    network: Scaled,
    input_shape: Shape,
    resize: int | None,
    fit: str,
    labels: tuple[str, ...],
    notes: tuple[str, ...],
) -> ModelSpec:
    side = input_shape[1]
    return ModelSpec(
        name=name,
        title=name,
        task=task,
        modality="image",
        input_shape=input_shape,
        labels=name,
        preprocessing=PicturePreprocessing(resize or side, side, 0.0, 255.0, fit=fit),
        paper="",
        licence=USERS_OWN,
        module=lambda: network,
        classes=labels,
        notes=notes,
    )
