"""Models whose attacks are known: linear ones by hand, and digits with a network of the zoo."""

from functools import cache

import torch
from torch import Tensor, nn

import dlexplain as dx
from dlexplain.attacks.victim import Victim
from dlexplain.explainers.batching import BatchSizes
from dlexplain.explainers.progress import Progress
from dlexplain.services.pictures.sets import picture_set
from dlexplain.trained.catalogue import find

SIDE, CLASSES = 6, 3


class Linear(nn.Module):
    """(n, 3, SIDE, SIDE) -> (n, CLASSES), or NaN where it is told to."""

    def __init__(self, broken: bool = False) -> None:
        super().__init__()
        drawn = torch.randn(CLASSES, 3 * SIDE * SIDE, generator=torch.Generator().manual_seed(3))
        self.weight = nn.Parameter(drawn)
        self.broken = broken

    def forward(self, x: Tensor) -> Tensor:
        logits = x.flatten(1) @ self.weight.T
        return logits * float("nan") if self.broken else logits


def linear(target: int | None = None, count: int = 5, broken: bool = False) -> Victim:
    """Pictures in the middle of the range, so that the box is out of reach of small budgets."""
    names = [f"class {i}" for i in range(CLASSES)]
    model = dx.wrap(Linear(broken), classes=names, input_shape=(3, SIDE, SIDE))
    x = 0.4 + 0.2 * torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    return victim_of(model, x, target)


def victim_of(model: object, x: Tensor, target: int | None = None) -> Victim:
    """Its labels are what the model says."""
    prepared = model.prepared  # type: ignore[attr-defined]
    none = torch.zeros(len(x), dtype=torch.long)
    found = Victim(prepared, x, none, Progress(), BatchSizes(), target)
    return Victim(prepared, x, found.logits(x).argmax(1), Progress(), BatchSizes(), target)


def weight_of(victim: Victim) -> Tensor:
    """(CLASSES, 3, SIDE, SIDE) by the unit scale's x."""
    x = torch.zeros(1, 3, SIDE, SIDE)
    rows = [victim.jacobian_rows(x, torch.tensor([[k]]))[0][0, 0] for k in range(CLASSES)]
    return torch.stack(rows)


@cache
def digits() -> Victim:
    """A hundred test digits of the zoo's digits-cnn, labelled by what it says of them."""
    model = dx.load("digits-cnn")
    low, high = model.prepared.value_range
    known = picture_set(find("digits-cnn"), "data").load()[:100]
    views = torch.cat([model.to_input(model.view(one)) for one in known])
    return victim_of(model, ((views - low) / (high - low)).clamp(0, 1))
