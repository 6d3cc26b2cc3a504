"""Writing on: tokens drawn from a language model, one after the other.

The state of the text so far is carried from token to token: the hidden state of a recurrent
network, the keys and values of a Transformer. So a token costs one step, however long the text is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.networks.modules.language import LanguageModel, State

PIECE = 256
"""Tokens of a prompt that are read at once; the state goes on from piece to piece."""

ROUNDING = 1e-6
"""Of probabilities in float32: 0.5 and 0.25 reach 0.75."""


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn from the logits; the order is that of the fields.

    repetition_penalty  divides the logit of each token that the text has already, or multiplies it
                        where it is negative; 1 changes nothing (Keskar et al., "CTRL", 2019,
                        https://arxiv.org/abs/1909.05858)
    temperature         divides the logits; 0 takes the likeliest token each time
    top_k               only the k likeliest are drawn; 0 is all (Fan et al., "Hierarchical Neural
                        Story Generation", 2018, https://arxiv.org/abs/1805.04833)
    top_p               only the likeliest that together reach this probability are drawn, at least
                        one; 1 is all (Holtzman et al., "The Curious Case of Neural Text
                        Degeneration", 2020, https://arxiv.org/abs/1904.09751)
    """

    repetition_penalty: float = 1.0
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0


@dataclass(frozen=True, eq=False)
class Drawn:
    """One step of writing.

    tokens  (batch, 1), what was drawn
    logits  (batch, vocabulary) float32 on the CPU, as the network said them
    shares  (batch, vocabulary), the probabilities by which the tokens were drawn
    """

    tokens: Tensor
    logits: Tensor
    shares: Tensor


def sample(
    network: LanguageModel,
    ids: Tensor,
    count: int,
    temperature: float = 1.0,
    top_k: int = 0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """(batch, count) tokens that go on from ids (batch, time), which has at least one.

    temperature, top_k  as in Sampling
    generator           on the CPU
    The network should be in eval mode.
    """
    steps = write(network, ids, Sampling(temperature=temperature, top_k=top_k), generator)
    written = [next(steps).tokens for _ in range(count)]
    return torch.cat(written, dim=1) if written else ids[:, :0]


@torch.no_grad()
def write(
    network: LanguageModel,
    ids: Tensor,
    sampling: Sampling,
    generator: torch.Generator | None = None,
    state: State | None = None,
    before: Tensor | None = None,
) -> Iterator[Drawn]:
    """Go on from ids (batch, time), without an end.

    state   after the text before `ids`; before, that text's tokens (batch, earlier time)
    """
    seen: Tensor | None = None  # (batch, vocabulary)
    given = ids
    while True:
        for piece in torch.split(given, PIECE, dim=1):
            logits, state = network(piece, state)
        last = logits[:, -1].float().cpu()
        if sampling.repetition_penalty != 1:
            if seen is None:
                seen = torch.zeros(last.shape, dtype=torch.bool)
                if before is not None:
                    seen.scatter_(1, before.cpu(), True)
            seen.scatter_(1, given.cpu(), True)
        shares = weigh(last, sampling, seen)
        tokens = torch.multinomial(shares, 1, generator=generator)
        given = tokens.to(ids.device)
        yield Drawn(given, last, shares)


def weigh(logits: Tensor, sampling: Sampling, seen: Tensor | None = None) -> Tensor:
    """(batch, vocabulary) logits -> probabilities by which the next token is drawn.

    seen  (batch, vocabulary), True for tokens that the text has already
    """
    if seen is not None:
        logits = torch.where(seen, penalised(logits, sampling.repetition_penalty), logits)
    if sampling.temperature == 0:
        return torch.zeros_like(logits).scatter_(1, logits.argmax(-1, keepdim=True), 1.0)
    if 0 < sampling.top_k < logits.shape[-1]:
        least = logits.topk(sampling.top_k).values[:, -1:]
        logits = logits.masked_fill(logits < least, float("-inf"))
    shares = (logits / sampling.temperature).softmax(-1)
    return nucleus(shares, sampling.top_p) if sampling.top_p < 1 else shares


def penalised(logits: Tensor, penalty: float) -> Tensor:
    """Less likely for a penalty above 1."""
    return torch.where(logits > 0, logits / penalty, logits * penalty)


def nucleus(shares: Tensor, top_p: float) -> Tensor:
    """(batch, vocabulary) probabilities -> those of the likeliest that together reach top_p."""
    ranked, order = shares.sort(dim=-1, descending=True, stable=True)
    before = ranked.double().cumsum(-1).roll(1, dims=-1)  # what the likelier ones reach
    before[:, 0] = 0.0
    kept = ranked.masked_fill((before >= top_p - ROUNDING) & (before > 0), 0.0)
    return torch.zeros_like(shares).scatter_(1, order, kept / kept.sum(-1, keepdim=True))


def choose(
    logits: Tensor, temperature: float, top_k: int, generator: torch.Generator | None
) -> Tensor:
    """(batch, vocabulary) logits -> (batch, 1) tokens."""
    shares = weigh(logits, Sampling(temperature=temperature, top_k=top_k))
    return torch.multinomial(shares, 1, generator=generator)
