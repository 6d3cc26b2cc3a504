"""Why a box or a region has its class, by every method of pictures."""

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.fit import Fit
from dlexplain.data.pictures import Picture, Source, read_picture
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import Attribution
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.objects.models import LoadedDetector, LoadedSegmenter
from dlexplain.services.objects.parts import of_box, of_region
from dlexplain.services.pictures.explain import as_picture, explain, method_infos


@random_state_kept()
def explain_box(
    model: LoadedDetector,
    picture: Source | Picture,
    method: str = "",
    target: int | str | None = None,
    contrast: int | str | None = None,
    progress: Progress | None = None,
    fit: Fit | str | None = None,
    alone: bool = False,
    segments: Source | None = None,
    box: int | None = None,
    **params: Value,
) -> Attribution:
    """Which parts of the picture speak for `target` in one box.

    box     its number in `detect`, from 1; by default the most probable one, of the class `target`
            where one is given
    target  index or name of a class, "no object" among them; by default the box's own
    the others as dlexplain.services.pictures.explain.explain takes them

    The score is the logit that the detector's query of this box has for the class. Methods that
    change the picture ask the same query, which may find another object in what is left; D-RISE
    looks for the box among all.

    Raises BadInput, TargetError, PictureError, UnknownName, ParamError, Incompatible or Cancelled.
    """
    read = as_picture(picture, fit, model.spec.preprocessing.fit)
    part, chosen = of_box(model, read, box, target)
    wanted = chosen.score.name.index if target is None else target
    return explain(part, read, method, wanted, contrast, progress, None, alone, segments, **params)


@random_state_kept()
def explain_region(
    model: LoadedSegmenter,
    picture: Source | Picture,
    method: str = "",
    target: int | str | None = None,
    contrast: int | str | None = None,
    progress: Progress | None = None,
    fit: Fit | str | None = None,
    alone: bool = False,
    segments: Source | None = None,
    region: int | str | NDArray[np.bool_] | None = None,
    **params: Value,
) -> Attribution:
    """Which parts of the picture speak for `target` in a region.

    region  a class, whose places in the picture it is, by default the one with the most; or
            (side, side) bool of what the model sees
    target  index or name of a class; by default the region's own, of an array the one with the
            largest score
    the others as dlexplain.services.pictures.explain.explain takes them

    The score is the mean over the region of the class's logits (Seg-Grad-CAM, Vinogradova et al.
    2020, https://arxiv.org/abs/2002.11434); probabilities are the softmax of these means.

    Raises BadInput, TargetError, PictureError, UnknownName, ParamError, Incompatible or Cancelled.
    """
    read = as_picture(picture, fit, model.spec.preprocessing.fit)
    part, name = of_region(model, read, region)
    wanted = name.index if target is None and name is not None else target
    return explain(part, read, method, wanted, contrast, progress, None, alone, segments, **params)


def box_method_infos(model: LoadedDetector) -> tuple[MethodInfo, ...]:
    """The methods that explain its boxes."""
    return method_infos(of_box(model, _grey(model))[0])


def region_method_infos(model: LoadedSegmenter) -> tuple[MethodInfo, ...]:
    """The methods that explain its regions."""
    side = model.spec.preprocessing.crop
    return method_infos(of_region(model, _grey(model), np.ones((side, side), np.bool_))[0])


def _grey(model: LoadedDetector | LoadedSegmenter) -> Picture:
    """Any picture: which methods there are depends on the network alone."""
    side = model.spec.preprocessing.crop
    return read_picture(np.full((side, side, 3), 128, np.uint8), "grey")
