"""A network in parts, whole where it is asked for; one worker here, several in
tests/services/test_parallel_sharded.py."""

from collections.abc import Iterator
from pathlib import Path

import lightning.pytorch as L
import pytest
import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from dlexplain.execution.parallel import joined
from dlexplain.execution.resources import Seat
from dlexplain.execution.sharded import SharedWeights, cut, cut_state, gathered, hollow
from dlexplain.tasks.modules.together import Together

SEAT = Seat()


class Tied(nn.Module):
    """Tokens -> logits, with a row of blocks, an embedding used twice, and a buffer."""

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 4)
        self.blocks = nn.ModuleList([nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)])
        self.register_buffer("scale", torch.tensor(2.0), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x)
        return nn.functional.linear(x, self.embedding.weight) * self.scale


class Module(L.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.network: nn.Module = Tied()
        self.together = Together()


pytestmark = pytest.mark.filterwarnings("ignore:FSDP2-wrapped module .* returned a view")
TOKENS = torch.tensor([[0, 1, 4], [3, 2, 2]])


@pytest.fixture
def group(tmp_path: Path) -> Iterator[None]:
    with joined(str(tmp_path), SEAT, torch.device("cpu")):
        yield


def step(network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    optimiser.zero_grad()
    network(TOKENS).square().mean().backward()
    optimiser.step()


def test_an_empty_copy_has_no_weights_but_all_else() -> None:
    network = Tied().eval()
    found = hollow(network)
    assert all(weight.numel() == 0 for weight in found.parameters())
    for weight, own in zip(found.parameters(), network.parameters(), strict=True):
        weight.data = own.data
    assert torch.equal(found(TOKENS), network(TOKENS))
    assert not found.training and list(found.state_dict()) == list(network.state_dict())


def test_only_blocks_and_the_rest_are_gathered_each_at_once(group: None) -> None:
    network = cut(Tied(), "cpu")
    own = [name for name, module in network.named_modules() if "FSDP" in type(module).__name__]
    assert own == ["", "blocks.0", "blocks.2"]  # a block without weights has nothing to cut
    assert all(isinstance(weight, DTensor) for weight in network.parameters())


def test_the_module_is_whole_while_it_is_held_and_in_parts_again(group: None) -> None:
    torch.manual_seed(0)
    strategy, module = SharedWeights(SEAT), Module()
    network = module.network
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    strategy.parallel_devices = [torch.device("cpu")]
    strategy.connect(module)
    strategy.configure_ddp()
    network.eval()
    with strategy.whole():
        whole = module.network
        assert type(whole) is Tied and not whole.training
        with strategy.whole():
            assert module.network is whole
        assert whole(TOKENS).shape == (2, 3, 5)
    assert module.network is network
    assert sum(weight.numel() for weight in whole.parameters()) == 0
    found = strategy.lightning_module_state_dict()
    assert list(found) == [f"network.{name}" for name in before]
    for name, tensor in before.items():
        assert type(found[f"network.{name}"]) is Tensor
        assert torch.equal(found[f"network.{name}"], tensor)


def test_an_optimiser_s_state_is_that_of_one_worker_and_is_taken_up_again(group: None) -> None:
    torch.manual_seed(0)
    one = Tied()
    parts = Tied()
    parts.load_state_dict(one.state_dict())
    cut(parts, "cpu")
    optimisers = [torch.optim.AdamW(n.parameters(), lr=0.1, fused=True) for n in (one, parts)]
    for network, optimiser in zip((one, parts), optimisers, strict=True):
        step(network, optimiser)
    found, expected = gathered(optimisers[1]), optimisers[0].state_dict()
    assert found["param_groups"] == expected["param_groups"]
    assert set(found["state"]) == set(expected["state"]) == {0, 1, 2, 3, 4}
    for place, state in expected["state"].items():
        for key, value in state.items():
            assert type(found["state"][place][key]) is Tensor
            torch.testing.assert_close(found["state"][place][key], value)
    assert gathered(optimisers[1], keep=False)["state"] == {}

    again = torch.optim.AdamW(parts.parameters(), lr=0.1, fused=True)
    again.load_state_dict(cut_state(again, found))
    step(one, optimisers[0])
    step(parts, again)
    for part, weight in zip(parts.parameters(), one.parameters(), strict=True):
        torch.testing.assert_close(part.full_tensor(), weight)  # type: ignore[attr-defined]
