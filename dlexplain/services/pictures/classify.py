"""The classes of a picture."""

from dataclasses import replace

from dlexplain.data.fit import Fit, read_fit
from dlexplain.data.pictures import Picture, Source, read_picture
from dlexplain.errors import BadInput
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.results import ClassScore, Prediction
from dlexplain.services.pictures.models import LoadedModel

USUAL = 5
"""Classes of a prediction."""


def as_picture(source: Source | Picture, fit: Fit | str | None = None) -> Picture:
    """A Picture as it is; anything else is read and checked (raises PictureError).

    fit  how it is made into the model's square, where that is not to stay; raises ParamError
    """
    wanted = None if fit is None else read_fit(fit)
    picture = source if isinstance(source, Picture) else read_picture(source)
    return picture if wanted is None else replace(picture, fit=wanted)


@random_state_kept()
def classify(
    model: LoadedModel,
    picture: Source | Picture,
    top: int | None = None,
    fit: Fit | str | None = None,
) -> Prediction:
    """The `top` most probable classes, best first; by default five, or all of fewer.

    picture  a path, encoded bytes, a PIL image, or an array (height, width[, 1, 3 or 4])
    fit      "crop" (the middle, by default), "crop:X,Y", "pad" or "squash", see Fit
    Raises PictureError, ParamError for another fit, or BadInput for a `top` outside 1 to the count
    of classes.
    """
    count = len(model.classes)
    top = min(USUAL, count) if top is None else top
    if not 1 <= top <= count:
        raise BadInput(f"top is {top}; it takes a whole number from 1 to {count}")
    read = as_picture(picture, fit)
    logits = model.prepared.logits(model.to_input(model.view(read)))
    best = logits[0].float().softmax(0).topk(top)
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    scores = tuple(ClassScore(model.classes[i], probability) for i, probability in pairs)
    return Prediction(read.name, model.name, scores, str(read.fit))
