"""Whether the weights that a user brings are those of its config.json, and numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from dlexplain.errors import ModelError

UNHELD = 1.5
"""How many times the parameters that its weights hold a config may describe."""


def check_size(config: Any, auto: Any, folder: Path, name: str) -> None:
    """Before memory is taken: raises ModelError where a config describes far more than the weights
    hold.

    auto  the class of transformers that builds the model of a config
    """
    from safetensors import safe_open

    held = 0
    for file in folder.glob("*.safetensors"):
        with safe_open(file, "pt") as opened:
            names = opened.keys()  # it is no mapping
            held += sum(int(np.prod(opened.get_slice(key).get_shape())) for key in names)
    with torch.device("meta"):
        model = auto.from_config(config)
    described = sum(weight.numel() for weight in model.parameters())
    if described > UNHELD * held:
        raise ModelError(
            f'the config.json of "{name}" describes {described:,} parameters, its weights hold '
            f"{held:,}; they do not belong together"
        )


def check_finite(model: Any, name: str) -> None:
    """Raises ModelError where a weight is NaN or infinite."""
    bad = [key for key, value in model.state_dict().items() if not bool(value.isfinite().all())]
    if bad:
        raise ModelError(f'the model "{name}" has weights that are not finite: {bad[0]}')
