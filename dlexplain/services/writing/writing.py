"""Letting a language model write: a text goes on token by token, and can be stopped."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from dlexplain.data.text_codec import Pieces, TextCodec
from dlexplain.errors import BadInput, ParamError, TextError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.networks.modules.language import State
from dlexplain.params import Value, as_dict, parse
from dlexplain.results import TokenChoice, Writing
from dlexplain.services.loading import load
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.settings import WritingParams
from dlexplain.tasks.modules.sampling import PIECE, Drawn, Sampling, write

ALTERNATIVES = 10
LONGEST_TEXT = 1_000_000
"""Characters; a text beyond is refused before it is split into tokens."""


@random_state_kept()
def generate(
    model: LoadedLanguageModel | str = "",
    prompt: str = "",
    progress: Progress | None = None,
    tell: Callable[[TokenChoice], None] = lambda token: None,
    **params: Value,
) -> Writing:
    """Go on from a prompt; without one, from the beginning of a text.

    model   a loaded one or its name; the zoo's first where none is given
    tell    is called with each token as soon as it is written
    params  count, temperature, top_k, top_p, repetition_penalty, seed, start: see WritingParams

    It stops before `count` where the model ends the text (EOS). The same seed writes the same
    text. Raises UnknownName, ParamError, WeightsError, TextError or Cancelled.
    """
    wanted = parse(WritingParams, params)
    loaded = model if isinstance(model, LoadedLanguageModel) else load(LoadedLanguageModel, model)
    progress = progress or Progress()
    ids = encoded(loaded.codec, prompt)
    front = put_before(loaded, wanted.start, empty=not ids)
    progress.plan(wanted.count)
    started = time.perf_counter()
    written: list[TokenChoice] = []
    pieces = Pieces(loaded.codec)
    for token in ids[-PIECE:]:
        pieces.add(token)  # a blank or a part of a character may be before the first one
    ended = False
    given = torch.tensor([[*front, *ids]], device=loaded.device)
    for drawn in islice(_steps(loaded, given, wanted, progress), wanted.count):
        written.append(_choice(loaded.codec, pieces, drawn))
        tell(written[-1])
        progress.advance(1)
        ended = int(drawn.tokens) in loaded.codec.ends
        if ended:
            break
    return Writing(
        loaded.name,
        prompt,
        tuple(written),
        as_dict(wanted),
        time.perf_counter() - started,
        loaded.fingerprint,
        unfamiliar_share(loaded.codec, ids),
        ended,
        tuple(map(loaded.codec.name, front)),
    )


def put_before(model: LoadedLanguageModel, start: str, empty: bool) -> tuple[int, ...]:
    """The ids that stand before a prompt; `empty` where it has no token of its own.

    start  "auto", "yes" or "no" of WritingParams
    Raises ParamError, or TextError, where nothing would be left to go on from.
    """
    codec = model.codec
    front = () if start == "no" else codec.opening if start == "yes" else codec.usual
    if start == "yes" and not front:
        raise ParamError(
            f'start is "yes"; {model.name} knows no token that begins a text (BOS or EOS), so '
            "auto and no are accepted"
        )
    if empty and start == "auto":
        front = codec.opening
    if empty and not front:
        raise TextError(
            f"there is nothing that {model.name} could go on from: the prompt is empty and no "
            "token that begins a text (BOS or EOS) stands before it; type a word or more"
        )
    return front


def encoded(codec: TextCodec, text: str) -> list[int]:
    """A text's ids; raises BadInput for one that is too long to be split."""
    if len(text) > LONGEST_TEXT:
        raise BadInput(
            f"the text has {len(text):,} characters; at most {LONGEST_TEXT:,} are accepted"
        )
    return codec.encode(text)


def unfamiliar_share(codec: TextCodec, ids: Sequence[int]) -> float:
    """Of tokens that are unknown or only a part of a character; 0 where there is no token."""
    return float(np.mean(codec.is_unfamiliar(ids))) if ids else 0.0


def likeliest(
    codec: TextCodec, shares: Tensor
) -> tuple[tuple[tuple[str, float], ...], tuple[str, ...]]:
    """The ten likeliest tokens of (vocabulary,) probabilities, and which of them are special."""
    best = shares.topk(min(ALTERNATIVES, len(shares)))
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    special = tuple(codec.name(token) for token in best.indices.tolist() if codec.is_special(token))
    return tuple((codec.name(token), share) for token, share in pairs), special


def _steps(
    model: LoadedLanguageModel, given: Tensor, params: WritingParams, progress: Progress
) -> Iterator[Drawn]:
    """After (1, time) ids; each takes a turn of its own, so that others can go between."""
    sampling = Sampling(
        repetition_penalty=params.repetition_penalty,
        temperature=params.temperature,
        top_k=params.top_k,
        top_p=params.top_p,
    )
    *before, last = torch.split(given, PIECE, dim=1)
    state: State | None = None
    with torch.no_grad():
        for piece in before:
            with model.lock.turn(), model.last_only():
                _, state = model(piece, state)
            progress.check()
    read = torch.cat(before, dim=1) if before else None
    generator = torch.Generator().manual_seed(params.seed)
    steps = write(model, last, sampling, generator, state, read)
    while True:
        with model.lock.turn(), model.last_only():
            drawn = next(steps)
        yield drawn


def _choice(codec: TextCodec, pieces: Pieces, drawn: Drawn) -> TokenChoice:
    token = int(drawn.tokens)
    shares = drawn.logits[0].softmax(-1)
    others, special_others = likeliest(codec, shares)
    return TokenChoice(
        piece=pieces.add(token),
        probability=float(shares[token]),
        drawn=float(drawn.shares[0, token]),
        alternatives=others,
        unfamiliar=codec.is_unfamiliar([token])[0],
        special=codec.is_special(token),
        special_alternatives=special_others,
    )
