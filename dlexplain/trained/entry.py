"""What a list says of a model that can be loaded, and what a source of such models is."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from dlexplain.errors import WeightsError
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.base import ARCHITECTURES, ModelSpec
from dlexplain.params import Value
from dlexplain.results.words import metric_name, scored
from dlexplain.tasks.base import TASKS
from dlexplain.trained.folder import Trained
from dlexplain.trained.heads import MARK, Head, heads_of

BROUGHT = {
    "classify-token": "token classifier",
    "detect-objects": "object detector",
    "segment-picture": "semantic segmenter",
}
"""Nouns of tasks for which nothing is trained here: their models are those that users bring."""
Origin = ModelSpec | Trained | str
"""What a model is loaded from: a registered spec, a folder, or a folder or hub name of
Hugging Face's form."""


@dataclass(frozen=True)
class ModelEntry:
    """A model that can be loaded, for pickers and listings.

    name          what `load` takes; a run's is its id
    title         for people, "cnn on digits, accuracy 96.1% [93.5–97.7%], n = 359 (run 1a2b3c4d)"
    architecture  "" of one that was not trained here
    data          what it was trained on, or the class list of a registered one
    origin        what it is loaded from
    heads         of a head of a model that has several: the names of all, by their models' names
    whole         and the title of that model, for lists that have it once
    """

    name: str
    title: str
    source: Literal["registered", "zoo", "run", "path", "own"]
    task: str
    architecture: str = ""
    data: str = ""
    data_params: Mapping[str, Value] = field(default_factory=dict, repr=False)
    model_params: Mapping[str, Value] = field(default_factory=dict, repr=False)
    origin: Origin = field(default="", repr=False, compare=False)
    heads: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    whole: str = field(default="", repr=False, compare=False)

    @property
    def listed(self) -> str:
        """Its title where a list has it, or the model that it is a head of."""
        return self.whole or self.title

    @property
    def shows(self) -> tuple[str, ...]:
        """What of its inside can be seen, as far as its architecture says."""
        known = ARCHITECTURES.get(self.architecture)
        return known.shows if known else ()

    @property
    def cell(self) -> str:
        """ "rnn", "lstm" or "gru" where a recurrent cell can be looked at, or ""."""
        return str(self.model_params.get("cell", "")) if "cells" in self.shows else ""

    @property
    def trained(self) -> Trained:
        """Where it lies; raises WeightsError of one that was not trained here."""
        if isinstance(self.origin, Trained):
            return self.origin
        raise WeightsError(f"{self.name} was not trained here, so it has no card")


class Source(Protocol):
    """Where models come from: those that are registered, the zoo, finished runs, the user."""

    def entries(self, tasks: Collection[str]) -> Iterable[ModelEntry]:
        """Those of the tasks, as lists show them; what is damaged may be left out."""

    def find(self, name: str, tasks: Collection[str]) -> ModelEntry | None:
        """The one of this name, where it is of one of the tasks; raises WeightsError of one that
        is damaged."""


def trained_entry(
    model: Trained, spec: RunSpec, called: str, score: tuple[float, int] | None
) -> ModelEntry:
    """A model that was trained here.

    called  its name for people;  score  its task's headline metric, and on how many examples
    """
    where = {"zoo": "zoo", "run": f"run {model.name}", "path": model.name}[model.source]
    told = "" if score is None else f", {headline_told(spec.task, *score)}"
    heads, whole = {}, ""
    if isinstance(model, Head):
        name = model.whole.name
        heads = {f"{name}{MARK}{head}": head for head in heads_of(model.whole)}
        plain = name if model.source == "zoo" else called
        names = "/".join(heads.values())
        behind = where.replace(model.name, name)
        whole = f"{plain}, with heads {names} ({behind})"
        called = called if model.source == "zoo" else f"{called}, {model.head}"
    return ModelEntry(
        model.name, f"{called}{told} ({where})", model.source, spec.task, spec.model, spec.data,
        spec.data_params, spec.model_params, model, heads, whole,
    )  # fmt: skip


def headline_told(task: str, value: float, n: int) -> str:
    """ "accuracy 93.0% [92.5–93.5%], n = 10,000": a task's headline metric, as a title has it."""
    name = TASKS[task].headline.partition("/")[2]
    return f"{metric_name(name)} {scored(name, value, n)}"


def noun_of(tasks: Collection[str]) -> str:
    """What a model of the tasks is called: "text classifier"; "autoencoder, VAE or GAN". What only
    users bring is named where there is nothing else: no list has it."""
    trained = [TASKS[task].noun for task in tasks if task in TASKS]
    nouns = trained or [BROUGHT[task] for task in tasks]
    return " or ".join(filter(None, (", ".join(nouns[:-1]), *nouns[-1:]))) or "model"
