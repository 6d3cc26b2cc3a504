"""Whether the weights that a user brings are those of its config.json, and numbers, and what the
model takes."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

from dlexplain.errors import ModelError
from dlexplain.results.words import size

_log = logging.getLogger(__name__)

UNHELD = 1.5
"""How many times the parameters that its weights hold a config may describe."""
LAYERS = (
    "num_hidden_layers", "num_layers", "num_decoder_layers", "n_layer", "encoder_layers",
    "decoder_layers",
)  # fmt: skip
"""What families call their numbers of layers."""
SHARED = 10
"""Layers that may share one tensor."""
LARGEST_TENSOR = 400 * 10**6
"""Bytes; a detector with 12 heads that attends among the 2,600 patches of 800 x 800 pixels makes
one of 324 MB. A trial takes about five of them."""


class _Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the bytes of the largest tensor that is made in it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.size = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for one in made if isinstance(made, list | tuple) else (made,):
            if isinstance(one, torch.Tensor):
                self.size = max(self.size, one.untyped_storage().nbytes())
        return made


def check_memory(model: Any, side: int, name: str) -> None:
    """Before a picture is tried: raises ModelError where one of side x side pixels takes too much.

    Attention among patches grows with the fourth power of the side, so that a few letters of a
    preprocessor_config.json may ask for all memory. The model is run on tensors without values,
    which take none; one that asks for values is left to its trial.
    """
    held = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    empty = {key: value.to("meta") for key, value in held.items()}
    picture = torch.empty(1, 3, side, side, device="meta")
    with torch.inference_mode(False), torch.no_grad(), _Largest() as found:
        try:
            functional_call(model, empty, (), {"pixel_values": picture})
        except Exception as error:  # whatever a model's own code raises; its trial says why
            _log.debug("%s was not tried without values: %s", name, error)
    if found.size > LARGEST_TENSOR:
        raise ModelError(
            f'the model "{name}" takes pictures of {side} x {side} pixels, for which it makes a '
            f"tensor of {size(found.size)}; {size(LARGEST_TENSOR)} is accepted"
        )


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
