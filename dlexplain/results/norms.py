"""How large weights and gradients are, layer by layer, over a training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LayerNorms:
    """Euclidean norms at the end of each epoch.

    layers     by name, in the order of the network
    epochs     (epochs,), from 1
    weights    (layers, epochs)
    gradients  (layers, epochs), of the epoch's last step; NaN where a layer did not learn
    """

    layers: tuple[str, ...]
    epochs: NDArray[np.int64]
    weights: NDArray[np.float64]
    gradients: NDArray[np.float64]
