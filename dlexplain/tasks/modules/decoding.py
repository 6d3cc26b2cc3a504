"""Writing a target with a translator: the likeliest token each time, or the best of several paths.

Beam search as in Wu et al., "Google's Neural Machine Translation System", 2016,
https://arxiv.org/abs/1609.08144: a hypothesis of n tokens has the score
log p / ((5 + n) / 6)^penalty.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from dlexplain.networks.modules.translator import BOS, EOS, PAD, Memory, Translator

NEVER = float("-inf")


def length_norm(length: int, penalty: float) -> float:
    """What a log-probability of `length` tokens, EOS included, is divided by."""
    return float(((5 + length) / 6) ** penalty)


def most_tokens(longest: int, source: Tensor) -> int:
    """Tokens that translations of (batch, S) sources may have; `longest` target of the data."""
    return max(longest, 2 * source.shape[1])


@dataclass(frozen=True)
class Hypothesis:
    """One translation of a sentence that a search found.

    tokens           ids as written, EOS the last where it ended
    log_probability  log p(tokens | source), in nats
    score            the same over `length_norm`
    """

    tokens: tuple[int, ...]
    log_probability: float
    score: float

    @property
    def ended(self) -> bool:
        return self.tokens[-1:] == (EOS,)


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
    kept    every hypothesis of each sentence; None where only the best is wanted
    """

    tokens: Tensor
    score: Tensor
    best: Tensor
    best_score: Tensor
    ended: Tensor
    kept: list[list[Hypothesis]] | None = field(default=None)

    def end(self, tokens: Tensor, log_p: Tensor, norm: float) -> None:
        """Take over what is better: tokens (batch, any, length), log_p (batch, any)."""
        if self.kept is not None:
            for row, place in (log_p > NEVER).nonzero().tolist():
                sure = float(log_p[row, place])
                found = Hypothesis(tuple(tokens[row, place].tolist()), sure, sure / norm)
                self.kept[row].append(found)
        score, place = (log_p / norm).max(1)  # (batch,)
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
    paths = _search(network, source, limit, width, penalty, keep=False)
    return paths.best, paths.best_score


@torch.no_grad()
def hypotheses(
    network: Translator, source: Tensor, limit: int, width: int, penalty: float = 1.0
) -> list[list[Hypothesis]]:
    """The same search's every hypothesis, of each sentence the best first: those that ended, or
    the open ones where none did. The first is what `beam` gives."""
    kept = _search(network, source, limit, width, penalty, keep=True).kept
    assert kept is not None
    return [sorted(found, key=lambda one: -one.score) for found in kept]


def _search(
    network: Translator, source: Tensor, limit: int, width: int, penalty: float, keep: bool
) -> _Beams:
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
        kept=[[] for _ in range(batch)] if keep else None,
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
        open_ones = paths.score.masked_fill(~unfinished[:, None], NEVER)
        paths.end(paths.tokens, open_ones, length_norm(paths.tokens.shape[2], penalty))
    return paths


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
    paths.end(tokens, score.masked_fill(~done, NEVER), norm)
    paths.ended = paths.ended + done.sum(1)
    # A stable sort brings those that go on to the front, in the order of their scores.
    going = ends.int().argsort(dim=1, stable=True)[:, :width]
    paths.tokens = tokens.gather(1, going[..., None].expand(-1, -1, tokens.shape[2]))
    paths.score = score.masked_fill(ends, NEVER).gather(1, going)
    first = torch.arange(batch, device=score.device)[:, None] * width
    return (first + parent.gather(1, going)).flatten()


def _follow(state: Memory, rows: Tensor) -> Memory:
    return {key: tensor[rows] for key, tensor in state.items()}
