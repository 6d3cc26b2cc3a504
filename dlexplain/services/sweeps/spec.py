"""What a sweep is told: one frozen, JSON-serialisable record."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from dlexplain.errors import SpecError, known_names
from dlexplain.execution.spec import MAX_SEED, RunSpec
from dlexplain.results.runs import lower_is_better
from dlexplain.results.sweeps import COSTS, Aim
from dlexplain.services.sweeps.space import Dimension, Given, grid, read_space
from dlexplain.services.training.catalogue import complete
from dlexplain.tasks.base import TASKS
from dlexplain.typed import check_types

SAMPLERS = {
    "tpe": "TPE: values that good trials had are likelier (Bergstra et al. 2011).",
    "cma-es": "CMA-ES: a normal distribution moves to where trials are good (Hansen 2016).",
    "random": "Random: each trial by itself, as the base line.",
    "grid": "Grid: every combination once, in turn.",
}
PRUNERS = {
    "none": "Every trial is trained to its end.",
    "median": "Ends a trial that is below the median of the others at the same epoch.",
    "asha": "Successive halving (Li et al. 2020): at each rung the best third goes on.",
    "hyperband": "Hyperband (Li et al. 2018): successive halving with several first rungs.",
}
TRIALS, MOST_TRIALS, MOST_MINUTES, MOST_PARALLEL = 20, 1000, 60 * 24 * 30, 64
REDUCTION = 3
"""One in so many goes on at a rung."""


@dataclass(frozen=True)
class SweepSpec:
    """A sweep, said completely.

    base      the run that its trials are like; its training.epochs is what a trial that is not
              pruned is trained, and its schedule is of those epochs also where one is pruned
    trials, minutes  after which no trial begins, 0 for any number
    parallel  trials at once, where there are devices for them
    seed      of the sampler; each trial's draw has its own from it and the trial's number, so a
              sweep that was killed draws what it would have drawn
    rung      epochs before the first decision of a pruner
    """

    base: RunSpec
    space: tuple[Dimension, ...]
    aims: tuple[Aim, ...]
    sampler: str = "tpe"
    pruner: str = "none"
    trials: int = TRIALS
    minutes: float = 0.0
    parallel: int = 1
    seed: int = 0
    rung: int = 1
    name: str = ""

    @property
    def epochs(self) -> int:
        return int(self.base.training["epochs"])

    @property
    def title(self) -> str:
        return self.name or f"Sweep of {self.base.title}"

    @property
    def most(self) -> int:
        """Trials that there can be at all, 0 for any number."""
        return len(grid(self.space)) if self.sampler == "grid" else 0

    def run_spec(self, number: int, params: Mapping[str, Any]) -> RunSpec:
        """Of one trial; its name tells which, see `trial_name`."""
        return replace(self.base.with_flat(params), name=self.trial_name(number))

    def trial_name(self, number: int) -> str:
        return f"{self.title}, trial {number}"

    def to_dict(self) -> dict[str, Any]:
        kept = {k: v for k, v in vars(self).items() if k not in ("base", "space", "aims")}
        return {
            **kept,
            "base": self.base.to_dict(),
            "space": [d.to_dict() for d in self.space],
            "aims": [asdict(aim) for aim in self.aims],
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=1)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "SweepSpec":
        own = {
            "base": RunSpec.from_dict(given["base"]),
            "space": tuple(Dimension.from_dict(d) for d in given["space"]),
            "aims": tuple(Aim(**aim) for aim in given["aims"]),
        }
        made = cls(**{**given, **own})
        for part in (made, *made.space, *made.aims):
            check_types(part)
        if made.epochs < 1:
            raise ValueError(f"{made.epochs} epochs")
        return made


def sweep_spec(
    base: RunSpec,
    vary: Given,
    sampler: str = "tpe",
    pruner: str = "none",
    trials: int | None = None,
    minutes: float = 0.0,
    parallel: int = 1,
    aims: Sequence[str] = (),
    seed: int = 0,
    rung: int = 0,
    name: str = "",
) -> SweepSpec:
    """A checked sweep.

    vary    see services.sweeps.space
    trials  by default 20 where no minutes are given; of a grid all combinations
    aims    one or two metrics or costs, such as "test/accuracy" and "latency"; by default the one
            that chooses the best epoch
    rung    by default a ninth of the epochs for the median, else a 27th: three halvings
    Raises SpecError with a sentence for each thing that is wrong.
    """
    base = complete(base)
    wrong = _misnamed(sampler, SAMPLERS, "sampler") + _misnamed(pruner, PRUNERS, "pruner")
    space: tuple[Dimension, ...] = ()
    try:
        space = read_space(base, vary)
    except SpecError as error:
        wrong += error.problems
    task = TASKS[base.task]
    sought = tuple(_aim(text) for text in aims) or (Aim(task.monitor, task.mode),)
    wrong += _of_aims(sought, pruner)
    epochs = int(base.training["epochs"])
    rung = rung or max(1, epochs // REDUCTION ** (2 if pruner == "median" else 3))
    wrong += _of_pruner(pruner, space, epochs, rung)
    wrong += _of_sampler(sampler, space, len(sought))
    combinations = 0
    if sampler == "grid" and space and not wrong:
        combinations = len(grid(space))
    if trials is None:
        trials = combinations or (0 if minutes else TRIALS)
    wrong += _of_budget(trials, minutes, parallel, seed)
    if wrong:
        raise SpecError(wrong)
    trials = min(trials, combinations) if trials and combinations else trials
    return SweepSpec(
        base, space, sought, sampler, pruner, trials, float(minutes), parallel, seed, rung,
        " ".join(name.split())[:120],
    )  # fmt: skip


def aims_of(task: str) -> tuple[str, ...]:
    """What is worth aiming at: the metric that chooses the best epoch, the test's, and costs."""
    known = TASKS[task]
    return (known.monitor, known.headline, *COSTS)


