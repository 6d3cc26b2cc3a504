"""Translating a text: candidates with their scores, and where the network looked."""

import json
import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.errors import ParamError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.source_tokens import Written
from dlexplain.networks.modules.translator import BOS, PAD, CrossAttends
from dlexplain.results import (
    Candidate,
    CrossAttention,
    Translation,
)
from dlexplain.services.explaining import ResultCache
from dlexplain.services.loading import load
from dlexplain.services.translation.models import LoadedTranslator
from dlexplain.tasks.modules.decoding import Hypothesis, hypotheses

BEAM, WIDEST = 5, 32
"""Width of the search where none is given, and at most."""
TOGETHER = 8
"""Candidates whose probabilities are computed at once."""


@random_state_kept()
def translate(
    model: LoadedTranslator | str,
    text: str,
    beam: int = BEAM,
    length_penalty: float | None = None,
    prefix: str | None = None,
) -> Translation:
    """Every translation that a beam search ends with, the best first.

    model           from load, or its name
    beam            1 to 32 paths side by side; 1 is greedy: the likeliest token each time
    length_penalty  0 to 3, larger favours longer ones; by default the one of the model's test
    prefix          of a user's own model, what is read before the text, such as T5's "translate
                    English to German: "; by default what its config names

    The same request again is answered from memory. Raises TextError, ParamError or UnknownName.
    """
    model = load(LoadedTranslator, model) if isinstance(model, str) else model
    penalty = model.length_penalty if length_penalty is None else length_penalty
    if not 1 <= beam <= WIDEST:
        raise ParamError(f"beam is {beam}; it takes a whole number from 1 to {WIDEST}")
    if not 0 <= penalty <= 3:
        raise ParamError(f"length_penalty is {penalty}; it takes a number from 0 to 3")
    before = model.prefix if prefix is None else prefix
    key = json.dumps([model.name, model.fingerprint, before, text, beam, penalty])
    found = _translations.get(key)
    if found is None:
        found = _translate(model, text, before, beam, penalty)
        _translations.put(key, found)
    return found


def _translate(
    model: LoadedTranslator, text: str, prefix: str, beam: int, penalty: float
) -> Translation:
    started = time.perf_counter()
    reading = model.read(text, prefix)
    source = model.ids(reading)
    with model.lock.turn():
        (found,) = hypotheses(model.translator, source, model.limit(source), beam, penalty)
        sure = _token_log_probabilities(model, source, [one.tokens for one in found])
    pairs = zip(found, sure, strict=True)
    return Translation(
        model=model.name,
        languages=model.languages,
        text=text,
        tokens=reading.tokens,
        ids=tuple(reading.ids.tolist()),
        words=reading.words,
        candidates=tuple(_candidate(model, one, each) for one, each in pairs),
        beam=beam,
        length_penalty=penalty,
        unknown=reading.unknown,
        left=reading.left,
        seconds=time.perf_counter() - started,
        model_fingerprint=model.fingerprint,
        prefix=prefix,
    )


@torch.no_grad()
def _token_log_probabilities(
    model: LoadedTranslator, source: Tensor, written: Sequence[tuple[int, ...]]
) -> list[NDArray[np.float32]]:
    """By teacher forcing, (tokens,) of each."""
    found = []
    for first in range(0, len(written), TOGETHER):
        some = written[first : first + TOGETHER]
        target = source.new_full((len(some), 1 + max(map(len, some))), PAD)
        target[:, 0] = BOS
        for row, ids in zip(target, some, strict=True):
            row[1 : 1 + len(ids)] = torch.tensor(ids)
        logits = model.translator(source.expand(len(some), -1), target[:, :-1])
        sure = logits.float().log_softmax(-1).gather(2, target[:, 1:, None])[..., 0].cpu().numpy()
        found += [row[: len(ids)] for row, ids in zip(sure, some, strict=True)]
    return found


def _candidate(model: LoadedTranslator, one: Hypothesis, sure: NDArray[np.float32]) -> Candidate:
    return Candidate(
        text=model.texts.text(one.tokens),
        tokens=model.texts.pieces(one.tokens),
        ids=one.tokens,
        words=model.target_words(one.tokens),
        log_probability=one.log_probability,
        score=one.score,
        token_log_probabilities=sure,
        ended=one.ended,
    )


@torch.no_grad()
@random_state_kept()
def cross_attention(
    model: LoadedTranslator, translation: Translation, place: int = 0
) -> CrossAttention:
    """Where the network looked while it wrote a candidate: the model's own weights."""
    candidate = translation.candidates[place]
    written = written_by(model, translation, candidate)
    source, target = written.source, written.target[:, :-1]
    with model.lock.turn():
        if isinstance(model.network, CrossAttends):
            found = model.network.cross_attention(source, target)[0]  # (layers, heads, T, S)
        else:
            found = model.translator.alignment(source, target)  # (1, T, S)
            found = found[:, None]
    return CrossAttention(
        weights=found.float().cpu().numpy(),
        usual=max(found.shape[0] - 2, 0),
        rows=candidate.tokens,
        columns=translation.tokens,
        row_words=candidate.words,
        column_words=translation.words,
    )


def written_by(model: LoadedTranslator, translation: Translation, candidate: Candidate) -> Written:
    """A candidate as explanations take it."""
    return Written(
        network=model.translator,
        table=model.table,
        source=torch.tensor([translation.ids], device=model.device),
        target=torch.tensor([[BOS, *candidate.ids]], device=model.device),
        lock=model.lock,
    )


_translations: ResultCache[Translation] = ResultCache()
