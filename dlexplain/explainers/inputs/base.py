"""What a method sees of an input, whatever its modality.

A method asks for what it works on: the differentiable form of the input, a baseline, the features
that can be taken away. What these are is a matter of the modality: pixels, word vectors, past
values. So a method is written once, and is offered wherever its needs are met.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.baselines import undecided
from dlexplain.explainers.batching import BatchSizes, Evaluator, Target
from dlexplain.explainers.prepare import in_float32
from dlexplain.explainers.progress import Progress
from dlexplain.params import Spec, Value
from dlexplain.registry import Registry

Need = Literal[
    "gradients", "baselines", "real baselines", "features", "tokens", "tree", "windows",
    "attention", "pixels", "boxes", "sensitivities", "trial",
]  # fmt: skip
"""What a method may ask of a modality:

gradients       the score can be differentiated by the input
baselines       there are inputs without evidence; real baselines, such as were seen before
features        there are parts that can be taken away; tokens, such as are tokens of a text;
                a tree, which of them are joined in turn
windows         neighbouring parts can be covered together
attention       there are weights from each token to each
pixels          it is a picture, (channels, height, width)
boxes           a detector's box of it is explained, and all other boxes are there
sensitivities   values that are no parts of the score are shown in a unit of their own
trial           the model tells inputs to try rules on
"""
Option = Literal[
    "baseline", "background", "features", "players", "tokens", "cells", "rectangles", "windows",
    "precision",
]  # fmt: skip
"""Groups of parameters that are a matter of the modality rather than of the method. Those
of features are also called players, for methods that can put several baselines in the place of what
is taken away, tokens, for methods to which no feature is larger than a token, and cells, for
methods that lay a grid over a picture."""


PROBABILITY = "probability"
"""What is told of a class; see `ModelInput.told_in`."""
Places = slice | Tensor
"""Of rows: from one to another, or their numbers."""


@dataclass(frozen=True)
class Modality:
    """A kind of input.

    name     by which methods keep what is usual; kinds that are explained alike share it
    offers   needs of methods that it meets
    options  the parameters by group; a group that is missing here has none
    sized    defaults that suit the size of a model's inputs, of those of the parameters given
    """

    name: str
    offers: frozenset[Need]
    options: Mapping[Option, Mapping[str, Spec]]
    sized: Callable[[Any, Mapping[str, Spec]], Mapping[str, Value]] = lambda model, specs: {}

    def params(self, group: Option) -> Mapping[str, Spec]:
        """Of a group; features have one set of them in most modalities."""
        of_features = group in ("players", "tokens", "cells")
        usual = self.options.get("features", {}) if of_features else {}
        return self.options.get(group, usual)


MODALITIES: Registry[Modality] = Registry("modality")


@dataclass(eq=False)
class Features:
    """Parts of an input that can be taken away, each by itself or several at once.

    labels  of the shape that is shown: the number of each cell's feature, from 0; -1 for cells that
            always stay
    make    (n, count) True where a feature stays, and which of the baselines (n,) stands for the
            others -> n inputs of the evaluator
    baselines  how many there are
    even    whether a feature's value is shared out over its cells, rather than shown on each
    soft    whether a feature may be there in part: `make` then takes shares from 0 to 1
    """

    evaluator: Evaluator
    labels: Tensor
    make: Callable[[Tensor, Tensor], Tensor]
    baselines: int = 1
    even: bool = True
    soft: bool = False

    @property
    def count(self) -> int:
        return int(self.labels.max()) + 1

    @property
    def at_once(self) -> int:
        """How many inputs are the fastest together."""
        return self.evaluator.chunks.get(self.evaluator.model, "forward")

    def parts(self, on: Tensor, which: Tensor | None = None) -> Iterator[tuple[Places, Tensor]]:
        """Like `scores`, chunk by chunk: (positions, scores)."""
        chosen = torch.zeros(len(on), dtype=torch.int64) if which is None else which
        for span, part in self.evaluator.scores(
            lambda a, b: self.make(on[a:b], chosen[a:b]), len(on)
        ):
            yield span, part.float().cpu()

    def scores(self, on: Tensor, which: Tensor | None = None) -> Tensor:
        """(n, count) True where a feature stays -> (n,) on the CPU.

        which  (n,) numbers of the baselines; the first where not given
        """
        found = torch.empty(len(on))
        for span, part in self.parts(on, which):
            found[span] = part
        return found

    def paint(self, values: Tensor) -> Tensor:
        """(count,) -> the shape that is shown: each cell has its feature's value."""
        known = self.labels.clamp_min(0)
        return torch.where(self.labels >= 0, values.to(self.labels.device)[known], 0)

    def shared(self, values: Tensor) -> Tensor:
        """The same, each value shared out evenly over the feature's cells: sums are kept."""
        sizes = torch.bincount(self.labels[self.labels >= 0], minlength=len(values))
        return self.paint(values / sizes.to(values))

    def shown(self, values: Tensor) -> Tensor:
        """One or the other, as is usual in the modality."""
        return self.shared(values) if self.even else self.paint(values)


