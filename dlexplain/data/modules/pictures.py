"""Pictures with classes as Lightning sees them: varied, normalised, channels-last."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from dlexplain.data.augment import augment, queued
from dlexplain.data.base import Augmentation, ModuleOptions, PictureData, Pictures, Split
from dlexplain.data.heads import chosen_heads
from dlexplain.data.modules.base import Batch, DataModule, module_of
from dlexplain.data.modules.heads import HEADS, facts_of_heads
from dlexplain.data.planting import planted_pictures


class PictureModule(DataModule):
    """Batches {"x": (batch, channels, side, side), "y", "y2", "weight"}, normalised; those that
    train also have "places" and "places2", where in the training part the pictures are and those
    that are mixed in.

    generated  pictures that are learned from behind those of the training part; how pixels are
               normalised does not depend on them
    heads  of data with several labels those that are learned: "y" is (batch, heads) then
    files  of a model that prepares pictures itself: they come to it with values from 0 to 1
    """

    def __init__(
        self,
        data: PictureData,
        augmentation: Augmentation,
        batch_size: int,
        seed: int,
        epochs: int,
        generated: Pictures | None = None,
        heads: Sequence[str] = (),
        files: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        columns = [list(data.heads).index(name) for name in heads]
        parts = {
            "train": _tensors(data.train, columns, generated),
            "validation": _tensors(data.validation, columns),
            "test": _tensors(data.test, columns),
        }
        super().__init__(parts, batch_size, seed)
        self.augmentation = augmentation
        self.files = dict(files)
        self.mean, self.scale = (0.0, 255.0) if files else (data.pixel_mean, data.pixel_scale)
        self.epochs = epochs

        self.facts = {
            "channels": data.channels,
            "side": data.side,
            "classes": list(data.classes),
            "mean": self.mean,
            "scale": self.scale,
            "digest": data.digest,
            "notes": list(data.notes),
            "sizes": {split: len(part["labels"]) for split, part in parts.items()},
        }
        if heads:
            labels = {split: part["labels"] for split, part in parts.items()}
            self.facts |= facts_of_heads(data.heads, heads, labels)

    def normalise(self, pixels: Tensor) -> Tensor:
        """(batch, channels, side, side) 0..255 -> the model's input, laid out channels-last."""
        return ((pixels - self.mean) / self.scale).contiguous(memory_format=torch.channels_last)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        pixels, labels = batch["pixels"].permute(0, 3, 1, 2).float(), batch["labels"]
        if "seed" not in batch:
            return {"x": self.normalise(pixels), "y": labels}
        epoch = batch["epoch"]
        told = torch.column_stack([labels, queued(batch["places"], labels.device)])
        pixels, first, second, weight = augment(
            pixels, told, batch["places"], epoch, batch["seed"], self.augmentation
        )
        (y, places), (y2, places2) = ((t[:, :-1], t[:, -1]) for t in (first, second))
        if labels.ndim == 1:
            y, y2 = y[:, 0], y2[:, 0]
        early = self.augmentation.early_side
        if 0 < early < pixels.shape[-1] and epoch < self.epochs // 2:
            pixels = F.interpolate(pixels, size=early, mode="bilinear", antialias=True)
        x = self.normalise(pixels)
        where = {"places": places, "places2": places2}
        return {"x": x, "y": y, "y2": y2, "weight": weight, "seed": batch["seed"], **where}

    def originals(self, places: Tensor) -> Tensor:
        """Pictures of the training part as the model sees them, not varied."""
        pixels = self._parts["train"]["pixels"]
        return self.normalise(pixels[places.to(pixels.device)].permute(0, 3, 1, 2).float())

    def some_inputs(self, count: int, seed: int) -> Tensor:
        """Training pictures as the model sees them, not varied: for Architecture's see_data."""
        pixels = self._parts["train"]["pixels"]
        generator = torch.Generator().manual_seed(seed)
        return self.originals(torch.randperm(len(pixels), generator=generator)[:count])

    def labelled(self, split: Split, most: int, seed: int) -> tuple[Tensor, Tensor]:
        """At most so many pictures of a part as the model sees them, not varied; their labels."""
        part = self._parts[split]
        generator = torch.Generator().manual_seed(seed)
        places = torch.randperm(len(part["labels"]), generator=generator)[:most]
        places = places.to(part["labels"].device)
        pixels = part["pixels"][places].permute(0, 3, 1, 2).float()
        return self.normalise(pixels), part["labels"][places]


@module_of.register
def _pictures(data: PictureData, options: ModuleOptions) -> PictureModule:
    o = options
    if o.shortcut.planted:
        data = planted_pictures(data, o.shortcut, o.seed)
    heads = chosen_heads(str(o.task[HEADS]), data.heads) if HEADS in o.task else ()
    return PictureModule(
        data, o.augmentation, o.batch_size, o.seed, o.epochs, o.generated, heads, o.files
    )


def _tensors(
    pictures: Pictures, columns: Sequence[int], more: Pictures | None = None
) -> dict[str, Tensor]:
    """columns  of the heads that are learned, none for the one label;  more  pictures behind
    these, which have one label"""
    pixels, labels = np.ascontiguousarray(pictures.pixels), pictures.labels
    if columns:
        assert pictures.heads is not None
        labels = pictures.heads[:, columns]
    if more is not None:
        assert not columns
        pixels = np.concatenate([pixels, more.pixels])
        labels = np.concatenate([labels, more.labels])
    return {
        "pixels": torch.from_numpy(pixels),
        "labels": torch.from_numpy(np.ascontiguousarray(labels)),
    }
