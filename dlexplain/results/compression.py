"""What compressed models cost and how good they are, measured in turn with their original."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.results.compression_front import Point, front, knee
from dlexplain.results.explanations import plot
from dlexplain.results.runs import lower_is_better
from dlexplain.results.words import (
    capital,
    csv_of,
    interval,
    metric,
    metric_name,
    scored,
    size,
    within,
)

COSTS = {
    "latency": "time of one example",
    "best batch": "time an example at the best batch",
    "size": "size",
    "zipped": "size, zipped",
}
"""What a model is compared by, beside how good it is."""


@dataclass(frozen=True)
class Spread:
    """The median of n turns and its 95% interval; low and high None of too few."""

    value: float
    low: float | None
    high: float | None
    n: int

    def told(self, unit: str = "", factor: float = 1.0) -> str:
        """ "4.1 ms [4.0–4.4]" """
        text = f"{factor * self.value:.3g}{unit}"
        if self.low is None or self.high is None:
            return text
        return f"{text} [{factor * self.low:.3g}–{factor * self.high:.3g}]"


@dataclass(frozen=True)
class Speed:
    """How long a batch takes.

    batch    examples at once;  seconds  of the whole batch
    faster   the original's time an example over this model's, each at its batch, in the same turn:
             2 is twice as fast
    """

    batch: int
    seconds: Spread
    faster: Spread

    @property
    def an_example(self) -> float:
        """Seconds."""
        return self.seconds.value / self.batch


@dataclass(frozen=True)
class MeasuredModel:
    """One model's row.

    how         what was done to it: "" of the original
    score       the task's headline metric of its test, over `examples` of them; None where its card
                has none
    data        digest of the data that it was tested on
    disk        bytes of its weights' file as it lies;  stored  how it is packed there, "" as it is
    size        bytes of its weights as a run writes them: each tensor in the type that the network
                computes with;  zipped  the same, deflated
    parameters  numbers that it holds, of which `zeros` are exactly 0
    memory      bytes by which a process grows that loads and runs it
    single, best  one example at a time, and the batch of most examples a second
    energy      processor seconds a thousand examples at the best batch: a proxy, no joules
    date        ISO 8601, UTC, of when size and memory were measured
    """

    name: str
    title: str
    how: str
    metric: str
    score: float | None
    examples: int
    data: str
    disk: int
    stored: str
    size: int
    zipped: int
    parameters: int
    zeros: int
    memory: int
    single: Speed
    best: Speed
    energy: Spread
    date: str

    @property
    def label(self) -> str:
        """What it is called in a figure."""
        return self.how or "original"

    @property
    def told_score(self) -> str:
        """ "96.1% [93.5–97.7%], n = 359" """
        if self.score is None:
            return "not tested"
        return scored(self.metric, self.score, self.examples)

    def cost(self, by: str) -> float:
        """By one of COSTS: seconds or bytes."""
        costs = {
            "latency": self.single.seconds.value,
            "best batch": self.best.an_example,
            "size": float(self.size),
            "zipped": float(self.zipped),
        }
        return costs[by]


@dataclass(frozen=True)
class Machine:
    """What was measured on.

    features  instructions of the processor that matter for networks
    threads   that the models computed with
    load      lowest and highest load of the system while it was measured: how many others wanted a
              core; () where the system does not tell
    """

    processor: str
    cores: int
    threads: int
    features: tuple[str, ...]
    system: str
    load: tuple[float, ...] = ()

    @property
    def told(self) -> str:
        features = f" ({', '.join(self.features)})" if self.features else ""
        threads = f"{self.threads} thread{'s' * (self.threads != 1)}"
        told = f"{self.processor}{features}, {self.cores} cores, {threads}"
        return told + (f", load {self.load[0]:.1f} to {self.load[1]:.1f}" if self.load else "")


@dataclass(frozen=True)
class Compression:
    """A model and compressed ones, measured in turn.

    models   the original first
    inputs   what an example is, in words;  limit  largest batch that was tried
    done     turns of `found`; in each every model computes, in alternating order
    date     ISO 8601, UTC, of the end;  notes  sentences that its reader should know
    """

    model: str
    task: str
    models: tuple[MeasuredModel, ...]
    inputs: str
    limit: int
    done: int
    found: int
    seed: int
    machine: Machine
    date: str
    command: str
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    noun = "turns"

    @property
    def original(self) -> MeasuredModel:
        return self.models[0]

    @property
    def lower_is_better(self) -> bool:
        """Of the models' score."""
        return lower_is_better(self.original.metric)

    def points(self, by: str) -> tuple[Point, ...]:
        """By one of COSTS, of the models that were tested; quality is the score, turned where lower
        is better."""
        sign = -1.0 if self.lower_is_better else 1.0
        return tuple(
            Point(m.name, m.cost(by), sign * m.score) for m in self.models if m.score is not None
        )

    def front(self, by: str) -> tuple[str, ...]:
        """Names of those that no other dominates, the cheapest first; see `front`."""
        return tuple(point.name for point in front(self.points(by)))

    def knee(self, by: str) -> str | None:
        """The name of the front's knee, see `knee`; None without one."""
        found = knee(front(self.points(by)))
        return found.name if found else None

    @property
    def told(self) -> str:
        """The answer in sentences."""
        others = self.models[1:]
        if not others:
            return f"{self.model} alone was measured; there is nothing to compare it with."
        # One that is faster at any price is no answer where another is as fast and better.
        front = self.front("latency")
        undominated = [m for m in others if m.name in front]
        fast = max(undominated or others, key=lambda m: m.single.faster.value)
        small = min(others, key=lambda m: m.size)
        zipped = min(others, key=lambda m: m.zipped)
        told = [self._fastest(fast), self._smallest(small, fast)]
        if zipped is not small and zipped.zipped < min(self.original.zipped, small.zipped):
            told.append(self._smallest_zipped(zipped))
        return " ".join(told)

    def _fastest(self, fast: MeasuredModel) -> str:
        faster = fast.single.faster
        if faster.low is not None and faster.low > 1:
            return (
                f"{fast.label} is {faster.told()} times as fast as {self.model} at one example at "
                f"a time, {self._against(fast)}."
            )
        return (
            f"None is shown to be faster than {self.model} at one example at a time: the fastest, "
            f"{fast.label}, is {faster.told()} times as fast, {self._against(fast)}."
        )

    def _smallest(self, small: MeasuredModel, fast: MeasuredModel) -> str:
        before = self.original.size
        if small.size >= before:
            return f"None is smaller than {size(before)}."
        told = (
            f"{small.label} is the smallest, {size(small.size)} instead of {size(before)}, "
            f"{before / small.size:.3g} times smaller"
        )
        return told + ("." if small is fast else f"; {self._price(small)}.")

    def _smallest_zipped(self, small: MeasuredModel) -> str:
        return (
            f"Zipped, {small.label} is the smallest, {size(small.zipped)} instead of "
            f"{size(self.original.zipped)}; {self._price(small)}."
        )

    def _price(self, one: MeasuredModel) -> str:
        """What being small costs: "it is 0.361 times as fast, with accuracy ..." """
        return f"it is {one.single.faster.told()} times as fast, {self._against(one)}"

    def _against(self, one: MeasuredModel) -> str:
        """ "with accuracy 97.2% [94.9–98.5%] instead of 97.8% [95.7–98.9%], n = 359" """
        measure, first = metric_name(one.metric.partition("/")[2]), self.original
        if one.score is None or first.score is None:
            return f"and its {measure} is not known"
        told = one.told_score
        if one.examples == first.examples:  # then it is said once
            sure = within(one.metric, one.score, one.examples)
            told = f"{metric(one.metric, one.score)} {sure}".rstrip()
        return f"with {measure} {told} instead of {first.told_score}"

    def change(self, one: MeasuredModel) -> str:
        """How its score differs from the original's: "−0.6 points", "+2.1"; "" of itself."""
        if one is self.original or one.score is None or self.original.score is None:
            return ""
        more = one.score - self.original.score
        if interval(one.metric, one.score, 1) is None:
            told = metric(one.metric, abs(more))
        else:
            told = f"{100 * abs(more):.1f} points"
        return ("−" if more < 0 else "+") + told

    def rows(self) -> list[dict[str, str]]:
        """For a table."""
        fronts = {by: self.front(by) for by in ("latency", "size")}
        return [
            {
                "Model": m.label if m.how else m.title,
                capital(metric_name(m.metric.partition("/")[2])): m.told_score,
                "Change": self.change(m),
                "One example": m.single.seconds.told(" ms", 1000),
                "Times as fast": m.single.faster.told() if m.how else "",
                "Best batch": f"{m.best.batch}: {1 / m.best.an_example:,.0f} a second",
                "Times as fast there": m.best.faster.told() if m.how else "",
                "Size": size(m.size),
                "Zipped": size(m.zipped),
                "Parameters": f"{m.parameters:,}",
                "Zeros": f"{m.zeros / max(1, m.parameters):.0%}",
                "Memory": size(m.memory),
                "Processor s / 1,000": m.energy.told(),
                "On the front": ", ".join(by for by in fronts if m.name in fronts[by]),
                "Name": m.name,
            }
            for m in self.models
        ]

    def to_csv(self) -> str:
        """A row a model, numbers as they are."""
        return csv_of([self._flat(m) for m in self.models])

    def _flat(self, m: MeasuredModel) -> dict[str, Any]:
        ends = None if m.score is None else interval(m.metric, m.score, m.examples)
        plain = {
            key: getattr(m, key) for key in ("name", "title", "how", "metric", "score", "examples")
        }
        flat: dict[str, Any] = {**plain, "score_low": None, "score_high": None}
        if ends is not None:
            flat |= {"score_low": ends[0], "score_high": ends[1]}
        for key in ("disk", "size", "zipped", "parameters", "zeros", "memory"):
            flat[key] = getattr(m, key)
        for name, speed in (("single", m.single), ("best", m.best)):
            flat[f"{name}_batch"] = speed.batch
            flat |= _spread(f"{name}_seconds", speed.seconds)
            flat |= _spread(f"{name}_faster", speed.faster)
        flat |= _spread("processor_seconds_per_1000", m.energy)
        return flat | {
            "turns": self.done, "machine": self.machine.told, "date": self.date,
            "measured": m.date,
        }  # fmt: skip

    def plot(self) -> Any:
        """The score against the time of one example."""
        return plot(self)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, with the fronts and knees."""
        fronts = {by: {"front": list(self.front(by)), "knee": self.knee(by)} for by in COSTS}
        return {**asdict(self), "told": self.told, "fronts": fronts}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """From what `to_dict` gave; raises BadInput for anything else."""
        try:
            given = {key: value for key, value in told.items() if key not in ("told", "fronts")}
            given["models"] = tuple(_model(one) for one in given["models"])
            given["machine"] = _machine(given["machine"])
            given["notes"] = tuple(given["notes"])
            found = cls(**given)
            _ = found.told, found.front("size")
            return found
        except BAD_JSON as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise BadInput(f"this is no measurement of compressed models: {why}") from error


def _spread(name: str, found: Spread) -> dict[str, float | None]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _machine(told: Mapping[str, Any]) -> Machine:
    lists = {key: tuple(told[key]) for key in ("features", "load")}
    return Machine(**{**told, **lists})


def _model(told: Mapping[str, Any]) -> MeasuredModel:
    speeds = {key: _speed(told[key]) for key in ("single", "best")}
    return MeasuredModel(**{**told, **speeds, "energy": Spread(**told["energy"])})


def _speed(told: Mapping[str, Any]) -> Speed:
    spreads = {key: Spread(**told[key]) for key in ("seconds", "faster")}
    return Speed(**{**told, **spreads})
