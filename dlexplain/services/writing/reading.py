"""How a language model reads a text: what it expected, and which earlier tokens moved a token."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from dlexplain.errors import BadInput, UnknownName, known_names
from dlexplain.explain.drawing import random_state_kept
from dlexplain.explain.next_token import Moved, input_x_gradient, integrated_gradients
from dlexplain.explain.progress import Progress
from dlexplain.models.language import State
from dlexplain.results import Influence, Reading, TokenChoice
from dlexplain.results.writing import special_name
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.reading_methods import METHODS
from dlexplain.services.writing.writing import encoded, likeliest
from dlexplain.tasks.sampling import PIECE

MOST = 2000
"""Tokens of a text that are read; of what is longer the beginning."""
WINDOW = 128
"""Earlier tokens that are asked what they moved; those before are only in the state."""
TOGETHER = 16
"""Shortened texts that are read at once."""


@random_state_kept()
def read(model: LoadedLanguageModel, text: str, progress: Progress | None = None) -> Reading:
    """Each token's probability after those before it, and the ten likeliest in its place.

    Raises BadInput for a text without a token.
    """
    ids, left_out = tokens_of(model, text)
    progress = progress or Progress()
    progress.plan(len(ids))
    tokens: list[TokenChoice] = []
    logs: list[Tensor] = []
    pieces = model.codec.pieces(ids)
    unfamiliar = model.codec.is_unfamiliar(ids)
    given, state = begun(model, ids, progress)
    with torch.no_grad():
        for start in range(0, len(ids), PIECE):
            expected = torch.tensor(ids[start : start + PIECE])
            with model.turnstile.turn():
                logits, state = model(given[:, start : start + len(expected)], state)
            found = logits[0].float().cpu().log_softmax(-1)  # (tokens, vocabulary)
            logs.append(found.gather(1, expected[:, None])[:, 0])
            for place, row in enumerate(found.exp(), start):
                share = float(row[ids[place]])
                others, special_others = likeliest(model.codec, row)
                tokens.append(
                    TokenChoice(
                        pieces[place], share, None, others, unfamiliar[place],
                        model.codec.is_special(ids[place]), special_others,
                    )
                )  # fmt: skip
            progress.advance(len(expected))
    before = tuple(map(model.codec.name, model.codec.opening))
    return Reading(model.name, tuple(tokens), torch.cat(logs).double().numpy(), left_out, before)


def begun(
    model: LoadedLanguageModel, ids: list[int], progress: Progress
) -> tuple[Tensor, State | None]:
    """(1, 1 + tokens) ids, the last token of the opening first, and the state after those of the
    opening before it, None where it is one token; raises TextError where there is none."""
    whole = model.ids(ids)
    before = whole.shape[1] - 1 - len(ids)
    return whole[:, before:], state_after(model, whole[:, :before], None, progress)


def tokens_of(model: LoadedLanguageModel, text: str, most: int = MOST) -> tuple[list[int], int]:
    """The ids of a text, at most `most`, and how many were left out; raises BadInput."""
    ids = encoded(model.codec, text)
    if not ids:
        raise BadInput(f"{model.name} finds no token in this text; type a word or more")
    return ids[:most], max(0, len(ids) - most)


@random_state_kept()
def why_token(
    model: LoadedLanguageModel,
    text: str,
    place: int,
    method: str = "integrated-gradients",
    progress: Progress | None = None,
) -> Influence:
    """What each earlier token added to log p(token `place`), places counted from 0.

    method  one of reading_methods.METHODS
    The token that stands before every text is not asked: it is what all is compared with. Raises
    BadInput where the text has no such token or it has none before it, or UnknownName.
    """
    if method not in METHODS:
        raise UnknownName(f'unknown method "{method}"; {known_names(method, METHODS)}')
    ids, _ = tokens_of(model, text)
    if not 0 < place < len(ids):
        raise BadInput(
            f"token {place} cannot be asked about; the text has tokens 0 to {len(ids) - 1}, "
            "and the first has none before it"
        )
    progress, started = progress or Progress(), time.perf_counter()
    skipped = max(0, place - WINDOW)
    before = model.ids(ids[:skipped])[:, : None if skipped else 0]
    state = state_after(model, before, None, progress)
    lead = [] if skipped else list(model.codec.opening)
    asked = Asked(model, state, lead, ids[skipped:place], ids[place])
    found = _METHODS[method](asked, progress)
    pieces = [
        special_name(piece) if model.codec.is_special(token) else piece
        for token, piece in zip(ids, model.codec.pieces(ids), strict=True)
    ]
    return Influence(
        model=model.name,
        method=method,
        title=METHODS[method].title,
        target=pieces[place],
        earlier=tuple(pieces[skipped:place]),
        values=found.values,
        skipped=skipped,
        log_probability=found.score,
        completeness_error=found.error,
        evaluations=found.evaluations,
        seconds=time.perf_counter() - started,
    )


class Asked:
    """A token, and the window of tokens before it.

    state  of what stands before the window; lead, tokens of the window that are not asked: the
           start, where there is no state
    """

    def __init__(
        self,
        model: LoadedLanguageModel,
        state: State | None,
        lead: list[int],
        earlier: list[int],
        target: int,
    ) -> None:
        self.model, self.state, self.target = model, state, target
        self.lead, self.earlier = len(lead), earlier
        self.tokens = torch.tensor([[*lead, *earlier]], device=model.device)

    def vectors(self) -> Tensor:
        """(1, lead + earlier, size)"""
        with torch.no_grad():
            found: Tensor = self.model.embedding(self.tokens)
        return found

    def score(self, vectors: Tensor) -> Tensor:
        """(batch, time, size) -> (batch,) log p(target); the caller has the model's turn."""
        # The network is told tokens for their shape; what it reads are the vectors.
        tokens = self.tokens.expand(len(vectors), -1)
        with self.model.reading(vectors):
            return self.score_tokens(tokens)

    def score_tokens(self, tokens: Tensor) -> Tensor:
        """(batch, time) -> (batch,) log p(target); the caller has the model's turn."""
        state = repeated(self.state, len(tokens))
        with self.model.last_only():
            logits, _ = self.model(tokens, state)
        return logits[:, -1].float().log_softmax(-1)[:, self.target]


