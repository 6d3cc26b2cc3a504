"""An autoencoder of dense layers, see autoencoder."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    latent: int = number(32, "Latent", low=1, high=1024, help="Numbers that a picture becomes.")
    hidden: int = number(512, "Hidden units", low=4, high=8192, help="Of each hidden layer.")
    layers: int = number(2, "Hidden layers", low=0, high=8, help="Of each of the two halves.")


ARCHITECTURES.add(
    "mlp-autoencoder",
    Architecture(
        name="mlp-autoencoder",
        title="Autoencoder, dense",
        tasks=("autoencode",),
        Params=Params,
        description="Dense layers squeeze a picture into a few numbers and unfold it again.",
        paper="https://doi.org/10.1126/science.1127647",
        module="dlexplain.networks.modules.mlp_autoencoder:build",
        least=1,
    ),
)
