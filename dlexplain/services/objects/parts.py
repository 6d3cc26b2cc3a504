"""One box or one region of an answer as a model of pictures, for everything that explains one."""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.data.pictures import Picture
from dlexplain.errors import BadInput, TargetError
from dlexplain.explainers.boxes import corners, prepared_box
from dlexplain.explainers.regions import prepared_region
from dlexplain.results import Box, ClassName
from dlexplain.services.objects.detecting import answer, boxes_of
from dlexplain.services.objects.models import LoadedDetector, LoadedSegmenter
from dlexplain.services.objects.segmenting import class_map
from dlexplain.services.pictures.models import LoadedModel

KEPT = 16
"""Boxes and regions whose layers and methods are remembered."""


def of_box(
    model: LoadedDetector,
    picture: Picture,
    number: int | None = None,
    target: int | str | None = None,
) -> tuple[LoadedModel, Box]:
    """The detector asked of one box, its classes with "no object" as the last; and the box.

    number  by rank of probability, from 1; by default the most probable box, of the class `target`
            where one is given

    Raises BadInput for a number that the picture has no box of.
    """
    found = answer(model, picture)
    boxes = boxes_of(model, picture, found)
    if number is None:
        wanted = None if target is None else model.find_class(target)
        fit = [box for box in boxes if wanted is None or box.score.name == wanted]
        chosen = fit[0] if fit else boxes[0]
    elif 1 <= number <= len(boxes):
        chosen = boxes[number - 1]
    else:
        raise BadInput(f"box is {number}; the model gives {len(boxes)} boxes, from 1")
    values = tuple(found[chosen.query].tolist())
    return _of_box(model, chosen.query, values, f"box {chosen.number}"), chosen


@lru_cache(maxsize=KEPT)
def _of_box(model: LoadedDetector, query: int, found: tuple[float, ...], part: str) -> LoadedModel:
    prepared = prepared_box(model.prepared, query, torch.tensor(found))
    mask = _inside(prepared.box.cpu(), model.spec.preprocessing.crop)
    return LoadedModel(model.spec, prepared, model.class_list, part, mask)


def _inside(box: Tensor, side: int) -> NDArray[np.bool_]:
    """(side, side): the places of a box, of one at least."""
    left, top, right, bottom = (side * corners(box)).round().int().clamp(0, side).tolist()
    mask = np.zeros((side, side), np.bool_)
    mask[min(top, side - 1) : max(bottom, top + 1), min(left, side - 1) : max(right, left + 1)] = 1
    mask.setflags(write=False)
    return mask


def of_region(
    model: LoadedSegmenter,
    picture: Picture,
    region: int | str | NDArray[np.bool_] | None = None,
) -> tuple[LoadedModel, ClassName | None]:
    """The segmenter asked of one region; and the class of that, None of one that was drawn.

    region  a class, whose places in the picture it is, by default the one with the most; or
            (side, side) bool, of what the model sees

    Raises TargetError for a class that no place has, BadInput for another array.
    """
    if isinstance(region, np.ndarray):
        return _of_mask(model, _checked(model, region), "the region given"), None
    classes = class_map(model, picture)
    if region is None:
        name = model.classes[int(torch.bincount(classes.flatten()).argmax())]
    else:
        name = model.find_class(region)
    mask = classes == name.index
    if not bool(mask.any()):
        counts = torch.bincount(classes.flatten()).tolist()
        there = [model.classes[i].label for i, count in enumerate(counts) if count]
        raise TargetError(
            f'no place of the picture is "{name.label}"; there are: {", ".join(there)}'
        )
    return _of_mask(model, mask, f"the region of {name.label}"), name


def _checked(model: LoadedSegmenter, region: NDArray[np.bool_]) -> Tensor:
    side = model.spec.preprocessing.crop
    if region.shape != (side, side) or region.dtype != np.bool_ or not region.any():
        raise BadInput(
            f"region is an array of shape {region.shape} and {region.dtype} with "
            f"{int(np.count_nonzero(region))} places; ({side}, {side}) bool, one at least True, "
            "is accepted"
        )
    return torch.from_numpy(region.copy())


def _of_mask(model: LoadedSegmenter, mask: Tensor, part: str) -> LoadedModel:
    return _of_region(model, np.packbits(mask.numpy()).tobytes(), tuple(mask.shape), part)


@lru_cache(maxsize=KEPT)
def _of_region(
    model: LoadedSegmenter, packed: bytes, shape: tuple[int, ...], part: str
) -> LoadedModel:
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=int(np.prod(shape)))
    mask = torch.from_numpy(bits.reshape(shape).astype(np.bool_))
    prepared = prepared_region(model.prepared, mask, _grid(model))
    where = mask.numpy()
    where.setflags(write=False)
    return LoadedModel(model.spec, prepared, model.class_list, part, where)


@lru_cache(maxsize=KEPT)
def _grid(model: LoadedSegmenter) -> tuple[int, int]:
    """(h, w) of its map of logits."""
    height, width = model.prepared.logits(model.prepared.trial(1)).shape[-2:]
    return int(height), int(width)
