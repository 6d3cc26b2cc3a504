"""Writing on: tokens drawn from a language model, one after the other."""

import torch
from torch import Tensor

from dlexplain.models.language import LanguageModel


@torch.no_grad()
def sample(
    network: LanguageModel,
    ids: Tensor,
    count: int,
    temperature: float = 1.0,
    top_k: int = 0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """(batch, count) tokens that go on from ids (batch, time), which has at least one.

    temperature  divides the logits; 0 takes the likeliest token each time
    top_k        draws from the k likeliest only; 0 from all
    generator    on the CPU
    The network should be in eval mode.
    """
    written: list[Tensor] = []
    given, state = ids, None
    for _ in range(count):
        logits, state = network(given, state)
        given = choose(logits[:, -1].float().cpu(), temperature, top_k, generator).to(ids.device)
        written.append(given)
    return torch.cat(written, dim=1) if written else ids[:, :0]


def choose(
    logits: Tensor, temperature: float, top_k: int, generator: torch.Generator | None
) -> Tensor:
    """(batch, vocabulary) logits -> (batch, 1) tokens."""
    if temperature == 0:
        return logits.argmax(-1, keepdim=True)
    if 0 < top_k < logits.shape[-1]:
        least = logits.topk(top_k).values[:, -1:]
        logits = logits.masked_fill(logits < least, float("-inf"))
    shares = (logits / temperature).softmax(-1)
    return torch.multinomial(shares, 1, generator=generator)
