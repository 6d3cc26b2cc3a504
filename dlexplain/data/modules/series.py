"""Series as Lightning sees them: windows and what came after each."""

import torch
from torch import Tensor

from dlexplain.data.augmentations import SeriesAugmentation
from dlexplain.data.base import ModuleOptions, SeriesData
from dlexplain.data.modules.base import Batch, DataModule, module_of
from dlexplain.data.planting import planted_windows
from dlexplain.data.series_variants import vary
from dlexplain.data.shortcuts import Shortcut
from dlexplain.data.windows import Windows, cut


class SeriesModule(DataModule):
    """Batches {"x": (batch, window, series), "y": (batch, horizon, targets)}, both scaled."""

    def __init__(
        self,
        windows: Windows,
        batch_size: int,
        seed: int,
        augmentation: SeriesAugmentation | None = None,
    ) -> None:
        self.augmentation = augmentation or SeriesAugmentation()
        parts: dict[str, dict[str, Tensor]] = {
            split: {
                "x": torch.from_numpy(windows.inputs(origins)).float(),
                "y": torch.from_numpy(windows.scaled_changes(origins)).float(),
            }
            for split, origins in windows.origins.items()
        }
        super().__init__(parts, batch_size, seed)
        self.windows = windows
        self.facts = windows.facts()

    def plant(self, shortcut: Shortcut) -> None:
        """Put spikes into the training part; windows of one series overlap, so each has its own."""
        inputs, note = planted_windows(self.windows, shortcut, self.loader.seed)
        self._parts["train"]["x"].copy_(torch.from_numpy(inputs))
        self.facts["notes"].append(note)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        if "seed" not in batch:
            return batch
        generator = torch.Generator().manual_seed(batch["seed"])
        return {**batch, "x": vary(batch["x"], self.augmentation, generator)}

    def some_inputs(self, count: int, seed: int) -> Tensor:
        return self._parts["train"]["x"][:count]


@module_of.register
def _series(data: SeriesData, options: ModuleOptions) -> SeriesModule:
    windows = cut(data, int(options.task["window"]), int(options.task["horizon"]))
    how = options.augmentation
    own = how if isinstance(how, SeriesAugmentation) else None
    found = SeriesModule(windows, options.batch_size, options.seed, own)
    if options.shortcut.planted:
        found.plant(options.shortcut)
    return found
