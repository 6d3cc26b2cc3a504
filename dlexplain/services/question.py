"""What is explained where only the input is given: which class, rather than which, from where.

Of a model with two classes that exclude each other, one score without the other says little: only
their difference decides. So that is what is explained, from a baseline at which it is 0, and the
values of a method that promises completeness sum to the difference: what they say in all is what
the model says.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from dlexplain.errors import TargetError
from dlexplain.explainers.baselines import UNDECIDED
from dlexplain.params import Spec, Value
from dlexplain.results import ClassName


class Classifies(Protocol):
    """A model of pictures or texts, as far as its classes go."""

    @property
    def classes(self) -> Sequence[ClassName]: ...

    def find_class(self, wanted: int | str) -> ClassName: ...


def has_two(model: Classifies) -> bool:
    """Whether the model has two classes that exclude each other.

    One that may say both, by a sigmoid each, tells so by its `activation`.
    """
    return len(model.classes) == 2 and getattr(model, "activation", "softmax") == "softmax"


def usual_contrast(model: Classifies, target: int) -> ClassName | None:
    """The other class of a model that has two; None of other models."""
    return model.classes[1 - target] if has_two(model) else None


def asked_classes(
    model: Classifies, target: int | str, contrast: int | str | None, alone: bool
) -> tuple[ClassName, ClassName | None]:
    """The class that is explained, and the one that it is compared with; raises TargetError.

    alone  whether the target's score is asked for without another's, also of a model of two classes
    """
    chosen = model.find_class(target)
    if contrast is None:
        return chosen, None if alone else usual_contrast(model, chosen.index)
    other = model.find_class(contrast)
    if alone:
        raise TargetError(f'the contrast is "{other.label}" and alone is set; choose one of them')
    if other == chosen:
        raise TargetError(f'target and contrast are both "{chosen.label}"; choose two classes')
    return chosen, other


def usual_params(model: Classifies, known: Mapping[str, Spec], complete: bool) -> dict[str, Value]:
    """Defaults of a method's parameters that a model with two classes changes.

    complete  whether the method's values promise to sum to f(x) - f(baseline)
    """
    if not complete or not has_two(model):
        return {}
    return {key: UNDECIDED for key, spec in known.items() if UNDECIDED in spec.options}