@dataclass(frozen=True, eq=False)
class Windows:
    """Neighbouring parts of an input that are covered together; they overlap.

    x, cover  (1, ...) the input, and what stands in a covered window
    shape     that is shown
    places    of each window, the index of its cells, in what is shown as in x[0]
    weight    of the score that a window costs, what each of its cells is given
    note      a sentence where the windows say little, or ""
    """

    evaluator: Evaluator
    x: Tensor
    cover: Tensor
    shape: tuple[int, ...]
    places: Sequence[Any]
    weight: float = 1.0
    note: str = ""

    def covered(self, numbers: Sequence[int]) -> Tensor:
        """(n, ...) each with the window of that number covered."""
        found = self.x.repeat(len(numbers), *[1] * (self.x.dim() - 1))
        for one, number in zip(found, numbers, strict=True):
            index = self.places[number]
            one[index] = self.cover[0][index]
        return found


@dataclass(eq=False)
class ModelInput(ABC):
    """An input of a model, the score that is explained, and the count of the work.

    feature  what one is called;  smallest  what the smallest parts are called
    fills    what can stand for a part that is taken away, the usual one first; see `smallest_parts`
    model    what methods check: of pictures a PreparedModel, of texts a PreparedText
    options  values of the modality's parameters that the method uses
    """

    modality: ClassVar[Modality]
    feature: ClassVar[str] = "part"
    smallest: ClassVar[str] = "token"
    fills: ClassVar[tuple[str, ...]] = ()
    model: Any
    target: Target
    progress: Progress
    chunks: BatchSizes
    options: Mapping[str, Value] = field(default_factory=dict, kw_only=True)

    def prepare(self, options: Mapping[str, Value], family: str) -> str:
        """Take the options of a method of this family; a sentence where one was changed, or ""."""
        self.options = options
        return ""

    def said(self, logits: Tensor) -> Tensor:
        """(batch, classes) -> (batch,) what the model tells a person, such as the probability of
        the target; by default the score that is explained."""
        return self.target.score(logits)

    @property
    def told_in(self) -> str:
        """What that is measured in: "probability", or a unit."""
        return self.unit("")

    @property
    def network(self) -> nn.Module:
        """Whose weights make the score."""
        raise Incompatible(f"the weights behind a {self.modality.name} are not at hand")

    def copied_network(self) -> nn.Module:
        """A copy of `network` whose weights can be changed, taken in the model's turn: hooks of
        others, which live only in theirs, would be copied along."""
        network = self.network
        with self.model.lock.turn():
            return in_float32(network)

    def of_network(self, network: nn.Module, name: str) -> Self:
        """The same input of another network of the same form.

        name  tells it from others, such as "random-0"
        """
        raise Incompatible(f"the weights behind a {self.modality.name} are not at hand")

    def at(self, x: Tensor) -> Self:
        """The same at another point (1, ...) of what `differentiable` gives."""
        raise Incompatible(f"a {self.modality.name} cannot be moved a little")

    @property
    def spread(self) -> float:
        """What a small step from one point to another is a share of, in the numbers of `at`."""
        raise Incompatible(f"a {self.modality.name} cannot be moved a little")

    def smallest_parts(self, fill: str) -> Features:
        """What can be taken away, as small as it is shown: pixels, words, values of a period.

        fill  one of `fills`, what stands for it
        """
        raise Incompatible(f"a {self.modality.name} has no parts that can be taken away")

    def unit(self, usual: str) -> str:
        """What values are measured in that are in `usual` for a classifier."""
        return usual

    @abstractmethod
    def differentiable(self) -> tuple[Evaluator, Tensor]:
        """What gradients are taken of, and the point (1, ...) at which."""

    @abstractmethod
    def plain_baseline(self, kind: str, x: Tensor) -> Tensor:
        """(1, ...) like x, the point of `differentiable`."""

    @abstractmethod
    def features(self) -> Features:
        """What can be taken away."""

    def tree(self) -> NDArray[np.int64]:
        """(players - 1, 2) which two are joined in turn: first the players, then what was joined.

        Players are the cells that are shown, in their order; halves of halves by default.
        """
        return halves(self.features().labels.numel())

    def windows(self) -> Windows:
        """What can be covered together."""
        raise Incompatible("this input has no windows")

    def background(
        self, evaluator: Evaluator, x: Tensor, seed: int, generator: torch.Generator
    ) -> Tensor:
        """(count, ...) several inputs without evidence; `seed` and what is drawn from it."""
        raise Incompatible("this input has one baseline, not several")

    def fold(self, values: Tensor) -> Tensor:
        """Values of the shape of x[0] -> of the shape that is shown."""
        return values

    def baseline(self, evaluator: Evaluator, x: Tensor, kind: str = "") -> Tensor:
        """(1, ...) an input without evidence, by default of the kind that was chosen."""
        kind = kind or str(self.options["baseline"])
        candidates = self.candidates(kind)
        if not candidates:
            return self.plain_baseline(kind, x)
        return undecided(evaluator, [self.plain_baseline(one, x) for one in candidates])

    def candidates(self, kind: str) -> tuple[str, ...]:
        """Between which baselines the one of this kind lies; () where it is one by itself."""
        return ()

    def preview(self, values: Callable[[], Tensor]) -> None:  # noqa: B027, most show none
        """Offer a first coarse map; `values` is called only when it is time."""


def halves(players: int) -> NDArray[np.int64]:
    """(players - 1, 2) neighbours joined to pairs, pairs to fours and so on."""
    level, rows, number = list(range(players)), [], players
    while len(level) > 1:
        joined = []
        for left, right in zip(level[::2], level[1::2], strict=False):
            rows.append((left, right))
            joined.append(number)
            number += 1
        level = joined + level[len(joined) * 2 :]
    return np.array(rows, np.int64).reshape(-1, 2)
