"""What the test of a model that makes pictures found."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.drawing import plot

Pixels = NDArray[np.uint8]
"""(count, side, side, 1 or 3)"""


@dataclass(frozen=True, eq=False)
class Reconstructions:
    """Of an autoencoder, plain or variational: test pictures and what it made of them.

    inputs   what it was shown, where noise was added; else none
    samples  new pictures, drawn from a variational one; else none
    kl       (latent,) KL(q(z|x) || N(0, 1)) of each dimension, nats, mean over the test; may be ()
    means    (points, latent) where some test pictures lie in latent space; labels, (points,),
             positions in classes
    """

    originals: Pixels
    copies: Pixels
    inputs: Pixels
    samples: Pixels
    kl: NDArray[np.float32]
    means: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]

    def plot(self) -> Any:
        """KL by dimension of a variational one; else pictures above their copies."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class GeneratedPictures:
    """Of a GAN: samples, and what a judge, a classifier of the same data, says of them.

    said    (count,) positions in classes; share, (count,), the judge's probability
    counts  (classes,) of `judged` samples, those that the judge takes for each class, surely
    real    some real test pictures
    """

    samples: Pixels
    said: NDArray[np.int64]
    share: NDArray[np.float32]
    counts: NDArray[np.int64]
    judged: int
    real: Pixels
    classes: tuple[str, ...]

    def plot(self) -> Any:
        """How many samples are of each class."""
        return plot(self)
