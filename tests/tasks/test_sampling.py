"""Writing on: greedy, cut to the likeliest, as likely as said, and with the state carried."""

import pytest
import torch
from torch import Tensor

from dlexplain.models.language import LanguageShape, State
from dlexplain.models.rnn_lm import Params as RecurrentParams
from dlexplain.models.rnn_lm import RecurrentLM
from dlexplain.models.transformer_lm import Params as TransformerParams
from dlexplain.models.transformer_lm import TransformerLM
from dlexplain.tasks.sampling import choose, sample

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
