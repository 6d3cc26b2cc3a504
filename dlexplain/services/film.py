"""An explanation film: the map of one input at each epoch of a run whose weights were kept."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dlexplain.data.samples import read_sample
from dlexplain.errors import BadInput, WeightsError
from dlexplain.evaluation.ranks import spearman
from dlexplain.execution.paths import results_file
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results import Film, FilmFrame, RunRecord, SeriesAttribution
from dlexplain.results.films import map_of
from dlexplain.services.loading import class_of
from dlexplain.services.models import explain, predict
from dlexplain.services.pictures.sources import UNREADABLE, Picture, kept_pictures
from dlexplain.services.training.runs import curves
from dlexplain.services.training.runs import run as run_of
from dlexplain.settings import settings
from dlexplain.trained.catalogue import find
from dlexplain.trained.runs import kept_on_the_way

MODALITIES = {"classify-image": "picture", "classify-text": "text", "forecast": "series"}
"""Tasks whose runs are filmed, and what their models read."""
MOST = 60
"""Frames at most, spread evenly over the epochs that were kept."""
CURVES = ("train/loss", "validation/loss")
PLAIN_TEXT = "A warm and clever film, though it is a little too long."


@random_state_kept()
def film(
    run: str,
    x: Any = None,
    method: str = "",
    target: int | str | None = None,
    *,
    progress: Progress | None = None,
    **params: Any,
) -> Film:
    """How the map of one input changed during a run that kept its weights (`keep_every`).

    run     its id, or a unique beginning of it; in whatever state it is
    x       a picture, a text or series, as `explain` takes it; by default a test picture or text
            that the run has kept, or its own series
    method  as `explain` takes it
    target  the class that is explained in every frame: by default the right one of a test picture
            of the run, else the one that the last weights name; of a forecast a series
    params  the method's, and what the kind of model has, such as contrast, origin or step

    Each map is compared with the last by Spearman's rank correlation over its places. Raises
    UnknownName, BadInput where the run has kept no weights or is of another task, WeightsError,
    or as `explain`.
    """
    record = run_of(run)
    files = chosen_files(record)
    progress = progress or Progress()
    progress.plan(len(files))
    quiet = Progress(cancelled=progress.cancelled)
    x, right, of = _input(record, x)
    target = right if target is None else target
    last = _loaded(files[max(files)])
    if target is None and MODALITIES[record.task] != "series":
        target = _classes(last, x)[0].name.index
    found = {}
    for epoch, file in files.items():
        progress.check()
        model = last if epoch == max(files) else _loaded(file)
        one = explain(model, x, method, target, progress=quiet, **params)
        named = replace(one, model=f"run {record.id}, epoch {epoch}")
        found[epoch] = (named, *_said(model, x, named))
        progress.advance(1)
    maps = {epoch: map_of(one[0]).ravel().astype(np.float64) for epoch, one in found.items()}
    final = maps[max(maps)]
    frames = tuple(
        FilmFrame(epoch, said, value, spearman(maps[epoch], final), one)
        for epoch, (one, said, value) in found.items()
    )
    return Film(
        run=record.id,
        name=record.name,
        of=of,
        modality=MODALITIES[record.task],
        what=_what(frames[-1]),
        frames=frames,
        epochs=record.epochs,
        steps=record.steps,
        curves=tuple(curve for key in CURVES for curve in curves([record], key)),
        notes=_notes(record, frames),
    )


def chosen_files(record: RunRecord) -> Mapping[int, Path]:
    """Weights that are filmed, by epochs done; raises BadInput where there are too few."""
    if record.task not in MODALITIES:
        known = ", ".join(MODALITIES)
        raise BadInput(f"run {record.id} is one of {record.task}; films are made of {known}")
    kept = kept_on_the_way(record.id)
    if len(kept) < 2:
        count = "no weights" if not kept else "one set of weights"
        raise BadInput(
            f"run {record.id} has kept {count} on its way; train one with keep_every=1, which "
            "keeps them before the first step and after every epoch"
        )
    epochs = list(kept)
    places = np.unique(np.linspace(0, len(epochs) - 1, min(MOST, len(epochs))).round().astype(int))
    return {epochs[place]: kept[epochs[place]] for place in places}


def kept_texts(run: str) -> tuple[str, ...]:
    """Test texts that a finished run has kept; () where it kept none that can be read."""
    try:
        with np.load(results_file(settings().home, run), allow_pickle=False) as arrays:
            return tuple(map(str, arrays["samples_texts"]))
    except UNREADABLE:
        return ()


def _input(record: RunRecord, x: Any) -> tuple[Any, int | None, str]:
    """What is filmed, its right class where that is known, and its name."""
    modality = MODALITIES[record.task]
    if modality == "series":
        return "" if x is None else x, None, "its own series" if x in (None, "") else "the series"
    if modality == "text":
        known = kept_texts(record.id) or (PLAIN_TEXT,)
        text = known[0] if x is None else x
        return text, None, str(text)
    tests = kept_pictures(record.id)
    if x is None and tests:
        return tests[0].picture, tests[0].truth.index, tests[0].picture.name
    x = read_sample("chelsea") if x is None else x
    same = [one for one in tests if isinstance(x, Picture) and one.picture.digest == x.digest]
    right = same[0].truth.index if same else None
    name = x.name if isinstance(x, Picture) else Path(x).name if isinstance(x, str | Path) else ""
    return x, right, name or "the picture"


def _loaded(file: Path) -> Any:
    """The model of one file, in no cache: a film would push out the models that pages use."""
    entry = find(str(file))
    if entry.source != "path":
        raise WeightsError(f"{file} is no part of a run any more")
    return class_of(entry).of(entry)


def _classes(model: Any, x: Any) -> Any:
    """Every class, the most probable first."""
    some = {"top": len(model.classes)} if model.modality == "picture" else {}
    return predict(model, x, **some).scores


def _said(model: Any, x: Any, found: Any) -> tuple[str, float]:
    """What the model says, and how probable the film's class is; of a forecaster its forecast."""
    if isinstance(found, SeriesAttribution):
        return "", float(found.change)
    scores = _classes(model, x)
    mine = next(one for one in scores if one.name.index == found.target.index)
    return scores[0].name.label, float(mine.probability)


def _what(frame: FilmFrame) -> str:
    found = frame.found
    if isinstance(found, SeriesAttribution):
        kind = "forecast change" if found.what == "median" else f"interval ({found.what})"
        return f"{kind} of {found.target}" + (f", {found.unit}" if found.unit else "")
    return f"probability of {found.target.label}"


def _notes(record: RunRecord, frames: tuple[FilmFrame, ...]) -> tuple[str, ...]:
    found = []
    kept = kept_on_the_way(record.id)
    if len(kept) > len(frames):
        found.append(f"Of {len(kept)} kept epochs {len(frames)}, spread evenly, are shown.")
    if record.spec["training"].get("averaging"):
        found.append(
            "The weights are those of each epoch; the finished model is their moving average."
        )
    note = frames[-1].found.note
    return (*found, *([note] if note else []))
