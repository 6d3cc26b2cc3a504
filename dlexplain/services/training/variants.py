"""Some training examples and what a run would make of them: to look at before it is started.

By the same functions, in the same order and by the same seeds as in the training; only which
examples are in a batch together, and so what is mixed into what, is another matter.
"""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.data.augment import augment
from dlexplain.data.augmentations import read_augmentation
from dlexplain.data.base import (
    DATA,
    UNKNOWN,
    PictureData,
    Pictures,
    SeriesData,
    batch_seed,
    silent,
)
from dlexplain.data.heads import chosen_heads
from dlexplain.data.planting import planted_pictures, planted_texts, planted_windows
from dlexplain.data.series_variants import vary as vary_windows
from dlexplain.data.shortcuts import Shortcut
from dlexplain.data.text_variants import vary as vary_text
from dlexplain.data.texts import TextData, Texts
from dlexplain.data.windows import cut
from dlexplain.errors import DataError
from dlexplain.execution.paths import data_folder
from dlexplain.execution.spec import RunSpec
from dlexplain.memory import give_back
from dlexplain.params import parse
from dlexplain.results.variants import (
    PictureVariants,
    SeriesVariants,
    TextVariants,
    Variants,
    VariedWord,
)
from dlexplain.services.training.catalogue import data_status
from dlexplain.services.training.generating import generated_for
from dlexplain.settings import settings

SHOWN, EACH = 4, 5
TOGETHER = 32
"""Pictures that are varied at once, so that others can be mixed into those shown."""
MADE = 8
SEVERAL = ("multi-task", "multi-task-text")
"""Tasks that learn several labels of an example."""


def variants_of(spec: RunSpec, shown: int = SHOWN, each: int = EACH) -> Variants:
    """Of a completed spec: `shown` examples, spread over the training part, `each` variants.

    Raises BadInput where the data are not there or cannot be read, or where a model that is to
    generate pictures does not fit.
    """
    if not data_status(spec.data, spec.data_params).there:
        raise DataError(f"the data {spec.data} are not there yet; a run fetches them first")
    source = DATA[spec.data]
    params: Any = parse(source.Params, spec.data_params)
    data = source.load(params, data_folder(settings().home), silent)
    try:
        return _variants(data, spec, shown, each)
    finally:
        del data
        give_back()


@singledispatch
def _variants(data: object, spec: RunSpec, shown: int, each: int) -> Variants:
    raise DataError(f"examples of {spec.data} are not varied")


@_variants.register
def _of_pictures(data: PictureData, spec: RunSpec, shown: int, each: int) -> PictureVariants:
    data = _planted(spec, data, planted_pictures)
    how = read_augmentation(spec.task, spec.augmentation)
    places = torch.from_numpy(_spread(len(data.train), TOGETHER))
    pixels = torch.from_numpy(data.train.pixels[places.numpy()]).permute(0, 3, 1, 2).float()
    names = _names(data, data.train.take(places.numpy()), spec)
    labels = torch.arange(len(names))
    # Those shown come from all over the part, so that they are not all of one class.
    front = torch.from_numpy(_spread(len(places), min(shown, len(places))))
    found, said = [], []
    for epoch in range(each):
        seed = batch_seed(spec.seed, epoch, 0)
        varied, first, second, weight = augment(pixels, labels, places, epoch, seed, how)
        found.append(varied[front].clamp(0, 255).round().byte().permute(0, 2, 3, 1).numpy())
        said.append([_mixed(names, int(first[p]), int(second[p]), weight) for p in front.tolist()])
    made = generated_for(spec, data, silent, most=MADE)
    pictures = data.train.take(places[front].numpy())
    return PictureVariants(
        originals=pictures.pixels,
        labels=tuple(names[place] for place in front.tolist()),
        variants=np.stack(found, axis=1),
        said=tuple(zip(*said, strict=True)),
        made=pictures.pixels[:0] if made is None else made.pictures.pixels,
        made_labels=()
        if made is None
        else tuple(str(data.classes[label]) for label in made.pictures.labels),
        note="" if made is None else str(spec.augmentation["generated_by"]),
    )


@_variants.register
def _of_texts(data: TextData, spec: RunSpec, shown: int, each: int) -> TextVariants:
    data = _planted(spec, data, planted_texts)
    how = read_augmentation(spec.task, spec.augmentation)
    part = data.train.take(_spread(len(data.train), shown))
    found = []
    for epoch in range(each):
        generator = np.random.default_rng(batch_seed(spec.seed, epoch, 0))
        varied = [vary_text(text, how, generator) for text in part.texts]
        found.append([tuple(VariedWord(w.gap, w.text, w.mark) for w in one) for one in varied])
    return TextVariants(part.texts, _names(data, part, spec), tuple(zip(*found, strict=True)))


@_variants.register
def _of_series(data: SeriesData, spec: RunSpec, shown: int, each: int) -> SeriesVariants:
    windows = cut(data, int(spec.task_params["window"]), int(spec.task_params["horizon"]))
    shortcut = parse(Shortcut, spec.shortcut)
    origins = windows.origins["train"]
    inputs = windows.inputs(origins)
    if shortcut.planted:
        inputs, _ = planted_windows(windows, shortcut, spec.seed)
    how = read_augmentation(spec.task, spec.augmentation)
    places = _spread(len(origins), shown)
    first = data.targets[0]
    given = torch.from_numpy(inputs[places]).float()
    found = []
    for epoch in range(each):
        generator = torch.Generator().manual_seed(batch_seed(spec.seed, epoch, 0))
        found.append(vary_windows(given, how, generator)[..., first].double().numpy())
    return SeriesVariants(
        name=str(data.names[first]),
        originals=given[..., first].double().numpy(),
        variants=np.stack(found, axis=1),
        origins=tuple(str(data.dates[origins[place]]) for place in places),
    )


def _spread(count: int, wanted: int) -> NDArray[np.int64]:
    """At most so many places of `count`, ascending, as far from each other as can be."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(np.int64))


def _planted(spec: RunSpec, data: Any, plant: Callable[[Any, Shortcut, int], Any]) -> Any:
    shortcut = parse(Shortcut, spec.shortcut)
    return plant(data, shortcut, spec.seed) if shortcut.planted else data


def _names(data: PictureData | TextData, part: Pictures | Texts, spec: RunSpec) -> tuple[str, ...]:
    """What each example is learned as: its class, or "form circle · count 2" of several heads."""
    if part.heads is None or spec.task not in SEVERAL:
        return tuple(str(data.classes[label]) for label in part.labels)
    asked = chosen_heads(str(spec.task_params.get("heads", "")), data.heads)
    places = [list(data.heads).index(head) for head in asked]
    return tuple(
        " · ".join(
            f"{head} {data.heads[head][row[place]]}"
            for head, place in zip(asked, places, strict=True)
            if row[place] != UNKNOWN
        )
        or "no label"
        for row in part.heads
    )


def _mixed(names: tuple[str, ...], first: int, second: int, weight: float) -> str:
    """What a picture of two examples is learned as."""
    if names[first] == names[second] or weight == 1:
        return names[first]
    return f"{names[first]} {weight:.0%}, {names[second]} {1 - weight:.0%}"
