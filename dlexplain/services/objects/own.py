"""A detector or a segmenter that a user brings in Hugging Face's form: read, tried, compared.

Any picture is squashed into the square that its image processor makes of a square one: so nothing
of it is left out, and methods have a square of one size.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from dlexplain.errors import ModelError
from dlexplain.explainers.boxes import COORDINATES
from dlexplain.networks.base import ModelSpec
from dlexplain.networks.modules.hugging_face_pictures import (
    Coloured,
    HuggingFaceDetector,
    HuggingFaceSegmenter,
)
from dlexplain.services.own_size import check_memory
from dlexplain.services.pictures.own_models import (
    TOLERANCE,
    by_processor,
    by_us,
    difference,
    labels_of,
    processed,
    read_own,
    spec_of,
    trial_picture,
)
from dlexplain.services.pictures.own_models import Processed as Processing
from dlexplain.trained.hugging_face import foreign_model

DETECT, SEGMENT = "detect-objects", "segment-picture"
NO_OBJECT = "no object"
"""The last class of each box."""
SQUASHED = (
    "its own processor keeps a picture's proportions, here it is squashed into a square of "
    "{side} x {side} pixels"
)


def own_detector_spec(name: str) -> ModelSpec:
    """From a folder or the hub, its classes with NO_OBJECT as the last; raises UnknownName or
    ModelError, one sentence."""
    with foreign_model(name):
        network, how, labels, found, notes = _tried(name, DETECT, HuggingFaceDetector)
        check_boxes(found, len(labels), f'the model "{name}"')
        return spec_of(name, DETECT, network, how, (*labels, NO_OBJECT), notes)


def own_segmenter_spec(name: str) -> ModelSpec:
    """Likewise; its classes are those of its config."""
    with foreign_model(name):
        network, how, labels, found, notes = _tried(name, SEGMENT, HuggingFaceSegmenter)
        check_map(found, len(labels), f'the model "{name}"')
        return spec_of(name, SEGMENT, network, how, labels, notes)


def _tried(
    name: str, task: str, kind: type[Coloured]
) -> tuple[Coloured, Processing, tuple[str, ...], Tensor, tuple[str, ...]]:
    """The network, how pictures are made for it, its classes, its answer to one picture, and what
    is to be told of it."""
    config, processor, model = read_own(name, task)
    how = _square(processed(processor, int(getattr(config, "num_channels", 3)), name))
    network = kind(model, how.matrix, how.offset).eval()
    found = _compared(network, model, processor, how, name)
    return network, how, labels_of(config), found, _notes(processor, how)


def check_boxes(found: Tensor, classes: int, what: str) -> None:
    """Raises ModelError unless `found` is (batch, queries, classes + 1 + COORDINATES), finite, its
    boxes parts of the picture; classes  without NO_OBJECT;  what  begins the sentence."""
    scores = found.shape[-1] - COORDINATES
    if found.dim() != 3 or scores != classes + 1:
        raise ModelError(
            f"{what} gives {scores} scores a box for {classes} classes; {classes + 1}, the last of "
            f"them of no object, are accepted"
        )
    _check_finite(found, what)
    boxes = found[..., -COORDINATES:]
    if bool((boxes < 0).any()) or bool((boxes > 1).any()):
        raise ModelError(
            f"{what} gives boxes from {float(boxes.min()):.3g} to {float(boxes.max()):.3g}; centre "
            "across and down, width and height, from 0 to 1, are accepted"
        )


def check_map(found: Tensor, classes: int, what: str) -> None:
    """Raises ModelError unless `found` is (batch, classes, h, w), finite, of two classes at
    least."""
    if classes < 2:
        raise ModelError(f"{what} has {classes} class; two or more are accepted")
    if found.dim() != 4 or found.shape[1] != classes:
        raise ModelError(
            f"{what} gives scores of shape {tuple(found.shape)}; (batch, {classes}, height, "
            "width), a map a class, is accepted"
        )
    _check_finite(found, what)


def _check_finite(found: Tensor, what: str) -> None:
    if not bool(found.isfinite().all()):
        raise ModelError(f"{what} gives scores that are not finite")


def _square(how: Processing) -> Processing:
    """A processor that cuts nothing out of a square squashes here what is none."""
    return replace(how, fit="squash") if how.resize == how.side else how


def _notes(processor: Any, how: Processing) -> tuple[str, ...]:
    wide = by_processor(processor, trial_picture(how.resize * 4 // 3, how.resize))
    kept = how.fit == "squash" and wide.shape[-1] != wide.shape[-2]
    return (SQUASHED.format(side=how.side),) if kept else ()


def _compared(network: Coloured, model: Any, processor: Any, how: Processing, name: str) -> Tensor:
    """(1, ...) what it makes of a square picture that neither side has to resize.

    Raises ModelError where its own library answers otherwise, or it otherwise in a batch.
    """
    check_memory(model, how.side, name)
    square = trial_picture(how.resize, how.resize)
    with torch.inference_mode():
        try:
            own = model(pixel_values=by_processor(processor, square))
            x = by_us(square, how)
            ours: Tensor = network(x)
            together = network(torch.cat([x, x]))
        except Exception as error:  # whatever a model's own code raises
            why = " ".join(str(error).split())
            raise ModelError(f'the model "{name}" fails on a picture: {why}') from error
    boxes = getattr(own, "pred_boxes", None)
    expected = own.logits if boxes is None else torch.cat([own.logits, boxes], dim=-1)
    off = _apart(ours, expected, boxes is not None)
    if off > TOLERANCE:
        raise ModelError(
            f'the image processor of "{name}" does more than to resize, to cut out and to scale: '
            f"its answers differ by {off:.1%}, so what is explained would be another model"
        )
    if _apart(together[:1], ours, boxes is not None) > TOLERANCE:
        raise ModelError(f'the model "{name}" answers otherwise for a picture in a batch')
    return ours


def _apart(found: Tensor, expected: Tensor, boxes: bool) -> float:
    """The largest difference: of logits relative to the largest of them, of boxes as it is."""
    if not boxes:
        return difference(found, expected)
    places = (found - expected)[..., -COORDINATES:].abs().max()
    logits = difference(found[..., :-COORDINATES], expected[..., :-COORDINATES])
    return max(logits, float(places))
