"""A head of a model that has several, as the classifier that it is alone; no torch here.

"shapes-multitask:colour" is the head "colour" of shapes-multitask: a model of the task of each head
alone, with the rows of the last layer that are its own. So whatever can be asked of a classifier
can be asked of a head. Without a head, the name is that of the first one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from dlexplain.errors import UnknownName, WeightsError, known_names
from dlexplain.params import specs
from dlexplain.tasks.base import TASKS
from dlexplain.tasks.multi_task import accuracy_of
from dlexplain.trained.folder import Trained

if TYPE_CHECKING:
    from torch import Tensor

MARK = ":"
"""Between a model's name and its head's."""
SCORE = "test/accuracy"
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Head(Trained):
    """One head of `whole`; its card is as that of a model trained for this label alone."""

    whole: Trained
    head: str

    @cached_property
    def card(self) -> dict[str, Any]:
        """Raises WeightsError where the whole's is damaged."""
        spec, facts = self.whole.spec, self.whole.facts
        heads = heads_of(self.whole)
        single = TASKS[spec.task].single
        known = specs(TASKS[single].Params)
        told = replace(
            spec,
            task=single,
            task_params={key: value for key, value in spec.task_params.items() if key in known},
            data_params={**spec.data_params, "head": self.head},
        )
        labelled = facts.get("labelled", {})
        sizes = {s: labelled.get(s, {}).get(self.head, n) for s, n in facts["sizes"].items()}
        metrics, own = self.whole.metrics, accuracy_of(self.head)
        scores = {s: metrics[f"{s}/{own}"] for s in SPLITS if f"{s}/{own}" in metrics}
        kept = {key: value for key, value in facts.items() if key not in ("heads", "labelled")}
        return {
            **self.whole.card,
            "spec": told.to_dict(),
            "facts": {**kept, "classes": list(heads[self.head]), "sizes": sizes},
            "metrics": {f"{split}/accuracy": value for split, value in scores.items()},
            "headline": SCORE,
        }

    @property
    def score(self) -> tuple[float, int] | None:
        value = self.metrics.get(SCORE)
        return None if value is None else (value, int(self.facts["sizes"]["test"]))

    @cached_property
    def damage(self) -> str:
        return self.whole.damage

    def cut(
        self, state: Mapping[str, "Tensor"], wanted: Mapping[str, "Tensor"]
    ) -> dict[str, "Tensor"]:
        """Of the whole's weights those of this head's network: all, but of those whose rows are
        the outputs only its own.

        wanted  the head's network's own weights, by name, for their shapes
        """
        heads = heads_of(self.whole)
        start = 0
        for name, classes in heads.items():
            if name == self.head:
                break
            start += len(classes)
        rows, outputs = len(heads[self.head]), sum(map(len, heads.values()))

        def own(name: str, weight: "Tensor") -> "Tensor":
            shape = wanted[name].shape if name in wanted else weight.shape
            if shape != weight.shape and weight.shape == (outputs, *shape[1:]):
                return weight[start : start + rows]
            return weight

        return {name: own(name, weight) for name, weight in state.items()}


def heads_of(model: Trained) -> dict[str, tuple[str, ...]]:
    """The classes of each head, in the order of the outputs, {} of a model that has but one; raises
    WeightsError of a damaged card."""
    if not has_heads(model.spec.task):
        return {}
    heads = model.facts.get("heads")
    fits = isinstance(heads, dict) and all(isinstance(c, list) and c for c in heads.values())
    if not heads or not fits or not isinstance(model.facts.get("sizes"), dict):
        raise WeightsError(f"the card of {model.owner} is damaged: it lacks its heads")
    return {name: tuple(map(str, classes)) for name, classes in heads.items()}


def has_heads(task: str) -> bool:
    """Whether models of the task have several."""
    return task in TASKS and bool(TASKS[task].single)


def is_of(task: str, tasks: Collection[str]) -> bool:
    """Whether a model of the task, or a head of it, is of one of the tasks."""
    return task in tasks or (has_heads(task) and TASKS[task].single in tasks)


def without_head(name: str) -> str:
    """ "shapes-multitask" of "shapes-multitask:colour"; a name without a head as it is."""
    return name.partition(MARK)[0]


def head_in(name: str) -> str:
    """ "colour" of "shapes-multitask:colour", or ""."""
    return name.partition(MARK)[2]


def as_single(model: Trained, head: str = "") -> Trained:
    """A head of a model that has several, the first where none is given; another as it is.

    Raises UnknownName for a head that it does not have, WeightsError of a damaged card.
    """
    heads = heads_of(model)
    if not heads:
        if head:
            raise UnknownName(f'{model.owner} has one head only, no "{head}"')
        return model
    if head and head not in heads:
        raise UnknownName(f'{model.owner} has no head "{head}"; {known_names(head, list(heads))}')
    return _head(model, head or next(iter(heads)))


@lru_cache(maxsize=256)  # one object a model and head, as of zoo_models
def _head(model: Trained, head: str) -> Head:
    name = f"{model.name}{MARK}{head}"
    title = model.title.replace(model.name, name, 1)
    return Head(name, title, model.source, model.folder, model.weights, model, head)
