"""Filters that corruptions are made of; SciPy is imported where it is used, 0.1 s."""

import math

import numpy as np

from dlexplain.corruptions.base import Pixels


def disk(radius: float, softness: float) -> Pixels:
    """The picture of a point out of focus: a disk of ones, softened at its edge, of sum 1.

    (side, side), side odd. The edge is softened by a Gaussian of deviation `softness`, in pixels,
    of 3 × 3 taps up to radius 8 and 5 × 5 above, as the authors have it.
    """
    from scipy.ndimage import correlate1d

    taps = np.arange(-1, 2) if radius <= 8 else np.arange(-2, 3)
    reach = math.floor(radius) + taps[-1]  # room for the softened edge
    places = np.arange(-reach, reach + 1)
    kernel = (places[:, None] ** 2 + places**2 <= radius**2).astype(float)
    bell = np.exp(-(taps**2) / (2 * softness**2))
    for axis in (0, 1):
        kernel = correlate1d(kernel, bell / bell.sum(), axis, mode="constant")
    return np.asarray(kernel / kernel.sum())


def convolved(pixels: Pixels, kernel: Pixels) -> Pixels:
    """(h, w, 3) convolved with an odd (side, side); what is outside mirrors at the last pixel."""
    from scipy.fft import irfft2, next_fast_len, rfft2

    height, width = pixels.shape[:2]
    reach = len(kernel) // 2
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    # A product of Fourier transforms goes round at the border; what it spoils is the padding's.
    sides = [next_fast_len(side, real=True) for side in padded.shape[:2]]
    waves = rfft2(padded, sides, axes=(0, 1)) * rfft2(kernel, sides)[:, :, None]
    found = irfft2(waves, sides, axes=(0, 1))
    return np.asarray(found[2 * reach :, 2 * reach :][:height, :width])


def blurred(pixels: Pixels, deviation: float) -> Pixels:
    """(h, w, 3) under a Gaussian of a deviation in pixels; the border goes on outside."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(pixels, (deviation, deviation, 0.0), mode="nearest"))


def dragged(pixels: Pixels, radius: int, deviation: float, degrees: float) -> Pixels:
    """(h, w, 3) or (h, w) smeared to one side, as ImageMagick's motion blur does.

        Σ_i k_i x(p + round(i (sin a, cos a))),  k_i ∝ exp(-i² / 2σ²),  i from 0 to 2 radius

    in rows and columns; σ is the deviation in pixels, a the angle; the border goes on outside.
    """
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-(steps**2) / (2 * deviation**2))
    weights /= weights.sum()
    angle = math.radians(degrees)
    # ImageMagick rounds halves down.
    downs = np.ceil(steps * math.sin(angle) - 0.5).astype(int)
    rights = np.ceil(steps * math.cos(angle) - 0.5).astype(int)
    height, width = pixels.shape[:2]
    reach = 2 * radius
    edges = ((reach, reach), (reach, reach), (0, 0))[: pixels.ndim]
    padded = np.pad(pixels, edges, mode="edge")
    moved = np.zeros_like(pixels)
    for weight, down, right in zip(weights, reach + downs, reach + rights, strict=True):
        moved += weight * padded[down : down + height, right : right + width]
    return moved


def zoomed(pixels: Pixels, factor: float) -> Pixels:
    """(h, w, 3) or (h, w) enlarged about its middle and cut to its size; linear in between.

    The authors enlarge a crop of whole pixels instead, which moves it by less than one.
    """
    for axis in (0, 1):
        side = pixels.shape[axis]
        middle = (side - 1) / 2
        sources = middle + (np.arange(side) - middle) / factor
        below = np.floor(sources).astype(int).clip(0, side - 2)
        share = (sources - below).reshape(-1, *(1,) * (pixels.ndim - 1 - axis))
        near, far = (np.take(pixels, places, axis) for places in (below, below + 1))
        pixels = near + share * (far - near)
    return pixels


def smoothed(field: Pixels, deviation: float) -> Pixels:
    """(h, w) under a Gaussian cut at three deviations; the border mirrors outside.

    Equals scipy.ndimage.gaussian_filter(mode="reflect", truncate=3). A cosine transform makes the
    filter a product, so that deviations as wide as the picture cost no more than small ones.
    """
    from scipy.fft import dctn, idctn

    if not deviation:
        return field
    reach = int(3 * deviation + 0.5)
    places = np.arange(1, reach + 1)
    bell = np.exp(-(places**2) / (2 * deviation**2))
    responses = []
    for side in field.shape:
        waves = np.cos(np.pi / side * np.arange(side)[:, None] * places)  # (side, reach)
        responses.append((1 + 2 * waves @ bell) / (1 + 2 * bell.sum()))
    return np.asarray(idctn(dctn(field) * np.outer(*responses)))
