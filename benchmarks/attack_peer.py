"""foolbox as it comes: the plain network, the batch at once, every step of every picture."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.peer import Cases
from dlexplain.trained.catalogue import trained
from dlexplain.trained.networks import load_network
from tests.foolbox_attacks import foolbox


def foolbox_on_pictures(
    name: str,
    x: NDArray[np.float32],
    labels: NDArray[np.int64],
    value_range: tuple[float, float],
    steps: int,
    budgets: tuple[int, ...],
    batch: int = 0,
) -> Cases:
    """Where PGD in L∞ takes each picture, (count, channels, side, side), by "pgd LEVELS".

    x        (count, channels, side, side) in [0, 1]; value_range  the network's, for 0 and 1
    budgets  in 1/255;  batch  pictures at a time, 0 for all
    """
    low, high = value_range
    how = {"mean": -low / (high - low), "std": 1 / (high - low)}
    network: Any = load_network(trained(name))
    network.requires_grad_(True)
    model = foolbox.PyTorchModel(network, bounds=(0, 1), device="cpu", preprocessing=how)
    attack = foolbox.attacks.LinfPGD(rel_stepsize=2.5 / steps, steps=steps)
    pictures, truth = torch.from_numpy(x), torch.from_numpy(labels)

    def moved(levels: int) -> NDArray[np.float32]:
        torch.manual_seed(0)
        size = batch or len(pictures)
        parts = [
            attack(model, some, right, epsilons=levels / 255)[1]
            for some, right in zip(pictures.split(size), truth.split(size), strict=True)
        ]
        found: NDArray[np.float32] = torch.cat(parts).detach().numpy()
        return found

    def case(levels: int) -> Callable[[], NDArray[np.float32]]:
        return lambda: moved(levels)

    return {f"pgd {levels}": case(levels) for levels in budgets}
