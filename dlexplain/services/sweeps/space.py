"""What a sweep varies: fields of a run's spec, each with choices or a range.

    training.learning_rate=1e-4..1e-1 log      a range on a logarithmic scale
    training.batch_size=32..256 step 32        a range in steps
    model.width=16,32,64                       choices

Names are those of RunSpec.flat; the last part alone is enough where only one group has it. What a
field accepts is what its Params declares.
"""

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dlexplain.errors import BadInput, ParamError, SpecError, known_names
from dlexplain.execution.spec import RunSpec
from dlexplain.params import Spec, Value, read_values
from dlexplain.services.training.catalogue import accepted_fields, complete

MOST_CHOICES, MOST_GRID = 1000, 10_000
WIDE = 100.0
"""Times from the least to the largest value from which a range is suggested to be logarithmic."""
FORMS = "LOW..HIGH, LOW..HIGH log, LOW..HIGH step S, or choices with commas between"
_RANGE = re.compile(r"^(?P<low>[^.\s]\S*?)\.\.(?P<high>\S+)(?P<rest>(\s+\S+)*)$")
Given = Mapping[str, str | Sequence[Value]] | Sequence[str]


@dataclass(frozen=True)
class Dimension:
    """One field and the values that it may take.

    key      by its name in RunSpec.flat
    choices  these values; () for a range
    low, high, step  of a range, both ends included; step 0 for any value between
    log      whether a range is drawn from on a logarithmic scale
    whole    whether a range has whole numbers only
    """

    key: str
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    log: bool = False
    whole: bool = False

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Dimension":
        return cls(**{**given, "choices": tuple(given["choices"])})

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "choices": list(self.choices)}

    @property
    def text(self) -> str:
        """As the command line takes it."""
        if self.choices:
            return f"{self.key}={','.join(map(str, self.choices))}"
        step = f" step {self.step:g}" if self.step else ""
        return f"{self.key}={self.low:g}..{self.high:g}{step}{' log' * self.log}"

    @property
    def ends(self) -> tuple[Value, ...]:
        """Every choice, or both ends of a range."""
        if self.choices:
            return self.choices
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)

    @property
    def values(self) -> tuple[Value, ...] | None:
        """Every value; None where there is no end of them."""
        if self.choices:
            return self.choices
        step = self.step or (1.0 if self.whole and not self.log else 0.0)
        if not step:
            return None
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        if count > MOST_GRID:
            return None
        found = [self.low + index * step for index in range(count)]
        return tuple(int(v) for v in found) if self.whole else tuple(found)


def read_space(base: RunSpec, given: Given) -> tuple[Dimension, ...]:
    """The dimensions that were asked for, checked against what a run like `base` accepts.

    given  texts as above, or a mapping of names to such texts' right sides or lists of choices
    Raises SpecError with a sentence for each that is wrong.
    """
    accepted = accepted_fields(base)
    found: list[Dimension] = []
    wrong: list[str] = []
    pairs = list(_pairs(given, wrong))
    for name, asked in pairs:
        try:
            key = _key(name, accepted)
            found.append(_read(key, accepted[key], asked))
        except SpecError as error:
            wrong += error.problems
        except BadInput as error:
            wrong.append(str(error))
    wrong += _twice(found)
    if not pairs and not wrong:
        wrong.append(f'nothing is varied; name at least one field, such as "learning_rate={FORMS}"')
    for dimension in found:
        wrong += _impossible(base, dimension)
    if wrong:
        raise SpecError(list(dict.fromkeys(wrong)))
    return tuple(found)


def grid(space: Sequence[Dimension]) -> tuple[dict[str, Value], ...]:
    """Every combination, the last dimension fastest; raises SpecError where there is no end of
    them, or far too many."""
    endless = [d for d in space if d.values is None]
    if endless:
        raise SpecError(
            [f"{d.text} has no end of values; for a grid give choices, or a step" for d in endless]
        )
    count = math.prod(len(d.values or ()) for d in space)
    if count > MOST_GRID:
        raise SpecError([f"the grid has {count:,} combinations; up to {MOST_GRID:,} are accepted"])
    return tuple(
        dict(zip([d.key for d in space], values, strict=True))
        for values in itertools.product(*(d.values or () for d in space))
    )


def _pairs(given: Given, wrong: list[str]) -> Iterator[tuple[str, str | Sequence[Value]]]:
    if isinstance(given, Mapping):
        yield from given.items()
        return
    for text in [given] if isinstance(given, str) else given:
        name, equals, asked = text.partition("=")
        if not (name.strip() and equals and asked.strip()):
            wrong.append(f'"{text}" varies nothing; NAME={FORMS} are accepted')
        else:
            yield name.strip(), asked.strip()


def _key(name: str, accepted: Mapping[str, Spec]) -> str:
    """The flat name; raises BadInput."""
    if name in accepted:
        return name
    ends = [key for key in accepted if key.rpartition(".")[2] == name]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise BadInput(f'"{name}" is known in several groups; write {" or ".join(ends)}')
    raise BadInput(f'unknown field "{name}"; {known_names(name, sorted(accepted))}')


