"""Writing on: greedy, cut to the likeliest, as likely as said, and with the state carried."""

import pytest
import torch
from torch import Tensor

from dlexplain.networks.base import LanguageShape
from dlexplain.networks.modules.language import State
from dlexplain.networks.modules.rnn_lm import RecurrentLM
from dlexplain.networks.modules.transformer_lm import TransformerLM
from dlexplain.networks.rnn_lm import Params as RecurrentParams
from dlexplain.networks.transformer_lm import Params as TransformerParams
from dlexplain.tasks.modules.sampling import Sampling, choose, sample, weigh, write
from tests.writers import writer

SHARES = torch.tensor([0.5, 0.25, 0.15, 0.1])


class Counts:
    """Says the token after the last one, and remembers how many it has seen."""

    def __call__(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        seen = tokens.shape[1] + (0 if state is None else int(state[0][0]))
        logits = torch.nn.functional.one_hot((tokens + 1) % 5, 5).float() * 9
        return logits, (torch.full((len(tokens),), seen),)


def test_it_goes_on_from_the_last_token() -> None:
    found = sample(Counts(), torch.tensor([[0, 1], [3, 4]]), 4, temperature=0)
    assert found.tolist() == [[2, 3, 4, 0], [0, 1, 2, 3]]
    assert sample(Counts(), torch.tensor([[0, 1]]), 0).shape == (1, 0)


@pytest.mark.parametrize("kind", ["recurrent", "transformer"])
def test_greedy_with_a_state_equals_reading_everything_anew(kind: str) -> None:
    torch.manual_seed(0)
    shape = LanguageShape(13)
    network = (
        RecurrentLM(shape, RecurrentParams(embedding=8, units=8))
        if kind == "recurrent"
        else TransformerLM(shape, TransformerParams(layers=2, size=8, heads=2, context=5))
    ).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    ids = torch.tensor([[1, 2, 3], [4, 5, 6]])
    found = sample(network, ids, 9, temperature=0)
    whole = ids
    for _ in range(9):
        whole = torch.cat([whole, network(whole)[0][:, -1].argmax(-1, keepdim=True)], dim=1)
    assert torch.equal(found, whole[:, 3:])


def drawn(temperature: float, top_k: int) -> Tensor:
    """(4,) parts of 20,000 draws."""
    logits = SHARES.log().expand(20_000, 4)
    found = choose(logits, temperature, top_k, torch.Generator().manual_seed(0))
    return torch.bincount(found[:, 0], minlength=4) / len(found)


@pytest.mark.parametrize(("temperature", "power"), [(1.0, 1.0), (0.5, 2.0), (2.0, 0.5)])
def test_tokens_come_as_often_as_their_probability_says(temperature: float, power: float) -> None:
    """Dividing the logits by t raises the probabilities to the power 1 / t."""
    expected = SHARES**power / (SHARES**power).sum()
    torch.testing.assert_close(drawn(temperature, 0), expected, atol=0.012, rtol=0)


def test_only_the_likeliest_are_drawn() -> None:
    expected = torch.tensor([2 / 3, 1 / 3, 0, 0])
    torch.testing.assert_close(drawn(1.0, 2), expected, atol=0.012, rtol=0)
    assert drawn(1.0, 1).tolist() == [1, 0, 0, 0]
    assert drawn(1.0, 99)[3] > 0


def test_the_same_generator_writes_the_same() -> None:
    def write(seed: int) -> Tensor:
        network = RecurrentLM(LanguageShape(13), RecurrentParams(embedding=8, units=8)).eval()
        return sample(
            network, torch.tensor([[1]]), 20, generator=torch.Generator().manual_seed(seed)
        )

    torch.manual_seed(0)
    first = write(5)
    torch.manual_seed(0)
    assert torch.equal(write(5), first)
    torch.manual_seed(0)
    assert not torch.equal(write(6), first)


def shares(sampling: Sampling, seen: Tensor | None = None) -> list[float]:
    return [float(x) for x in weigh(SHARES.log()[None], sampling, seen)[0]]


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (Sampling(), [0.5, 0.25, 0.15, 0.1]),
        (Sampling(temperature=0), [1, 0, 0, 0]),
        (Sampling(temperature=0.5), [0.25 / 0.345, 0.0625 / 0.345, 0.0225 / 0.345, 0.01 / 0.345]),
        (Sampling(top_k=3), [0.5 / 0.9, 0.25 / 0.9, 0.15 / 0.9, 0]),
        (Sampling(top_p=0.75), [2 / 3, 1 / 3, 0, 0]),
        (Sampling(top_p=0.76), [0.5 / 0.9, 0.25 / 0.9, 0.15 / 0.9, 0]),
        (Sampling(top_p=0.01), [1, 0, 0, 0]),
        # at temperature 0.5 the first two reach 0.9; at 1 they would not
        (Sampling(temperature=0.5, top_p=0.9), [0.8, 0.2, 0, 0]),
        # of three, the first two reach 0.75 / 0.9
        (Sampling(top_k=3, top_p=0.8), [2 / 3, 1 / 3, 0, 0]),
    ],
)
def test_the_next_token_by_hand(sampling: Sampling, expected: list[float]) -> None:
    assert shares(sampling) == pytest.approx(expected, abs=1e-6)


def test_the_repetition_penalty_by_hand() -> None:
    """A positive logit is divided, a negative one multiplied, and what is new stays."""
    logits = torch.tensor([[2.0, -1.0, 2.0, -1.0]])
    seen = torch.tensor([[True, True, False, False]])
    found = weigh(logits, Sampling(repetition_penalty=2.0), seen)
    torch.testing.assert_close(found, torch.tensor([[1.0, -2.0, 2.0, -1.0]]).softmax(-1))


def test_what_stands_in_the_text_is_what_is_penalised() -> None:
    """After 0, 1, 2 the network says 3, whose logit is 9 and so still the largest; after 3 and 4
    comes 0, which the text has."""
    greedy = Sampling(temperature=0, repetition_penalty=100.0)
    steps = write(Counts(), torch.tensor([[0, 1, 2]]), greedy)
    found = [next(steps) for _ in range(3)]
    assert [int(drawn.tokens) for drawn in found] == [3, 4, 0]
    assert [float(drawn.logits.max()) for drawn in found] == [9, 9, 9]
    drawn = next(write(Counts(), torch.tensor([[0, 1, 2]]), Sampling(repetition_penalty=9.0)))
    torch.testing.assert_close(drawn.shares, torch.tensor([[0, 0, 0, 9.0, 0]]).softmax(-1))
    again = Sampling(repetition_penalty=9.0)
    drawn = next(write(Counts(), torch.tensor([[2]]), again, before=torch.tensor([[3]])))
    torch.testing.assert_close(drawn.shares, torch.tensor([[0, 0, 0, 1.0, 0]]).softmax(-1))


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru", "transformer"])
def test_a_long_prompt_is_read_in_pieces(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = writer(kind)
    ids = torch.randint(14, (1, 23), generator=torch.Generator().manual_seed(2))
    whole = next(write(model, ids, Sampling(temperature=0)))
    monkeypatch.setattr("dlexplain.tasks.modules.sampling.PIECE", 5)
    pieces = next(write(model, ids, Sampling(temperature=0)))
    torch.testing.assert_close(pieces.logits, whole.logits)
