"""Pictures made of random numbers, by a GAN's generator or a variational autoencoder's decoder.

Truncation: Brock et al., "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
2019, https://arxiv.org/abs/1809.11096. They draw anew what is too large; here the same uniform
numbers are turned into truncated normal ones, so that a picture of one seed changes steadily.
"""

import torch
from torch import Tensor

from dlexplain.errors import Incompatible, TargetError, known_names
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.params import Value, from_digits, parse
from dlexplain.results import Samples
from dlexplain.services.latent.codes import numbers
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.latent.sampling_settings import SamplingParams
from dlexplain.services.loading import load
from dlexplain.tasks.modules.pictures import noise_of, to_bytes

AT_ONCE = 64


@random_state_kept()
def sample(model: LatentModel | str = "", label: str | int = "", **params: Value) -> Samples:
    """New pictures.

    model   a loaded one or its name; the zoo's first where none is given
    label   a class by name or place, where the model can be asked; "" takes all by turns
    params  count, seed, truncation: see SamplingParams

    Raises UnknownName, ParamError, TargetError, WeightsError, or Incompatible for a plain
    autoencoder.
    """
    wanted = parse(SamplingParams, params)
    loaded = model if isinstance(model, LatentModel) else load(LatentModel, model)
    if loaded.task == "autoencode":
        raise Incompatible(
            f"{loaded.name} is a plain autoencoder: nothing says how its numbers are distributed, "
            "so none can be drawn; choose a variational one or a GAN"
        )
    labels = asked_for(loaded, label, wanted.count)
    noise = truncated(noise_of(wanted.seed, wanted.count, loaded.latent), wanted.truncation)
    made = []
    for start in range(0, wanted.count, AT_ONCE):
        z = noise[start : start + AT_ONCE].to(loaded.device)
        asked = labels[start : start + AT_ONCE].to(loaded.device) if len(labels) else None
        with loaded.lock.turn(), torch.no_grad():
            made.append(to_bytes(loaded.decode(z, asked)))
    return Samples(
        model=loaded.name,
        pixels=torch.cat(made).numpy(),
        noise=numbers(noise),
        labels=labels.numpy(),
        classes=loaded.classes,
        seed=wanted.seed,
        truncation=wanted.truncation,
        model_fingerprint=loaded.fingerprint,
    )


def asked_for(model: LatentModel, label: str | int, count: int) -> Tensor:
    """(count,) places of the classes asked for; (0,) where the model cannot be asked."""
    known = model.asked
    if not known:
        if label != "":
            raise TargetError(f"{model.name} cannot be asked for a class: it was trained without")
        return torch.zeros(0, dtype=torch.int64)
    if label == "":
        return torch.arange(count) % len(known)
    return torch.full((count,), class_place(known, label), dtype=torch.int64)


def class_place(classes: tuple[str, ...], label: str | int) -> int:
    """The class by name, else by place; raises TargetError."""
    text = str(label)
    if text in classes:
        return classes.index(text)
    if 0 <= from_digits(text) < len(classes):
        return int(text)
    raise TargetError(f'there is no class "{text}"; {known_names(text, classes)}')


def truncated(noise: Tensor, most: float) -> Tensor:
    """Standard normal numbers -> numbers of the normal distribution cut at -most and most.

    F^-1(F(-most) + F(x) (F(most) - F(-most))) with F the normal distribution function; 0 cuts
    nothing.
    """
    if most <= 0:
        return noise
    limit = torch.tensor(most, dtype=torch.float64)
    low, high = torch.special.ndtr(-limit), torch.special.ndtr(limit)
    shares = torch.special.ndtr(noise.double())
    found: Tensor = torch.special.ndtri(low + shares * (high - low))
    return found.clamp(-most, most).to(noise.dtype)