def _read(key: str, spec: Spec, asked: str | Sequence[Value]) -> Dimension:
    """Raises BadInput, or SpecError with a sentence for each value that is not accepted."""
    if isinstance(asked, str):
        found = _RANGE.match(asked) if spec.kind in ("integer", "real") else None
        if found is not None:
            return _range(key, spec, asked, found)
        if ".." in asked and spec.kind not in ("name", "text"):
            raise BadInput(f"{key}={asked} is no range; it takes choices of {spec.accepts}")
        asked = [part.strip() for part in asked.split(",")]
    values: list[Value] = []
    wrong = []
    for one in asked:
        try:
            values.append(read_values({key: spec}, {key: one})[key])
        except ParamError as error:
            wrong.append(str(error))
    if wrong:
        raise SpecError(wrong)
    if len(set(values)) != len(values):
        raise BadInput(f"{key} has a value twice: {', '.join(map(str, values))}")
    if not 2 <= len(values) <= MOST_CHOICES:
        raise BadInput(
            f"{key} has {len(values)} value{'s' * (len(values) != 1)}; 2 to {MOST_CHOICES} are "
            "accepted"
        )
    return Dimension(key, tuple(values))


def _range(key: str, spec: Spec, text: str, found: "re.Match[str]") -> Dimension:
    wrong, ends = [], []
    for end in (found["low"], found["high"]):
        try:
            ends.append(float(read_values({key: spec}, {key: end})[key]))
        except ParamError as error:
            wrong.append(str(error))
    if wrong:
        raise SpecError(wrong)
    low, high = ends
    log, step = _told(key, text, found["rest"].split())
    whole = spec.kind == "integer"
    if not low < high:
        raise BadInput(f"{key}={text}: the range ends at {high:g}, which is not above {low:g}")
    if log and low <= 0:
        raise BadInput(f"{key}={text}: a logarithmic range begins above 0, not at {low:g}")
    if log and step:
        raise BadInput(f"{key}={text}: a range is logarithmic or has steps, not both")
    if step and (step > high - low or (whole and step != int(step))):
        least = "a whole number from 1" if whole else "a number above 0"
        raise BadInput(f"{key}={text}: the step is {step:g}; {least} to {high - low:g} is accepted")
    if step:
        high = low + math.floor((high - low) / step + 1e-9) * step
    return Dimension(key, (), low, high, step, log, whole)


def _told(key: str, text: str, words: list[str]) -> tuple[bool, float]:
    """Whether "log" stands behind a range, and its step; raises BadInput."""
    log, step = False, 0.0
    while words:
        word = words.pop(0)
        if word == "log":
            log = True
        elif word == "step" and words:
            try:
                step = float(words.pop(0))
            except ValueError:
                step = -1.0
            if not 0 < step < math.inf:
                raise BadInput(f"{key}={text}: the step is no number above 0")
        else:
            raise BadInput(f'{key}={text}: "{word}" is not known there; {FORMS} are accepted')
    return log, step


def _twice(found: Sequence[Dimension]) -> list[str]:
    keys = [d.key for d in found]
    told = [f"{key} is varied twice" for key in dict.fromkeys(keys) if keys.count(key) > 1]
    for top in ("model", "data"):
        below = [key for key in keys if key.startswith(f"{top}.")]
        if top in keys and below:
            told.append(
                f"{top} is varied, and {', '.join(below)} too, which another {top} may not have; "
                "vary one of them"
            )
    return told


def _impossible(base: RunSpec, dimension: Dimension) -> list[str]:
    """What a run says against each value alone, such as an architecture that takes one side only;
    nothing where the base is wrong already."""
    told = []
    for value in dimension.ends:
        try:
            complete(base.with_flat({dimension.key: value}))
        except SpecError as error:
            told += [f"{dimension.key} {value}: {problem}" for problem in error.problems]
        except BadInput as error:
            told.append(f"{dimension.key} {value}: {error}")
    return told


def suggestion(spec: Spec, value: Value) -> str:
    """What may be worth a try around a value, as `read_space` takes it; "" where nobody knows."""
    if spec.kind == "flag":
        return "true,false"
    if spec.kind == "choice":
        return ",".join(spec.options)
    if spec.kind not in ("integer", "real"):
        return ""
    known = float(value)
    if spec.kind == "integer":
        ends = (max(spec.low, known // 2), min(spec.high, max(2 * known, known + 2)))
        return f"{ends[0]:.0f}..{ends[1]:.0f}"
    if known > 0 and spec.high / max(spec.low, known / 1000) >= WIDE:
        ends = (max(spec.low, known / 10), min(spec.high, known * 10))
        return f"{ends[0]:.3g}..{ends[1]:.3g} log"
    return f"{spec.low:g}..{min(spec.high, max(2 * known, spec.low + 1)):g}"