def _aim(text: str) -> Aim:
    """ "test/accuracy", or with its direction: "validation/loss min"."""
    words = text.split()
    key = words[0] if words else ""
    if words[1:] in (["min"], ["max"]):
        return Aim(key, words[1])  # type: ignore[arg-type]
    less = key in COSTS or lower_is_better(key)
    return Aim(key if len(words) < 2 else text, "min" if less else "max")


def _misnamed(name: str, known: Mapping[str, str], what: str) -> list[str]:
    return [] if name in known else [f'unknown {what} "{name}"; {known_names(name, known)}']


def _of_aims(aims: Sequence[Aim], pruner: str) -> list[str]:
    wrong = []
    if len(aims) > 2 or len({aim.metric for aim in aims}) < len(aims):
        told = ", ".join(aim.metric for aim in aims)
        wrong.append(f"the aims are {told}; one or two different ones are accepted")
    for aim in aims:
        split, slash, key = aim.metric.partition("/")
        if aim.metric not in COSTS and not (slash and key and split in ("validation", "test")):
            costs = ", ".join(COSTS)
            wrong.append(
                f'the aim is "{aim.metric}"; a metric such as validation/accuracy or test/accuracy '
                f"(with min or max behind it), or {costs} are accepted"
            )
    if pruner == "none":
        return wrong
    if len(aims) > 1:
        wrong.append(f"the pruner is {pruner}, but with two aims no trial is pruned; give none")
    elif not aims[0].metric.startswith("validation/"):
        wrong.append(
            f"the pruner is {pruner}, but {aims[0].metric} is not known after each epoch; give a "
            "validation metric, or the pruner none"
        )
    return wrong


def _of_pruner(pruner: str, space: Sequence[Dimension], epochs: int, rung: int) -> list[str]:
    if pruner not in PRUNERS or pruner == "none":
        return []
    wrong = []
    if epochs < 2:
        wrong.append(f"the pruner is {pruner}, but a trial has {epochs} epoch; 2 are needed")
    elif not 1 <= rung < epochs:
        wrong.append(f"the first rung is {rung} epochs; 1 to {epochs - 1} are accepted")
    if any(d.key == "training.epochs" for d in space):
        wrong.append(
            f"training.epochs is varied, but the pruner {pruner} decides by epochs; fix them, or "
            "give the pruner none"
        )
    return wrong


def _of_sampler(sampler: str, space: Sequence[Dimension], aims: int) -> list[str]:
    wrong = []
    if sampler == "cma-es":
        if aims > 1:
            wrong.append("the sampler is cma-es, which has one aim; for two give tpe or random")
        ranges = sum(not d.choices for d in space)
        if space and ranges < 2:
            wrong.append(
                f"the sampler is cma-es, but {ranges} range{'s' * (ranges != 1)} of numbers "
                "vary; 2 are needed"
            )
    if sampler == "grid" and space:
        try:
            grid(space)
        except SpecError as error:
            wrong += error.problems
    return wrong


def _of_budget(trials: int, minutes: float, parallel: int, seed: int) -> list[str]:
    wrong = []
    if not (_whole(trials) and 0 <= trials <= MOST_TRIALS):
        wrong.append(f'trials is "{trials}"; a whole number from 0 to {MOST_TRIALS:,} is accepted')
    if not 0 <= minutes <= MOST_MINUTES:
        wrong.append(f'minutes is "{minutes}"; a number from 0 to {MOST_MINUTES:,} is accepted')
    if not wrong and not trials and not minutes:
        wrong.append("the budget is 0 trials and 0 minutes; give at least one of them")
    if not (_whole(parallel) and 1 <= parallel <= MOST_PARALLEL):
        wrong.append(
            f'parallel is "{parallel}"; a whole number from 1 to {MOST_PARALLEL} is accepted'
        )
    if not (_whole(seed) and 0 <= seed <= MAX_SEED):
        wrong.append(
            f'the sweep\'s seed is "{seed}"; a whole number from 0 to {MAX_SEED} is accepted'
        )
    return wrong


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
