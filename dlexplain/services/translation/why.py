"""Which source tokens moved what a translator wrote, and whether attention says the same."""

import json
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.errors import UnknownName
from dlexplain.evaluation.ranks import spearman
from dlexplain.explainers.base import find_method
from dlexplain.explainers.batching import Target
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.inputs.generated import TRANSLATION, TranslatedToken, scored
from dlexplain.explainers.progress import Progress
from dlexplain.explainers.source_tokens import every_gradient, every_removal
from dlexplain.params import Value
from dlexplain.results import (
    Agreement,
    Alignment,
    Candidate,
    EveryInfluence,
    SourceInfluence,
    Translation,
)
from dlexplain.services.explaining import MethodInfo, ResultCache, batch_sizes, infos_for
from dlexplain.services.translation.models import LoadedTranslator
from dlexplain.services.translation.translating import BEAM, translate, written_by

FIRST = "integrated-gradients"
BESIDE = ("input-x-gradient", "leave-one-out")
"""Methods that are asked of every token written, and shown beside the one that was chosen."""


@dataclass(frozen=True, eq=False)
class Why:
    """What moved one token of a candidate, and every one of it.

    influences  by the method that was chosen, then by those of BESIDE
    """

    influences: tuple[SourceInfluence, ...]
    every: EveryInfluence


def source_method_infos() -> tuple[MethodInfo, ...]:
    """Every method that says which source tokens moved a token."""
    return infos_for(TRANSLATION.name)


@random_state_kept()
def why_written(
    model: LoadedTranslator,
    translation: Translation,
    place: int,
    candidate: int = 0,
    progress: Progress | None = None,
    method: str = FIRST,
    **params: Value,
) -> Why:
    """Which source tokens moved log p(token at `place` | what was written before it, source).

    method  one of source_method_infos(), with its params
    Raises UnknownName where there is no such token or method, ParamError, or Cancelled.
    """
    explainer = find_method(TRANSLATION.name, method)
    request = explainer.request(TRANSLATION.name, params)
    chosen = translation.candidates[candidate]
    if not 0 <= place < len(chosen.tokens):
        raise UnknownName(
            f"no token {place} in this translation; it has 0 to {len(chosen.tokens) - 1}"
        )
    progress = progress or Progress()
    every = every_influence(model, translation, candidate, progress)
    before, done = progress.seconds, progress.done
    given = input_of(model, translation, chosen, place, progress)
    moved = explainer.explain(given, request)
    first = SourceInfluence(
        model=model.name,
        method=method,
        title=moved.title,
        target=chosen.tokens[place],
        place=place,
        tokens=translation.tokens,
        words=translation.words,
        values=moved.values,
        log_probability=float(chosen.token_log_probabilities[place]),
        completeness_error=moved.completeness_error,
        evaluations=moved.evaluations - done,
        seconds=progress.seconds - before,
        params=moved.params,
        note=moved.note,
        unit=moved.unit,
        signed=moved.signed,
    )
    rows = dict(zip(BESIDE, (every.gradient, every.removal), strict=True))
    others = (
        replace(
            first,
            method=name,
            title=find_method(TRANSLATION.name, name).title,
            values=rows[name][place],
            completeness_error=None,
            evaluations=count,
            seconds=seconds,
            params={},
            note="",
            unit="nats",
            signed=True,
        )
        for name, count, seconds in zip(rows, every.evaluations, every.seconds, strict=True)
    )
    return Why((first, *others), every)


def explain_translation(
    model: LoadedTranslator,
    text: str,
    method: str = FIRST,
    target: int | None = None,
    progress: Progress | None = None,
    beam: int = BEAM,
    prefix: str | None = None,
    **params: Value,
) -> SourceInfluence:
    """Translate a text, and say what moved the token at the place `target` of the best candidate,
    by default its last one; prefix as in translate."""
    found = translate(model, text, beam, prefix=prefix)
    place = len(found.best.tokens) - 1 if target is None else target
    return why_written(model, found, place, 0, progress, method, **params).influences[0]


def input_of(
    model: LoadedTranslator,
    translation: Translation,
    chosen: Candidate,
    place: int,
    progress: Progress,
) -> TranslatedToken:
    """A token of a candidate, ready to be explained."""
    written = written_by(model, translation, chosen)
    vectors = written.vectors()
    about = (vectors.device, model.fingerprint, model.lock)
    return TranslatedToken(
        scored(written.score_of(place), vectors, *about),
        Target(0),
        progress,
        batch_sizes(),
        scored(written.score_of_sources(place), written.source, *about),
        vectors,
        written.source,
        torch.from_numpy(translation.words < 0),
    )


@random_state_kept()
def every_influence(
    model: LoadedTranslator,
    translation: Translation,
    candidate: int = 0,
    progress: Progress | None = None,
) -> EveryInfluence:
    """What moved each token of a candidate; the same request again is answered from memory."""
    chosen = translation.candidates[candidate]
    key = json.dumps([model.name, model.fingerprint, translation.ids, chosen.ids])
    found = _influences.get(key)
    if found is not None:
        return found
    progress = progress or Progress()
    before = progress.seconds
    written = written_by(model, translation, chosen)
    leave = np.flatnonzero(translation.words >= 0).tolist()
    progress.plan(len(chosen.ids) + len(leave))
    gradient = every_gradient(written, progress)
    between = progress.seconds
    removal = every_removal(written, leave, progress)
    found = EveryInfluence(
        gradient=gradient.float().cpu().numpy(),
        removal=removal.cpu().numpy(),
        words=translation.words,
        log_probabilities=chosen.token_log_probabilities,
        evaluations=(len(chosen.ids), len(leave) + 1),
        seconds=(between - before, progress.seconds - between),
    )
    _influences.put(key, found)
    return found


def agreement(why: Why, alignment: Alignment) -> Agreement:
    """Rank correlation of attention with how much each source token, the end apart, moved the
    token written, either way; as Jain and Wallace, "Attention is not Explanation", 2019,
    https://arxiv.org/abs/1902.10186, with Spearman's correlation.

    alignment  (T, S) over tokens, not words

    Rows: attention of this token; the mean of all tokens written, NaN of Integrated Gradients,
    which is asked of one only; and, to compare with, leave-one-out itself.
    """
    own, place = why.every.words >= 0, why.influences[0].place
    one = [_size(found.values[own]) for found in why.influences]
    weights = alignment.weights[:, own].astype(np.float64)
    whole = [
        _mean([spearman(row, size) for row, size in zip(weights, _size(some[:, own]), strict=True)])
        for some in (why.every.gradient, why.every.removal)
    ]
    values = [
        [spearman(weights[place], size) for size in one],
        [float("nan"), *whole],
        [spearman(one[-1], size) for size in one],
    ]
    return Agreement(
        rows=(
            "Attention, this token",
            "Attention, all tokens",
            "Leave one out",
        ),
        methods=tuple(found.title for found in why.influences),
        values=np.array(values),
        tokens=int(own.sum()),
    )


def _size(values: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.abs(values).astype(np.float64)


def _mean(found: list[float]) -> float:
    """Of those that are known."""
    known = [value for value in found if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


_influences: ResultCache[EveryInfluence] = ResultCache()
