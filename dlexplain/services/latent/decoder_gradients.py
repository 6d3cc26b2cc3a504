"""What each latent dimension changes: the decoder's gradient, as a map a dimension."""

import numpy as np
import torch
from torch import Tensor

from dlexplain.results import DimensionEffects
from dlexplain.results.latents import Floats
from dlexplain.services.latent.codes import decode, numbers
from dlexplain.services.latent.models import LatentModel


def dimension_effects(model: LatentModel, code: Floats, label: int = 0) -> DimensionEffects:
    """d pixel / d z at a code (latent,), pixels from 0 to 1, mean of the channels.

    All dimensions in one batch, see decoder_gradients.
    """
    z = torch.from_numpy(np.asarray(code, np.float32)).to(model.device)
    labels = torch.tensor([label], device=model.device)
    with model.lock.turn():
        maps = decoder_gradients(model, z, labels)
    return DimensionEffects(model.name, decode(model, code[None], label)[0], numbers(maps))


def decoder_gradients(model: LatentModel, z: Tensor, labels: Tensor) -> Tensor:
    """(latent,) -> (latent, side, side); the caller has the model's turn.

    Derivatives along each axis of the few inputs, rather than of each of the many outputs: the
    gradient is linear in its weights u, so its derivative by u along an axis is what is sought.
    """
    rows = z.expand(len(z), -1).clone().requires_grad_()  # the same code, once for each axis
    with torch.enable_grad():
        made = model.decode(rows, labels.expand(len(z))).mean(1)  # (latent, side, side)
        weights = torch.zeros_like(made, requires_grad=True)
        (slopes,) = torch.autograd.grad(made, rows, weights, create_graph=True)
        (maps,) = torch.autograd.grad(slopes, weights, torch.eye(len(z)).to(slopes))
    return maps
