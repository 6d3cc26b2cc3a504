"""What a classifier says without what a map marks most, and without as much elsewhere."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dlexplain.data.pictures import Picture
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.removal import counts, ranks
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results import Attribution, TextAttribution
from dlexplain.results.without import Without
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality.cases import picture_case, text_case
from dlexplain.services.texts.changes import words_of
from dlexplain.services.texts.models import Reading, TextModel

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Of the parts, in turn until the class is another one."""
DRAWS = 20


def picture_without(
    model: LoadedModel, picture: Picture, found: Attribution, progress: Progress | None = None
) -> Without:
    """Without the places that the map marks most, which are blurred: the least of SHARES without
    which the class is another one, or the largest.

    The map's values order the picture's smallest parts; so do DRAWS random maps as smooth as it.
    Raises BadInput for values that say nothing, Incompatible or Cancelled.
    """
    labels = [one.label for one in model.classes]
    return _without(picture_case(model, picture, found, progress), found.title, labels)


def text_without(
    model: TextModel, reading: Reading, found: TextAttribution, progress: Progress | None = None
) -> Without:
    """The same of a text's words, at least one of them."""
    labels = [one.label for one in model.classes]
    case = text_case(model, reading, found, progress)
    return _without(case, found.title, labels, words_of(reading))


@random_state_kept()
def _without(case: Case, method: str, labels: Sequence[str], words: Sequence[str] = ()) -> Without:
    """words  of a text's parts, by their numbers"""
    own, count = case.weights()[None], case.parts().count
    steps = sorted(set(counts(SHARES, count, least=1)))
    order = ranks(own, torch.Generator().manual_seed(case.seed + 1))
    whole = torch.ones((1, count), dtype=torch.bool)
    classes, sure = _best(case, torch.cat([whole, *(order >= taken for taken in steps)]))
    said, place = (
        classes[0],
        next((at for at, one in enumerate(classes[1:]) if one != classes[0]), len(steps) - 1),
    )
    taken = steps[place]
    elsewhere = ranks(case.random_weights(DRAWS), torch.Generator().manual_seed(case.seed), taken)
    others, _ = _best(case, elsewhere >= taken)
    gone = order[0].argsort()[:taken].tolist()  # the most marked first
    return Without(
        method=method,
        label=labels[said],
        probability=sure[0],
        share=taken / count,
        words=tuple(words[part] for part in gone) if words else (),
        other=labels[classes[1 + place]],
        other_probability=sure[1 + place],
        kept=others.count(said),
        draws=DRAWS,
    )


def _best(case: Case, stays: Tensor) -> tuple[list[int], list[float]]:
    """(n, parts) True where a part stays -> the class that is said, and how sure."""
    parts, first = case.parts(), torch.zeros(1, dtype=torch.int64)
    found = torch.empty((len(stays), 2), dtype=torch.float64)
    case.given.progress.plan(len(stays))
    for span, told in parts.evaluator.scores(
        lambda a, b: parts.make(stays[a:b], first.expand(b - a)), len(stays), _most
    ):
        found[span] = told.double().cpu()
    return [int(one) for one in found[:, 0]], found[:, 1].tolist()


def _most(logits: Tensor) -> Tensor:
    """(n, classes) -> (n, 2) the best class and its probability"""
    sure, best = logits.softmax(1).max(1)
    return torch.stack([best.to(sure), sure], 1)
