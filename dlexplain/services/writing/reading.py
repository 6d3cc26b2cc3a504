"""How a language model reads a text: what it expected, and which earlier tokens moved a token."""

import time

import torch
from torch import Tensor

from dlexplain.errors import BadInput
from dlexplain.explainers.base import find_method
from dlexplain.explainers.batching import Target
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.inputs.generated import NEXT_TOKEN, GeneratedToken, scored
from dlexplain.explainers.progress import Progress
from dlexplain.networks.modules.language import State
from dlexplain.params import Value
from dlexplain.results import Influence, Reading, TokenChoice
from dlexplain.results.writing import special_name
from dlexplain.services.explaining import MethodInfo, batch_sizes, infos_for
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.writing import encoded, likeliest
from dlexplain.tasks.modules.sampling import PIECE

MOST = 2000
"""Tokens of a text that are read; of what is longer the beginning."""
WINDOW = 128
"""Earlier tokens that are asked what they moved; those before are only in the state."""


def token_method_infos() -> tuple[MethodInfo, ...]:
    """Every method that says what moved a token."""
    return infos_for(NEXT_TOKEN.name)


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
            with model.lock.turn():
                logits, state = model(given[:, start : start + len(expected)], state)
            found = logits[0].float().cpu().log_softmax(-1)  # (tokens, vocabulary)
            logs.append(found.gather(1, expected[:, None])[:, 0])
            for index, row in enumerate(found.exp(), start):
                share = float(row[ids[index]])
                others, special_others = likeliest(model.codec, row)
                tokens.append(
                    TokenChoice(
                        pieces[index],
                        share,
                        None,
                        others,
                        unfamiliar[index],
                        model.codec.is_special(ids[index]),
                        special_others,
                    )
                )
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
    **params: Value,
) -> Influence:
    """What each earlier token added to log p(token `place`), places counted from 0.

    method  one of token_method_infos(), with its params
    The token that stands before every text is not asked: it is what all is compared with. Raises
    BadInput where the text has no such token or it has none before it, UnknownName or ParamError.
    """
    explainer = find_method(NEXT_TOKEN.name, method)
    request = explainer.request(NEXT_TOKEN.name, params)
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
    given = asked.given(progress)
    found = explainer.explain(given, request)
    pieces = [
        special_name(piece) if model.codec.is_special(token) else piece
        for token, piece in zip(ids, model.codec.pieces(ids), strict=True)
    ]
    return Influence(
        model=model.name,
        method=method,
        title=found.title,
        target=pieces[place],
        earlier=tuple(pieces[skipped:place]),
        values=found.values,
        skipped=skipped,
        log_probability=asked.log_probability(),
        completeness_error=found.completeness_error,
        evaluations=found.evaluations,
        seconds=time.perf_counter() - started,
        params=found.params,
        note=found.note,
        unit=found.unit,
        signed=found.signed,
    )


def explain_token(
    model: LoadedLanguageModel,
    text: str,
    method: str = "integrated-gradients",
    target: int | None = None,
    progress: Progress | None = None,
    **params: Value,
) -> Influence:
    """The same of the token at the place `target`, by default the last one of the text."""
    place = len(tokens_of(model, text)[0]) - 1 if target is None else target
    return why_token(model, text, place, method, progress, **params)


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

    def given(self, progress: Progress) -> GeneratedToken:
        """The question as methods take it."""
        vectors, model = self.vectors(), self.model
        fixed = torch.zeros(self.tokens.shape[1], dtype=torch.bool)
        fixed[: self.lead] = True
        about = (model.device, model.fingerprint, model.lock)
        return GeneratedToken(
            scored(self.score, vectors, *about),
            Target(0),
            progress,
            batch_sizes(),
            scored(self.score_tokens, self.tokens, *about),
            vectors,
            self.tokens,
            fixed,
            self.lead,
        )

    def log_probability(self) -> float:
        """Of the token after those of the window."""
        with self.model.lock.turn(), torch.no_grad():
            return float(self.score_tokens(self.tokens))

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
            with model.lock.turn(), model.last_only():
                _, state = model(piece, state)
            progress.check()
    return state
