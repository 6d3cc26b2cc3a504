"""A data set as an autoencoder knows it: codes and errors of its pictures, and a map of them."""

import threading
from collections import OrderedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.data.base import Pictures
from dlexplain.errors import BadInput, UnknownName, known_names
from dlexplain.explainers.progress import Progress
from dlexplain.results import EncodedPictures, LatentPlane
from dlexplain.results.latents import Floats
from dlexplain.services.latent.codes import kl_of, numbers, unit_of
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.loading import load
from dlexplain.services.pictures.data import evenly, fitting, load_pictures, other_data_note

MOST = 4000
"""Pictures of each of the two parts, at most."""
AT_ONCE = 100
KEPT = 4
PLANES = ("dimensions", "pca")
_kept: OrderedDict[tuple[str, str], EncodedPictures] = OrderedDict()
_lock = threading.Lock()


def kept_pictures_of(model: LatentModel, path: str = "") -> EncodedPictures | None:
    """The data set as the model knows it where that is in memory, by the model's fingerprint."""
    with _lock:
        return _kept.get((model.fingerprint, path))


def encode_data(
    model: LatentModel | str, path: str = "", progress: Progress | None = None
) -> EncodedPictures:
    """Training and test pictures of the data set that the model was trained on, encoded.

    path  where the data set lies, if not where the training found it

    Kept in memory by the model's fingerprint. Raises DataError where the data set is not here,
    Incompatible for a GAN, and Cancelled.
    """
    loaded = model if isinstance(model, LatentModel) else load(LatentModel, model)
    found = kept_pictures_of(loaded, path)
    if found is None:
        found = _encode_data(loaded, path, progress or Progress())
        with _lock:
            _kept[(loaded.fingerprint, path)] = found
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
    return found


def _encode_data(model: LatentModel, path: str, progress: Progress) -> EncodedPictures:
    data = load_pictures(model.data, model.data_params, path)
    data = fitting(data, model.data, model.channels, model.side)
    note = other_data_note(data, model.digest)
    return encode_parts(
        model, evenly(data.train, MOST), evenly(data.test, MOST), data.classes, progress, note
    )


def encode_parts(
    model: LatentModel,
    train: Pictures,
    test: Pictures,
    classes: tuple[str, ...],
    progress: Progress,
    note: str = "",
) -> EncodedPictures:
    """The same of given pictures."""
    pixels = np.concatenate([train.pixels, test.pixels])
    progress.plan(len(pixels))
    codes: list[Floats] = []
    errors: list[Floats] = []
    kl: list[Floats] = []
    for start in range(0, len(pixels), AT_ONCE):
        part = _encoded(model, unit_of(model, pixels[start : start + AT_ONCE]))
        for kept, tensor in zip((codes, errors, kl), part, strict=True):
            kept.append(numbers(tensor))
        progress.advance(len(codes[-1]))
    each = np.concatenate(kl)
    return EncodedPictures(
        model=model.name,
        data=model.data,
        classes=classes,
        pixels=pixels,
        labels=np.concatenate([train.labels, test.labels]),
        tested=np.arange(len(pixels)) >= len(train),
        codes=np.concatenate(codes),
        errors=np.concatenate(errors),
        kl=each.mean(axis=0),
        note=note,
        kl_sums=(each if each.shape[1] else each[:0]).sum(axis=1),
    )


def _encoded(model: LatentModel, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(batch, latent) codes, (batch,) errors, (batch, latent or 0) KL; one turn."""
    with model.lock.turn(), torch.no_grad():
        code, log_variance = model.encode(model.range.normalised(target))
        off = model.decode(code) - target
        return code, off.square().flatten(1).mean(1), kl_of(code, log_variance)


def plane(encoded: EncodedPictures, how: str = "pca", across: int = 0, up: int = 1) -> LatentPlane:
    """A flat view of the codes.

    how  "pca": the two directions in which the codes vary most; "dimensions": two of them
    Raises BadInput.
    """
    if how not in PLANES:
        raise UnknownName(f'unknown map "{how}"; {known_names(how, PLANES)}')
    latent = encoded.codes.shape[1]
    if how == "dimensions":
        for place in (across, up):
            if not 0 <= place < latent:
                raise BadInput(f"dimension {place} is asked for; 0 to {latent - 1} are there")
        titles = (f"dimension {across}", f"dimension {up}")
        return LatentPlane(encoded, np.eye(latent)[:, [across, up]], np.zeros(latent), titles)
    middle = encoded.codes.mean(axis=0, dtype=np.float64)
    directions, shares = principal(encoded.codes - middle)
    first, second = (
        f"component {place}, {share:.0%} of the variance" for place, share in enumerate(shares, 1)
    )
    return LatentPlane(encoded, directions, middle, (first, second))


def principal(codes: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """(count, latent) of mean 0 -> (latent, 2) the two directions of most variance, and its
    shares."""
    if codes.shape[1] == 1:  # one number a picture: nothing is up
        return np.array([[1.0, 0.0]]), (1.0, 0.0)
    values, vectors = np.linalg.eigh(codes.T @ codes)
    best = vectors[:, ::-1][:, :2]
    # Either sign would do; the largest part is made positive, so that a map is always the same.
    largest = best[np.abs(best).argmax(axis=0), [0, 1]]
    total = float(values.sum()) or 1.0
    shares = (float(values[-1]) / total, float(values[-2]) / total)
    return best * np.where(largest < 0, -1.0, 1.0), shares
