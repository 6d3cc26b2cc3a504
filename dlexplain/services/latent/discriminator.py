"""How real a GAN's discriminator holds a picture, and which pixels convinced it."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.base import find_method
from dlexplain.explainers.batching import Target
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.prepare import PreparedModel, fingerprint
from dlexplain.explainers.progress import Progress
from dlexplain.results import Attribution, ClassName
from dlexplain.results.latents import Floats
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.latent.codes import numbers, unit_of
from dlexplain.services.latent.models import LatentModel

WHY = {"integrated-gradients": "Integrated Gradients", "input-x-gradient": "Input × Gradient"}
"""Methods that the page offers."""
AT_ONCE = 64
Bytes = NDArray[np.uint8]


class _Judging(nn.Module):
    """(batch, channels, side, side), -1 to 1 -> (batch, 1) logits of being real."""

    def __init__(self, network: nn.Module, label: int | None) -> None:
        super().__init__()
        self.discriminator, self.label = network, label

    def forward(self, x: Tensor) -> Tensor:
        labels = None
        if self.label is not None:
            labels = torch.full((len(x),), self.label, dtype=torch.int64, device=x.device)
        found: Tensor = self.discriminator(x, labels)
        return found[:, None]


def discriminator_score(model: LatentModel, pixels: Bytes, labels: NDArray[np.int64]) -> Floats:
    """(count, side, side, channels) -> (count,) logits; above 0 the discriminator holds it real.

    labels  (count,) the class of each, which it then looks for; () where it knows none
    Raises Incompatible for a model without a discriminator.
    """
    _check(model)
    x = unit_of(model, pixels) * 2 - 1
    asked = torch.from_numpy(labels).to(model.device) if len(labels) and model.asked else None
    found = []
    for start in range(0, len(x), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        with model.lock.turn(), torch.no_grad():
            found.append(
                model.network.discriminate(x[some], None if asked is None else asked[some])
            )
    return numbers(torch.cat(found))


def why_real(
    model: LatentModel,
    picture: Bytes,
    label: int | None = None,
    method: str = "integrated-gradients",
    progress: Progress | None = None,
) -> Attribution:
    """Which pixels of (side, side, channels) spoke for real, and which against.

    label  its class, which the discriminator then looks for as well; None where it knows none
    """
    _check(model)
    judging = _Judging(model.network.discriminator, label if model.asked else None).eval()
    prepared = PreparedModel(
        module=judging,
        input_shape=(model.channels, model.side, model.side),
        value_range=(-1.0, 1.0),
        device=model.device,
        fingerprint=fingerprint(judging),
        folded=False,
        difference=0.0,
        lock=model.lock,
    )
    explainer = find_method("picture", method)
    x = unit_of(model, picture[None]) * 2 - 1
    given = PictureInput(prepared, Target(0), progress or Progress(), batch_sizes(), x)
    return Attribution(
        **vars(explainer.explain(given, explainer.request("picture"))),
        model=model.name,
        target=ClassName(0, "", "real"),
        picture=np.broadcast_to(picture, (*picture.shape[:2], 3)).copy(),
        model_fingerprint=model.fingerprint,
    )


def _check(model: LatentModel) -> None:
    if model.task != "gan":
        raise Incompatible(f"{model.name} has no discriminator; GANs have one")
