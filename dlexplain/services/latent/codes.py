"""From a picture to numbers and back: what an autoencoder keeps, and what becomes of other numbers.

Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, https://arxiv.org/abs/1312.6114.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.data.pictures import Picture, Source, read_picture
from dlexplain.errors import BadInput, UnknownName, known_names
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.results import (
    DimensionEffects,
    EncodedPictures,
    LatentPath,
    Reconstruction,
    SeenPicture,
)
from dlexplain.results.latents import Floats
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.loading import load
from dlexplain.services.pictures.seen import see_picture
from dlexplain.tasks.modules.pictures import kl_to_standard_normal, to_bytes

HOW = ("linear", "spherical")
PARALLEL = 1e-6
"""Sine of an angle below which an arc is a line."""
CENTRED = ("mnist",)
"""Data sets whose makers cut out and centred the ink."""
MOST_STEPS = 64


@random_state_kept()
def reconstruct(
    model: LatentModel | str,
    picture: Source | Picture | SeenPicture,
    data: EncodedPictures | None = None,
    centre: bool = True,
) -> Reconstruction:
    """A picture through an autoencoder: numbers, and the picture that it makes of them.

    model    a loaded one or its name
    picture  a path, bytes, an array or a Pillow image; it is made into what the model takes
    data     the data set as the model knows it, see encode_data; the error and the KL are
             compared with those of its test pictures
    centre   whether handwriting for MNIST is cut out and centred

    Raises UnknownName, PictureError, WeightsError, or Incompatible for a GAN.
    """
    loaded = model if isinstance(model, LatentModel) else load(LatentModel, model)
    seen = seen_by(loaded, picture, centre)
    target = unit_of(loaded, seen.pixels[None])
    with loaded.lock.turn(), torch.no_grad():
        code, log_variance = loaded.encode(loaded.range.normalised(target))
        copy = loaded.decode(code)
        kl = kl_of(code, log_variance)
    error = float((copy - target).square().mean())
    return Reconstruction(
        model=loaded.name,
        seen=seen,
        copy=to_bytes(copy)[0].numpy(),
        error=error,
        code=numbers(code)[0],
        kl=numbers(kl)[0],
        deviation=numbers((log_variance / 2).exp())[0],
        anomaly=None if data is None else data.anomaly(error),
        kl_share=None if data is None else data.kl_share(float(kl.sum())),
        model_fingerprint=loaded.fingerprint,
    )


def seen_by(
    model: LatentModel, picture: Source | Picture | SeenPicture, centre: bool = True
) -> SeenPicture:
    """The picture as the model sees it; raises PictureError."""
    if isinstance(picture, SeenPicture):
        wanted = (model.side, model.side, model.channels)
        if picture.pixels.shape != wanted:
            raise BadInput(
                f"{picture.name} has the shape {picture.pixels.shape}; {wanted} is what "
                f"{model.name} takes"
            )
        return picture
    read = picture if isinstance(picture, Picture) else read_picture(picture)
    centred = centre and model.data in CENTRED
    return see_picture(read, model.channels, model.side, model.dark, centred)


def unit_of(model: LatentModel, pixels: NDArray[np.uint8]) -> Tensor:
    """(batch, side, side, channels) uint8 -> (batch, channels, side, side), 0 to 1"""
    found = torch.tensor(pixels).to(model.device).permute(0, 3, 1, 2)
    return found.contiguous().float() / 255


def kl_of(code: Tensor, log_variance: Tensor) -> Tensor:
    """(batch, latent) nats, or (batch, 0) of a plain autoencoder."""
    return kl_to_standard_normal(code[:, : log_variance.shape[1]], log_variance)


def numbers(tensor: Tensor) -> Floats:
    """As NumPy has them."""
    found: Floats = tensor.detach().float().cpu().numpy()
    return found


@random_state_kept()
def decode(model: LatentModel, codes: Floats, label: int = 0) -> NDArray[np.uint8]:
    """(count, latent) -> (count, side, side, channels) uint8.

    label  the class that is asked for, where there are some
    """
    codes = np.asarray(codes, np.float32)
    if codes.ndim != 2 or codes.shape[1] != model.latent:
        raise BadInput(
            f"the codes have the shape {codes.shape}; (count, {model.latent}) is accepted"
        )
    z = torch.from_numpy(codes).to(model.device)
    labels = torch.full((len(z),), label, dtype=torch.int64, device=model.device)
    with model.lock.turn(), torch.no_grad():
        made = model.decode(z, labels)
    return to_bytes(made).numpy()


@random_state_kept()
def interpolate(
    model: LatentModel, first: Floats, last: Floats, steps: int = 9, how: str = "", label: int = 0
) -> LatentPath:
    """The pictures on the way from one code to another, both ends included.

    how  "linear": (1 - t) a + t b; "spherical": along the arc between them, which keeps the length
         that random numbers have (White 2016, https://arxiv.org/abs/1609.04468); by default
         spherical for GANs, whose codes are random numbers, and linear for others
    Raises BadInput.
    """
    how = how or ("spherical" if model.task == "gan" else "linear")
    if how not in HOW:
        raise UnknownName(f'unknown way "{how}"; {known_names(how, HOW)}')
    if not 2 <= steps <= MOST_STEPS:
        raise BadInput(f"{steps} steps are asked for; 2 to {MOST_STEPS} are accepted")
    shares = np.linspace(0, 1, steps).astype(np.float32)
    between = along_line if how == "linear" else along_arc
    codes = np.stack([between(first, last, float(share)) for share in shares])
    return LatentPath(model.name, decode(model, codes, label), codes, shares, how)


def along_line(first: Floats, last: Floats, share: float) -> Floats:
    """(1 - share) first + share last"""
    return np.asarray((1 - share) * first + share * last, np.float32)


def along_arc(first: Floats, last: Floats, share: float) -> Floats:
    """sin((1 - t) w) / sin w first + sin(t w) / sin w last, w the angle between the two.

    Shoemake 1985, https://doi.org/10.1145/325165.325242; the line where they are parallel.
    """
    lengths = float(np.linalg.norm(first)) * float(np.linalg.norm(last))
    cosine = float(first.astype(np.float64) @ last) / lengths if lengths else 1.0
    angle = float(np.arccos(np.clip(cosine, -1, 1)))
    if np.sin(angle) < PARALLEL:
        return along_line(first, last, share)
    before, after = np.sin((1 - share) * angle), np.sin(share * angle)
    return np.asarray((before * first + after * last) / np.sin(angle), np.float32)


def add_class(code: Floats, means: dict[str, Floats], minus: str, plus: str) -> Floats:
    """The code less the mean of one class, plus that of another; the code itself where both are
    the same. Raises UnknownName."""
    for name in (minus, plus):
        if name not in means:
            raise UnknownName(f'no pictures of the class "{name}"; {known_names(name, means)}')
    return np.asarray(code + (means[plus] - means[minus]), np.float32)


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
