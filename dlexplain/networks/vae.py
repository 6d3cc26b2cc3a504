"""The variational autoencoder."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import choice, number


@dataclass(frozen=True)
class Params:
    """Kind and size of the network."""

    layers: str = choice(
        "convolutional", "Layers", ("convolutional", "dense"), help="Of both halves."
    )
    latent: int = number(16, "Latent", low=1, high=1024, help="Dimensions of z.")
    width: int = number(
        32,
        "Width",
        low=4,
        high=512,
        help="Channels of the first convolution; doubles. A sixteenth of dense layers' units.",
    )


ARCHITECTURES.add(
    "vae",
    Architecture(
        name="vae",
        title="Variational autoencoder",
        tasks=("vae",),
        Params=Params,
        description="A picture becomes a distribution over a few numbers; drawing numbers makes "
        "new pictures.",
        paper="https://arxiv.org/abs/1312.6114",
        module="dlexplain.networks.modules.vae:VAE",
        least=8,
    ),
)
