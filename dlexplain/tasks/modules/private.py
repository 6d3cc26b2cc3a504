"""DP-SGD through opacus: the noise that meets a budget, and the optimiser that adds it.

Yousefpour et al., "Opacus: User-Friendly Differential Privacy Library in PyTorch", 2021,
https://arxiv.org/abs/2109.12298. The accountant is that of Rényi differential privacy (Mironov et
al. 2019, https://arxiv.org/abs/1908.10530), an upper bound. opacus is imported where it is used.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from dlexplain.errors import BadInput
from dlexplain.networks.modules.base import SeesData
from dlexplain.tasks.base import Training
from dlexplain.tasks.private import DELTA, EPSILON, Guarantee, delta_of

ACCOUNTANT = "rdp"
LARGEST_NOISE = 1e6
"""Beyond which more noise is not tried: opacus's own end."""
TOLERANCE = 0.01
"""Of the budget, as a part of it at most, by which the noise may fall short of using it up."""


def spent(noise: float, rate: float, steps: int, delta: float) -> float:
    """Epsilon after so many steps, by opacus's accountant; 0 before the first."""
    from opacus.accountants import create_accountant

    if steps == 0:
        return 0.0
    accountant = create_accountant(ACCOUNTANT)
    accountant.history = [(noise, rate, steps)]
    with _quiet():
        return float(accountant.get_epsilon(delta=delta))


def guarantee(training: Training, count: int, rate: float, steps: int) -> Guarantee:
    """The least noise that meets the budget of `training`.

    count  training records;  rate  probability with which each is in a step
    Raises BadInput where no noise does, and for a delta that promises nothing.
    """
    from opacus.accountants.utils import get_noise_multiplier

    epsilon, delta = training.target_epsilon, delta_of(training, count)
    least = spent(LARGEST_NOISE, rate, steps, delta)
    if epsilon <= least:
        raise BadInput(
            f"target_epsilon is {epsilon:g}, which no noise meets with delta {delta:g} in "
            f"{steps:,} steps over {count:,} records; more than {least:.2g} is accepted"
        )
    with _quiet():
        noise = get_noise_multiplier(
            target_epsilon=epsilon,
            target_delta=delta,
            sample_rate=rate,
            steps=steps,
            accountant=ACCOUNTANT,
            epsilon_tolerance=TOLERANCE * min(1.0, epsilon - least),
        )
    return Guarantee(epsilon, delta, training.max_grad_norm, float(noise), rate, steps, count)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without opacus's advice on its own constants: the bound holds, if not as tightly."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Optimal order is the")
        yield


def check_network(network: nn.Module, name: str) -> None:
    """Raises BadInput, which names them, for layers whose gradient of each record is not known."""
    from opacus.grad_sample import GradSampleHooks

    if isinstance(network, SeesData):
        raise BadInput(
            f"the model {name} looks at training records before it is trained, so it cannot be "
            "trained privately; take another one, such as cnn"
        )
    unknown = {
        type(module).__name__
        for module in network.modules()
        if any(p.requires_grad for p in module.parameters(recurse=False))
        and type(module) not in GradSampleHooks.GRAD_SAMPLERS
    }
    if unknown:
        raise BadInput(
            f"the model {name} has layers of which opacus does not know each record's gradient: "
            f"{', '.join(sorted(unknown))}; take another one, such as cnn"
        )


@dataclass(eq=False)
class Private:
    """The privacy of one training: wraps its optimiser and accounts for its steps.

    secret  whether the noise comes from the machine's entropy rather than from each batch's seed
    """

    promised: Guarantee
    secret: bool
    hooks: Any = None
    generator: torch.Generator | None = field(default=None, repr=False)

    def wrapped(
        self, network: nn.Module, optimiser: torch.optim.Optimizer
    ) -> torch.optim.Optimizer:
        """The optimiser that clips each record's gradient and adds noise; hooks on the network
        catch those gradients until `release`."""
        from opacus.grad_sample import GradSampleHooks
        from opacus.optimizers import DPOptimizer

        device = next(network.parameters()).device
        self.generator = torch.Generator(device)
        self.generator.seed()  # from the machine's entropy
        self.hooks = GradSampleHooks(network, loss_reduction="mean")
        self.hooks.forbid_grad_accumulation()
        wrapped: torch.optim.Optimizer = DPOptimizer(
            optimiser,
            noise_multiplier=self.promised.noise,
            max_grad_norm=self.promised.clip,
            expected_batch_size=self.promised.rate * self.promised.count,
            generator=self.generator,
        )
        return wrapped

    def begin(self, seed: int) -> None:
        """Before a step."""
        if not self.secret and self.generator is not None:
            self.generator.manual_seed(seed)

    def release(self) -> None:
        """The network is as it would be without privacy."""
        if self.hooks is not None:
            self.hooks.cleanup()
            self.hooks = None

    def spent(self, steps: int) -> float:
        """Epsilon after so many steps."""
        return spent(self.promised.noise, self.promised.rate, steps, self.promised.delta)

    def metrics(self, steps: int) -> dict[str, float]:
        """For the run's card."""
        return {
            EPSILON: self.spent(steps),
            DELTA: self.promised.delta,
            "privacy/noise_multiplier": self.promised.noise,
        }
