"""Greedy and beam search against what trying everything finds."""

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from dlexplain.networks.base import PairShape
from dlexplain.networks.modules.translator import BOS, EOS, PAD, Memory
from dlexplain.tasks.modules.decoding import beam, greedy, hypotheses, length_norm, most_tokens
from tests.networks.test_translators import KINDS, network, some_pairs

LIMIT = 4
WORDS = (1, 4, 5)
"""What can be written beside EOS: the vocabulary has 6, PAD and BOS are never written."""


def tiny(kind: str) -> tuple[torch.nn.Module, Tensor]:
    net = network(kind, PairShape(6, 6, joint=True))
    with torch.no_grad():  # as drawn, all would be nearly as likely
        net.source_embedding.weight.mul_(3)
    return net, some_pairs(5, longest=4, vocabulary=6)[0]


@torch.no_grad()
def likelihood(net: torch.nn.Module, source: Tensor, written: tuple[int, ...]) -> float:
    target = torch.tensor([[BOS, *written]])
    found = net(source[None], target[:, :-1]).log_softmax(-1)[0]
    return float(sum(found[place, token] for place, token in enumerate(written)))


def everything() -> list[tuple[int, ...]]:
    return [(*words, EOS) for n in range(LIMIT) for words in product(WORDS, repeat=n)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
def test_a_wide_beam_finds_what_trying_everything_finds(kind: str, penalty: float) -> None:
    net, source = tiny(kind)
    found, scores = beam(net, source, LIMIT, width=50, penalty=penalty)
    for row, one in enumerate(source):
        best = max(
            (likelihood(net, one, w) / length_norm(len(w), penalty), w) for w in everything()
        )
        assert tuple(found[row].tolist()) == best[1] + (PAD,) * (LIMIT - len(best[1]))
        assert float(scores[row]) == pytest.approx(best[0], rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_width_one_is_greedy(kind: str) -> None:
    source, _ = some_pairs(20)
    for seed in range(3):
        net = network(kind)
        with torch.no_grad():
            generator = torch.Generator().manual_seed(seed)
            net.bias += torch.randn(net.bias.shape, generator=generator)
            net.bias[EOS] += 1.0
        one, _ = beam(net, source, 9, width=1, penalty=1.0)
        written = greedy(net, source, 9)
        assert torch.equal(one[:, : written.shape[1]], written)
        assert not one[:, written.shape[1] :].any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_wider_beam_is_never_less_likely_and_rows_do_not_mix(kind: str) -> None:
    net, source = tiny(kind)
    _, narrow = beam(net, source, LIMIT, width=1, penalty=0.0)
    _, wide = beam(net, source, LIMIT, width=50, penalty=0.0)
    assert (wide >= narrow - 1e-5).all()
    together, scores = beam(net, source, LIMIT, width=3)
    for row in range(len(source)):
        alone, score = beam(net, source[row : row + 1], LIMIT, width=3)
        assert torch.equal(alone[0], together[row])
        assert float(score) == pytest.approx(float(scores[row]), rel=1e-4)


class Endless:
    """Never ends, and likes 5 more than 4."""

    def encode(self, source: Tensor) -> Memory:
        return {"source": source}

    def start(self, memory: Memory) -> Memory:
        return {"none": memory["source"][:, :0]}

    def step(self, last: Tensor, memory: Memory, state: Memory) -> tuple[Tensor, Memory]:
        scores = torch.full((len(last), 6), float("-inf"))
        scores[:, 4:] = torch.tensor([0.25, 0.75]).log()
        return scores, state


def test_what_never_ends_is_cut() -> None:
    source = torch.tensor([[4, EOS]])
    written, score = beam(Endless(), source, 3, width=2, penalty=0.0)  # type: ignore[arg-type]
    assert written.tolist() == [[5, 5, 5]]
    assert float(score.exp()) == pytest.approx(0.75**3)
    assert greedy(Endless(), source, 3).tolist() == [[5, 5, 5]]  # type: ignore[arg-type]


def test_the_norm_is_wus() -> None:
    assert length_norm(1, 1.0) == 1.0
    assert length_norm(7, 0.5) == pytest.approx(2**0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_hypotheses_have_the_scores_of_teacher_forcing_and_begin_with_the_best(kind: str) -> None:
    net, source = tiny(kind)
    best, scores = beam(net, source, LIMIT, width=4, penalty=1.0)
    for row, found in enumerate(hypotheses(net, source, LIMIT, width=4, penalty=1.0)):
        assert len(found) >= 2
        assert len({one.tokens for one in found}) == len(found)
        assert [one.score for one in found] == sorted((o.score for o in found), reverse=True)
        assert found[0].tokens == tuple(t for t in best[row].tolist() if t != PAD)
        assert found[0].score == pytest.approx(float(scores[row]), rel=1e-6)
        for one in found:
            assert one.ended
            direct = likelihood(net, source[row], one.tokens)
            assert one.log_probability == pytest.approx(direct, rel=1e-4, abs=1e-5)
            assert one.score == pytest.approx(direct / length_norm(len(one.tokens), 1.0), rel=1e-4)


def test_a_wide_beams_hypotheses_are_everything() -> None:
    net, source = tiny("gru-attention")
    (found,) = hypotheses(net, source[:1], LIMIT, width=120, penalty=0.0)
    assert {one.tokens for one in found} == set(everything())
    # With what never ended they are all there is, so each is at most as likely as what is left.
    assert 0 < sum(math.exp(one.log_probability) for one in found) < 1


def test_what_never_ends_is_given_open() -> None:
    source = torch.tensor([[4, EOS]])
    (found,) = hypotheses(Endless(), source, 3, width=2, penalty=0.0)  # type: ignore[arg-type]
    assert found[0].tokens == (5, 5, 5)
    assert sorted(found[1].tokens) == [4, 5, 5]
    assert not any(one.ended for one in found)
    assert math.exp(found[1].log_probability) == pytest.approx(0.75**2 * 0.25)


def test_a_translation_may_be_as_long_as_the_data_or_twice_the_source() -> None:
    assert most_tokens(12, torch.zeros(1, 4)) == 12
    assert most_tokens(12, torch.zeros(1, 9)) == 18
