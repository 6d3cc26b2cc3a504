"""The class of each place of a picture, by a segmenter."""

import torch
from torch import Tensor

from dlexplain.data.fit import Fit
from dlexplain.data.pictures import Picture, Source
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.regions import enlarged_logits
from dlexplain.results import Region, Segmentation
from dlexplain.services.objects.models import LoadedSegmenter
from dlexplain.services.pictures.explain import as_picture


@random_state_kept()
def segment(
    model: LoadedSegmenter, picture: Source | Picture, fit: Fit | str | None = None
) -> Segmentation:
    """The most probable class of each place of what the model sees of the picture.

    The map of logits is enlarged to the square that the model sees, bilinear.

    picture  a path, encoded bytes, a PIL image, or an array (height, width[, 1, 3 or 4])
    fit      how the picture is made into the model's square, see Fit; by default as it was
             measured to be usual, mostly "squash"

    Raises PictureError, or ParamError for another fit.
    """
    read = as_picture(picture, fit, model.spec.preprocessing.fit)
    view = model.view(read)
    classes = class_map(model, read)
    counts = torch.bincount(classes.flatten(), minlength=len(model.classes))
    order = counts.argsort(descending=True, stable=True).tolist()
    total = classes.numel()
    regions = [Region(model.classes[i], int(counts[i]) / total) for i in order if counts[i]]
    return Segmentation(read.name, model.name, classes.numpy(), tuple(regions), view, str(read.fit))


def class_map(model: LoadedSegmenter, picture: Picture) -> Tensor:
    """(side, side) int64 on the CPU, the index of each place's class."""
    view = model.view(picture)
    logits = model.prepared.answer(model.to_input(view))
    height, width = view.shape[:2]
    return enlarged_logits(logits, (height, width)).argmax(1)[0].cpu()
