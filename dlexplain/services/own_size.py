"""Whether the weights that a user brings are those of its config.json, and numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from dlexplain.errors import ModelError

UNHELD = 1.5
"""How many times the parameters that its weights hold a config may describe."""
LAYERS = (
    "num_hidden_layers", "num_layers", "num_decoder_layers", "n_layer", "encoder_layers",
    "decoder_layers",
)  # fmt: skip
"""What families call their numbers of layers."""
SHARED = 10
"""Layers that may share one tensor."""


def check_size(config: Any, auto: Any, folder: Path, name: str) -> None:
    """Before memory is taken: raises ModelError where a config describes far more than the weights
    hold.

    auto  the class of transformers that builds the model of a config
    """
    from safetensors import safe_open

    held = tensors = 0
    for file in folder.glob("*.safetensors"):
        with safe_open(file, "pt") as opened:
            names = opened.keys()  # it is no mapping
            tensors += len(names)
            held += sum(int(np.prod(opened.get_slice(key).get_shape())) for key in names)
    layers = max(int(getattr(config, name, None) or 0) for name in LAYERS)
    if layers > SHARED * tensors:  # building them alone would take minutes
        raise ModelError(
            f'the config.json of "{name}" describes {layers:,} layers, its weights hold '
            f"{tensors:,} tensors; they do not belong together"
        )
    with torch.device("meta"):
        model = auto.from_config(config)
    unsaved = getattr(model, "_keys_to_ignore_on_save", None) or ()
    described = sum(w.numel() for key, w in model.named_parameters() if key not in unsaved)
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
