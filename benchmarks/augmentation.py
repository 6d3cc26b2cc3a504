"""What augmentation is worth: small trainings with and without, over several seeds.

python benchmarks/augmentation.py SETTING [--data-path PATH] [--json FILE] [--seeds N]

Trains a small network on few examples, without augmentation and with one kind at a time, always as
many steps, and asks all of the test part. What is printed is the mean over seeds, the lowest and
the highest seed, and the difference to the training without: of the mean over seeds, with its 95%
interval by the bootstrap over test examples (over blocks of origins, for forecasts, which overlap).
The interval says how far the difference depends on the test examples; how far on the seeds, their
range says. No training is chosen by the test: it is the last epoch's network that is asked.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.data.base import DATA, LoadedData, PictureData, silent
from dlexplain.data.texts import TextData
from dlexplain.evaluation.intervals import block_bootstrap_mean
from dlexplain.execution.paths import data_folder
from dlexplain.execution.spec import RunSpec
from dlexplain.memory import keep_memory
from dlexplain.params import Value, parse
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.presets import preset
from dlexplain.services.training.worker import Built, assembled
from dlexplain.settings import settings
from dlexplain.tasks.forecast import MIDDLE

Change = Mapping[str, Value]


@dataclass(frozen=True)
class Setting:
    """steps  optimiser steps of each training;  sizes  training examples, 0 for all of them
    ways    augmentations by name; the first one is what the others are compared with"""

    spec: RunSpec
    sizes: tuple[int, ...]
    steps: int
    ways: Mapping[str, Change]
    seeds: int = 3
    unit: str = "accuracy"


SERIES: dict[str, dict[str, Value]] = {
    "none": {},
    "jitter, 0.1": {"jitter": 0.1},
    "jitter, 0.5": {"jitter": 0.5},
    "scaling, 0.2": {"scaling": 0.2},
}
"""What every setting of series tries."""
SETTINGS: Mapping[str, Setting] = {
    "cifar10": Setting(
        RunSpec(
            task="classify-image", model="cnn", data="cifar10",
            model_params={"width": 16, "dense": 64},
            training={"batch_size": 50, "learning_rate": 3e-3, "weight_decay": 0.01,
                      "precision": "float32"},
        ),
        (250, 1000),
        400,
        {
            "none": {},
            "mirror": {"flip": "random"},
            "shift, 2 pixels": {"shift": 2},
            "cutout, 8 pixels": {"cutout": 8},
            "random erasing, 0.5": {"erasing": 0.5},
            "MixUp, 0.2": {"mixup": 0.2},
            "CutMix, 1": {"cutmix": 1.0},
            "AugMix, severity 3": {"augmix": 3},
            "RandAugment, 2 of strength 9": {"randaugment": 2},
            "mirror, shift and RandAugment": {"flip": "random", "shift": 2, "randaugment": 2},
        },
    ),
    "sst2": Setting(
        preset("sst2-cnn"),
        (500, 2000),
        300,
        {
            "none": {},
            "words left out, 0.1": {"word_dropout": 0.1},
            "words left out, 0.3": {"word_dropout": 0.3},
            "words swapped, 0.1": {"word_swaps": 0.1},
            "words swapped, 0.5": {"word_swaps": 0.5},
            "both, 0.1": {"word_dropout": 0.1, "word_swaps": 0.1},
        },
    ),
    "macrodata": Setting(
        preset("macrodata-lstm"),
        (0,),
        300,
        {
            **SERIES,
            "window warping, 0.3": {"warping": 0.3},
            "all three": {"jitter": 0.1, "scaling": 0.2, "warping": 0.3},
        },
        seeds=5,
        unit="absolute error",
    ),
    "fred-md": Setting(
        preset("fred-lstm"),
        (0,),
        500,
        {
            **SERIES,
            "window warping, 0.1": {"warping": 0.1},
            "window warping, 0.3": {"warping": 0.3},
            "all three": {"jitter": 0.1, "scaling": 0.2, "warping": 0.1},
        },
        seeds=5,
        unit="absolute error",
    ),
    "generated": Setting(
        RunSpec(
            task="classify-image", model="cnn", data="mnist",
            model_params={"width": 16, "dense": 64},
            training={"batch_size": 50, "learning_rate": 3e-3, "weight_decay": 0.01,
                      "precision": "float32"},
        ),
        (100, 500),
        300,
        {
            "none": {},
            "shift, 2 pixels": {"shift": 2},
            "mnist-gan, as many": {"generated_by": "mnist-gan", "generated_part": 1.0},
            "mnist-gan, 5 times as many": {"generated_by": "mnist-gan", "generated_part": 5.0},
            "mnist-gan, 5 times, judged by mnist-cnn": {
                "generated_by": "mnist-gan", "generated_part": 5.0,
                "generated_judge": "mnist-cnn",
            },
            "mnist-vae, 5 times, labelled by mnist-cnn": {
                "generated_by": "mnist-vae", "generated_part": 5.0,
                "generated_judge": "mnist-cnn",
            },
        },
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Found:
    """values  (seeds, test examples): 1 where right, or an error;  seconds  of one training"""

    setting: str
    size: int
    way: str
    values: NDArray[np.float64]
    seconds: float


def loaded(spec: RunSpec) -> LoadedData:
    source = DATA[spec.data]
    return source.load(parse(source.Params, spec.data_params), data_folder(settings().home), silent)


def few(data: Any, size: int, seed: int) -> Any:
    """The same data with so many training examples, of each class as many as of every other."""
    if not size or not isinstance(data, PictureData | TextData):
        return data
    each = -(-size // len(data.classes))
    generator = np.random.default_rng(seed)
    labels = data.train.labels
    places = [
        generator.permutation(np.flatnonzero(labels == label))[:each]
        for label in range(len(data.classes))
    ]
    return replace(data, train=data.train.take(np.sort(np.concatenate(places))))


def trained(setting: Setting, data: Any, way: Change, seed: int) -> Built:
    spec = replace(setting.spec, augmentation=dict(way), seed=seed)
    spec = replace(spec, training={**spec.training, "epochs": 1})
    a_few = assembled(complete(spec), data, torch.device("cpu"))
    epochs = max(1, round(setting.steps / len(a_few.data.loader)))
    spec = complete(replace(spec, training={**spec.training, "epochs": epochs}))
    built = assembled(spec, data, torch.device("cpu"))
    made = built.module.configure_optimizers()
    optimiser, schedule = made["optimizer"], made["lr_scheduler"]["scheduler"]
    network, clip = built.module.network.train(), built.training.clip
    for _ in range(epochs):
        for batch in built.data.loader:
            torch.manual_seed(batch["seed"])
            loss, _ = built.module.loss(built.data.on_after_batch_transfer(batch, 0))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if clip:
                torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
            optimiser.step()
            schedule.step()
        built.data.loader.seen += len(built.data.loader)
    network.eval()
    return built


def tested(built: Built) -> NDArray[np.float64]:
    """(test examples,) 1 where the network is right; of a forecast the absolute error of the
    middle, in deviations of the change, the mean over horizon and series."""
    found = []
    with torch.no_grad():
        for batch in built.data.test_dataloader():
            batch = built.data.on_after_batch_transfer(batch, 0)
            said, truth = built.module.network(batch["x"]).float(), batch["y"]
            if truth.dim() > 1:
                found.append((said[..., MIDDLE] - truth).abs().mean((1, 2)))
            else:
                found.append((said.argmax(1) == truth).float())
    return torch.cat(found).double().numpy()


def interval(change: NDArray[np.float64], block: int) -> tuple[float, float]:
    """95%, of the mean; block  examples that are drawn together, 1 for independent ones"""
    return block_bootstrap_mean(change, block)[1:]


def row(found: Found, without: Found, setting: Setting) -> str:
    share = setting.unit == "accuracy"
    factor, decimals = (100, 1) if share else (1, 3)
    by_seed = factor * found.values.mean(1)
    mean = (
        f"{by_seed.mean():.{decimals}f} ({by_seed.min():.{decimals}f}–{by_seed.max():.{decimals}f})"
    )
    told = ""
    if found is not without:
        change = factor * (found.values.mean(0) - without.values.mean(0))
        low, high = interval(change, 1 if share else 8)
        told = f"{change.mean():+.{decimals}f} [{low:+.{decimals}f}, {high:+.{decimals}f}]"
    size = f"{found.size:,}" if found.size else "all"
    seeds, tests = found.values.shape
    return f"| {size} | {found.way} | {mean} | {told} | {seeds} | {tests:,} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("setting", choices=list(SETTINGS))
    parser.add_argument("--data-path", default="", help="where the data lie, if not fetched")
    parser.add_argument("--seeds", type=int, default=0, help="default: the setting's")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    args = parser.parse_args()
    keep_memory()
    torch.set_num_threads(1)
    setting = SETTINGS[args.setting]
    if args.data_path:
        spec = setting.spec
        params = {**spec.data_params, "path": args.data_path}
        setting = replace(setting, spec=replace(spec, data_params=params))
    data = loaded(setting.spec)
    print(f"| examples | augmentation | {setting.unit} | against none | seeds | n |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    every: list[Found] = []
    for size in setting.sizes:
        without: Found | None = None
        for way, change in setting.ways.items():
            began = time.perf_counter()
            values = [
                tested(trained(setting, few(data, size, seed), change, seed))
                for seed in range(args.seeds or setting.seeds)
            ]
            seconds = (time.perf_counter() - began) / len(values)
            found = Found(args.setting, size, way, np.stack(values), seconds)
            without = without or found
            every.append(found)
            print(row(found, without, setting), flush=True)
            print(f"{seconds:.0f} s a training", file=sys.stderr, flush=True)
    if args.json:
        rows = [
            {"size": f.size, "way": f.way, "by_seed": f.values.mean(1).tolist(),
             "n": f.values.shape[1], "seconds": f.seconds}
            for f in every
        ]  # fmt: skip
        args.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
