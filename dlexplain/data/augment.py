"""Varying training pictures, a whole batch at a time, on the device that trains.

Everything drawn comes from a generator that is seeded by the batch, so a resumed run varies its
pictures as an uninterrupted one does.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from dlexplain.data.augmentations import Augmentation
from dlexplain.data.mixing import Mixed, augmix, cutmix, erased, mixup, randaugment


def augment(
    pixels: Tensor, labels: Tensor, places: Tensor, epoch: int, seed: int, how: Augmentation
) -> tuple[Tensor, Tensor, Tensor, float]:
    """Vary (batch, channels, side, side) float pictures with values 0 to 255.

    labels  (batch, ...), whatever is told of each picture
    places  positions in the training part, which decide the alternating mirror
    Returns pictures, labels, the labels of what was mixed in, and the weight of the first, 0.5 to
    1; where nothing is mixed both labels are the same and the weight is 1.
    """
    generator = torch.Generator().manual_seed(seed)
    if how.flip != "none":
        pixels = _flip(pixels, places, epoch, generator, how.flip == "alternating")
    if how.shift:
        pixels = _shift(pixels, how.shift, generator)
    if how.randaugment:
        pixels = randaugment(pixels, how.randaugment, how.randaugment_strength, generator)
    if how.augmix:
        pixels = augmix(pixels, how.augmix, generator)
    if how.colour:
        pixels = _colour(pixels, how.colour, generator)
    if how.cutout:
        pixels = _cutout(pixels, how.cutout, generator)
    if how.erasing:
        pixels = erased(pixels, how.erasing, generator)
    others, weight = labels, 1.0
    if how.mixup or how.cutmix:
        mixed = _mixed(pixels, how, generator)
        order = queued(mixed.order, pixels.device)
        pixels, others, weight = mixed.pixels, labels[order], mixed.weight
        if weight < 0.5:  # the loss is the same; first is what most of the picture shows
            labels, others, weight = others, labels, 1 - weight
    if how.noise:
        drawn = torch.randn(pixels.shape, generator=generator)
        pixels = pixels + 255 * how.noise * queued(drawn, pixels.device)
    return pixels, labels, others, weight


def _mixed(pixels: Tensor, how: Augmentation, generator: torch.Generator) -> Mixed:
    """By MixUp or by CutMix; where both are wanted each batch draws which."""
    cut = bool(how.cutmix)
    if how.mixup and how.cutmix:
        cut = bool(torch.rand(1, generator=generator) < 0.5)
    if cut:
        return cutmix(pixels, how.cutmix, generator)
    return mixup(pixels, how.mixup, generator)


def _flip(
    pixels: Tensor, places: Tensor, epoch: int, generator: torch.Generator, alternating: bool
) -> Tensor:
    if alternating:
        # A fixed half is mirrored in even epochs, the other half in odd ones.
        side = (places * 2654435761 >> 7) % 2
        chosen = ((side + epoch) % 2).bool()
    else:
        chosen = torch.rand(len(pixels), generator=generator) < 0.5
    where = queued(chosen, pixels.device)[:, None, None, None]
    return torch.where(where, pixels.flip(3), pixels)


def _shift(pixels: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Pad by mirroring, then cut a window of the old size at a random place, one a picture."""
    batch, _channels, height, width = pixels.shape
    most = min(most, height - 1, width - 1)
    padded = F.pad(pixels, (most,) * 4, mode="reflect").permute(0, 2, 3, 1)
    top, left = queued(
        torch.randint(0, 2 * most + 1, (2, batch), generator=generator), pixels.device
    )
    rows = top[:, None] + torch.arange(height, device=pixels.device)  # (batch, height)
    columns = left[:, None] + torch.arange(width, device=pixels.device)
    which = torch.arange(batch, device=pixels.device)[:, None, None]
    return padded[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _colour(pixels: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Brightness, contrast, then saturation, each times 1 - most to 1 + most."""
    drawn = 1 + most * (2 * torch.rand((3, len(pixels), 1, 1, 1), generator=generator) - 1)
    brightness, contrast, saturation = queued(drawn, pixels.device)
    pixels = pixels * brightness
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    pixels = mean + (pixels - mean) * contrast
    if pixels.shape[1] == 3:
        grey = pixels.mean(dim=1, keepdim=True)
        pixels = grey + (pixels - grey) * saturation
    return pixels.clamp(0, 255)


def _cutout(pixels: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """A square around a random point, cut at the edges, takes the picture's mean."""
    batch, _, height, width = pixels.shape
    y = torch.randint(0, height, (batch, 1), generator=generator)
    x = torch.randint(0, width, (batch, 1), generator=generator)
    down = torch.arange(height) - y + size // 2  # (batch, height), 0 to size - 1 inside
    across = torch.arange(width) - x + size // 2
    inside_y, inside_x = (down >= 0) & (down < size), (across >= 0) & (across < size)
    hole = queued((inside_y[:, :, None] & inside_x[:, None, :])[:, None], pixels.device)
    return torch.where(hole, pixels.mean(dim=(2, 3), keepdim=True), pixels)


def queued(tensor: Tensor, device: torch.device) -> Tensor:
    """On the device. A copy to a GPU is queued behind what it does, from pinned memory; a plain
    one would wait until all of that is done, and leave the GPU idle afterwards."""
    if device.type != "cuda" or tensor.device.type != "cpu":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
