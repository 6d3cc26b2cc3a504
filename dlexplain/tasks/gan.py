"""Making pictures by two networks that learn from each other; their Frechet distance to real ones.

Goodfellow et al., "Generative Adversarial Nets", 2014, https://arxiv.org/abs/1406.2661. Moved
pictures for the discriminator: Zhao et al., "Differentiable Augmentation for Data-Efficient GAN
Training", 2020, https://arxiv.org/abs/2006.10738.
"""

from dataclasses import dataclass

from dlexplain.params import choice, number
from dlexplain.tasks.autoencode import picture_shape
from dlexplain.tasks.base import TASKS, TaskSpec


@dataclass(frozen=True)
class Params:
    """Of the game, and of the test."""

    objective: str = choice(
        "hinge",
        "Objective",
        ("hinge", "non-saturating"),
        help="Hinge losses (Miyato 2018), or log-likelihoods with the generator's non-saturating "
        "one (Goodfellow 2014).",
    )
    generator_rate: float = number(
        1.0,
        "Generator's rate",
        low=0.01,
        high=100.0,
        step=0.1,
        help="Its learning rate, as a factor of the training's, which is the discriminator's.",
    )
    shift: int = number(
        0,
        "Shift for the discriminator, pixels",
        low=0,
        high=16,
        help="It sees real and made pictures moved at random, which keeps it from learning few "
        "pictures by heart (Zhao 2020).",
    )
    samples: int = number(
        2000, "Samples in the test", low=100, high=50_000, help="Made and judged."
    )


TASKS.add(
    "gan",
    TaskSpec(
        name="gan",
        title="Adversarial generation",
        modality="image",
        Params=Params,
        description="Make new pictures: a generator learns from a discriminator that learns to "
        "tell its pictures from real ones.",
        monitor="validation/frechet_distance",
        mode="min",
        shape=picture_shape,
        module="dlexplain.tasks.modules.gan:Adversarial",
        noun="GAN",
        headline="test/frechet_distance",
        manual=True,
    ),
)
