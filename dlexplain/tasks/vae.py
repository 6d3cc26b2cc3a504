"""Variational autoencoding: a lower bound of the log-likelihood of pictures, in nats.

Kingma and Welling 2014, https://arxiv.org/abs/1312.6114; beta of Higgins et al., "beta-VAE", 2017.
ELBO = E over q(z|x) of log p(x|z) - KL(q(z|x) || N(0, 1)); minimised is
-E log p(x|z) + beta KL.
"""

from dataclasses import dataclass

from dlexplain.params import choice, number
from dlexplain.tasks.autoencode import picture_shape
from dlexplain.tasks.base import TASKS, TaskSpec


@dataclass(frozen=True)
class Params:
    """Of the bound."""

    beta: float = number(
        1.0,
        "Beta",
        low=0.0,
        high=100.0,
        step=0.1,
        help="Weight of the KL part; above 1 disentangles and blurs, below sharpens.",
    )
    likelihood: str = choice(
        "bernoulli",
        "Likelihood",
        ("bernoulli", "gaussian"),
        help="Of pixels 0 to 1: as probabilities of white, or normal about what is decoded.",
    )
    deviation: float = number(
        0.1, "Deviation", low=0.01, high=1.0, step=0.01, help="Of the Gaussian likelihood."
    )


TASKS.add(
    "vae",
    TaskSpec(
        name="vae",
        title="Variational autoencoding",
        modality="image",
        Params=Params,
        description="Learn a distribution of pictures: squeeze them, and draw new ones.",
        monitor="validation/loss",
        mode="min",
        shape=picture_shape,
        module="dlexplain.tasks.modules.vae:Variational",
        noun="variational autoencoder",
        first=("mnist-vae",),
        headline="test/elbo",
    ),
)