def repeated(state: State | None, batch: int) -> State | None:
    """The state of one text for each of several."""
    return None if state is None else tuple(p.expand(batch, *p.shape[1:]) for p in state)


def state_after(
    model: LoadedLanguageModel, ids: Tensor, state: State | None, progress: Progress
) -> State | None:
    """Once (1, time) tokens more were read."""
    with torch.no_grad():
        for piece in torch.split(ids, PIECE, dim=1) if ids.shape[1] else ():
            with model.turnstile.turn(), model.last_only():
                _, state = model(piece, state)
            progress.check()
    return state


def _gradient(asked: Asked, progress: Progress) -> Moved:
    turnstile = asked.model.turnstile
    return _without_lead(asked, input_x_gradient(asked.score, asked.vectors(), turnstile, progress))


def _integrated(asked: Asked, progress: Progress) -> Moved:
    vectors = asked.vectors()
    baseline = torch.zeros_like(vectors)
    baseline[:, : asked.lead] = vectors[:, : asked.lead]
    turnstile = asked.model.turnstile
    found = integrated_gradients(asked.score, vectors, baseline, turnstile, progress)
    return _without_lead(asked, found)


def _without_lead(asked: Asked, found: Moved) -> Moved:
    return Moved(found.values[asked.lead :], found.score, found.error, found.evaluations)


def _leave_one_out(asked: Asked, progress: Progress) -> Moved:
    """log p(target) of the text less that of the text without the token."""
    count, tokens = len(asked.earlier), asked.tokens
    shorter = [
        torch.cat([tokens[:, :place], tokens[:, place + 1 :]], dim=1)
        for place in range(asked.lead, asked.lead + count)
    ]
    progress.plan(count + 1)
    scores: list[Tensor] = []
    for some in (tokens, *torch.split(torch.cat(shorter), TOGETHER)):
        with asked.model.turnstile.turn(), torch.no_grad():
            scores.append(asked.score_tokens(some).cpu())
        progress.advance(len(some))
    found = torch.cat(scores).double().numpy()
    return Moved((found[0] - found[1:]).astype(np.float32), float(found[0]), None, count + 1)


_METHODS: dict[str, Callable[[Asked, Progress], Moved]] = {
    "integrated-gradients": _integrated,
    "input-x-gradient": _gradient,
    "leave-one-out": _leave_one_out,
}
