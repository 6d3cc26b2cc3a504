"""Writing a target with a translator: the likeliest token each time, or the best of several paths.

Beam search as in Wu et al., "Google's Neural Machine Translation System", 2016,
https://arxiv.org/abs/1609.08144: a hypothesis of n tokens has the score
log p / ((5 + n) / 6)^penalty.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.models.translator import BOS, EOS, PAD, Memory, Translator

NEVER = float("-inf")


def length_norm(length: int, penalty: float) -> float:
    """What a log-probability of `length` tokens, EOS included, is divided by."""
    return float(((5 + length) / 6) ** penalty)


def _allowed(log_probabilities: Tensor) -> Tensor:
    """Padding and the beginning are never written."""
    log_probabilities = log_probabilities.clone()
    log_probabilities[:, [PAD, BOS]] = NEVER
    return log_probabilities


@torch.no_grad()
def greedy(network: Translator, source: Tensor, limit: int) -> Tensor:
    """(batch, S) ids -> (batch, at most limit) ids: the likeliest each time, PAD behind EOS."""
    memory = network.encode(source)
    state = network.start(memory)
    last = torch.full((len(source),), BOS, device=source.device)
    done = torch.zeros_like(last, dtype=torch.bool)
    written: list[Tensor] = []
    while len(written) < limit and not done.all():
        scores, state = network.step(last, memory, state)
        last = _allowed(scores).argmax(-1).masked_fill(done, PAD)
        written.append(last)
        done |= last == EOS
    return torch.stack(written, dim=1)


@dataclass(eq=False)
class _Beams:
    """Open paths and, of each sentence, the best one that ended.

    tokens  (batch, width, length); score (batch, width), log p
    best, best_score (batch, limit) padded, (batch,); ended (batch,) how many paths did
    """

    tokens: Tensor
    score: Tensor
    best: Tensor
    best_score: Tensor
    ended: Tensor

    def end(self, tokens: Tensor, score: Tensor) -> None:
        """Take over what is better: tokens (batch, any, length), score (batch, any) normed."""
        score, place = score.max(1)  # (batch,)
        better = score > self.best_score
        chosen = tokens[torch.arange(len(tokens), device=place.device), place]  # (batch, length)
        self.best[better, : chosen.shape[1]] = chosen[better]
        self.best_score = torch.where(better, score, self.best_score)


@torch.no_grad()
def beam(
    network: Translator, source: Tensor, limit: int, width: int, penalty: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Of each sentence the best hypothesis, (batch, limit) ids, PAD behind EOS; (batch,) scores.

    A sentence is done when `width` hypotheses ended; where none did within `limit` tokens, the
    best open one is taken.
    """
    batch = len(source)
    memory = {key: t.repeat_interleave(width, 0) for key, t in network.encode(source).items()}
    state = network.start(memory)
    score = torch.full((batch, width), NEVER, device=source.device)
    score[:, 0] = 0.0  # all paths begin the same, so only one of them counts
    paths = _Beams(
        tokens=source.new_zeros(batch, width, 0),
        score=score,
        best=source.new_full((batch, limit), PAD),
        best_score=score.new_full((batch,), NEVER),
        ended=source.new_zeros(batch),
    )
    last = source.new_full((batch * width,), BOS)
    for length in range(1, limit + 1):
        log_p, state = network.step(last, memory, state)
        rows = _grow(paths, _allowed(log_p), length_norm(length, penalty))
        if bool((paths.ended >= width).all()):
            break
        state = _follow(state, rows)
        last = paths.tokens[:, :, -1].flatten()
    unfinished = paths.ended == 0
    if bool(unfinished.any()):
        score = paths.score / length_norm(paths.tokens.shape[2], penalty)
        paths.end(paths.tokens, score.masked_fill(~unfinished[:, None], NEVER))
    return paths.best, paths.best_score


def _grow(paths: _Beams, log_p: Tensor, norm: float) -> Tensor:
    """One token more. Returns (batch * width,) rows that the open paths came from.

    Of twice as many candidates as paths, those that end among the first `width` are done, and the
    first `width` that do not end go on; so with width 1 the likeliest token is taken.
    """
    batch, width, _ = paths.tokens.shape
    vocabulary = log_p.shape[-1]
    total = (paths.score.flatten()[:, None] + log_p).view(batch, width * vocabulary)
    score, flat = total.topk(min(2 * width, total.shape[1]), dim=1)  # descending
    parent, token = flat // vocabulary, flat % vocabulary  # (batch, 2 width)
    before = paths.tokens.gather(1, parent[..., None].expand(-1, -1, paths.tokens.shape[2]))
    tokens = torch.cat([before, token[..., None]], dim=2)  # (batch, 2 width, length)
    ends = token == EOS
    open_sentence = paths.ended < width
    done = ends & (torch.arange(score.shape[1], device=score.device) < width) & (score > NEVER)
    done &= open_sentence[:, None]
    paths.end(tokens, (score / norm).masked_fill(~done, NEVER))
    paths.ended = paths.ended + done.sum(1)
    # A stable sort brings those that go on to the front, in the order of their scores.
    going = ends.int().argsort(dim=1, stable=True)[:, :width]
    paths.tokens = tokens.gather(1, going[..., None].expand(-1, -1, tokens.shape[2]))
    paths.score = score.masked_fill(ends, NEVER).gather(1, going)
    first = torch.arange(batch, device=score.device)[:, None] * width
    return (first + parent.gather(1, going)).flatten()


def _follow(state: Memory, rows: Tensor) -> Memory:
    return {key: tensor[rows] for key, tensor in state.items()}
