"""An autoencoder of dense layers, see autoencoder."""

from dataclasses import dataclass

from dlexplain.networks.autoencoder import Autoencoder
from dlexplain.networks.base import ARCHITECTURES, Architecture, PictureShape
from dlexplain.networks.picture_coders import dense_decoder, dense_encoder
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    latent: int = number(32, "Latent", low=1, high=1024, help="Numbers that a picture becomes.")
    hidden: int = number(512, "Hidden units", low=4, high=8192, help="Of each hidden layer.")
    layers: int = number(2, "Hidden layers", low=0, high=8, help="Of each of the two halves.")


def build(shape: PictureShape, params: Params) -> Autoencoder:
    """Encoder and decoder mirror each other."""
    p = params
    return Autoencoder(
        dense_encoder(shape, p.hidden, p.layers, p.latent),
        dense_decoder(shape, p.hidden, p.layers, p.latent),
        p.latent,
    )


ARCHITECTURES.add(
    "mlp-autoencoder",
    Architecture(
        name="mlp-autoencoder",
        title="Autoencoder, dense",
        tasks=("autoencode",),
        Params=Params,
        description="Dense layers squeeze a picture into a few numbers and unfold it again.",
        paper="https://doi.org/10.1126/science.1127647",
        build=build,
        least=1,
    ),
)
