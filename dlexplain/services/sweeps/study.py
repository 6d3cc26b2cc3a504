"""Optuna's side of a sweep: its study, samplers and pruners. Only a sweep's controller, and who
asks for importances, import it: Optuna takes half a second."""

import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial
from optuna.trial import TrialState as State

from dlexplain.errors import RunError
from dlexplain.execution.paths import sqlite_uri, sweep_database
from dlexplain.params import Value
from dlexplain.results.sweeps import Importance, Sweep
from dlexplain.services.sweeps.space import Dimension, grid
from dlexplain.services.sweeps.spec import REDUCTION, SweepSpec
from dlexplain.settings import settings

STARTUP = 5
"""Trials that the median is taken of at least, and random ones that CMA-ES and TPE begin with at
least."""
IMPORTANCE_TRIALS, TREES, BOOTSTRAPS = 4, 64, 40
"""Finished ones from which importances are computed at all; trees of fANOVA's forest; draws of the
trials for an interval."""
optuna.logging.set_verbosity(optuna.logging.WARNING)
_log = logging.getLogger("dlexplain.sweep")


def store_address(home: Path, sweep: str) -> str:
    """Of Optuna's store, for its dashboard."""
    return settings().sweep_store or sqlite_uri(sweep_database(home, sweep))


class Study:
    """The trials of one sweep in Optuna's store; sweep  its id, which is the study's name too."""

    def __init__(
        self,
        home: Path,
        sweep: str,
        spec: SweepSpec,
        begun: bool = False,
        storage: BaseStorage | None = None,
    ) -> None:
        """begun  whether it is known to have trials, so that an empty store is the wrong one;
        storage  by default that of `store_address`"""
        self.spec = spec
        ways: dict[str, StudyDirection] = {
            "max": StudyDirection.MAXIMIZE, "min": StudyDirection.MINIMIZE,
        }  # fmt: skip
        self.storage = storage or _storage(store_address(home, sweep))
        known = {s.study_name for s in optuna.get_all_study_summaries(self.storage)}
        if begun and sweep not in known:
            raise RunError(
                f"the store of trials does not have sweep {sweep}; it was begun with another "
                "DLEXPLAIN_SWEEP_STORE, or its file was removed"
            )
        self.study = optuna.create_study(
            storage=self.storage,
            study_name=sweep,
            directions=[ways[aim.mode] for aim in spec.aims],
            load_if_exists=True,
            pruner=_pruner(spec),
            sampler=optuna.samplers.RandomSampler(seed=spec.seed),
        )
        if not self.study.metric_names:  # who only looks writes nothing
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Optuna's remarks on what is experimental
                self.study.set_metric_names([aim.metric for aim in spec.aims])
        self.distributions = {d.key: distribution(d) for d in spec.space}

    def trials(self, states: Sequence[State] | None = None) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=None if states is None else (*states,))

    def ask(self) -> tuple[Trial, dict[str, Value]]:
        """A new trial with its values."""
        number = len(self.trials())
        self.study.sampler = _sampler(self.spec, number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trial = self.study.ask(self.distributions)
        return trial, self._values(trial.params)

    def again(self, found: FrozenTrial) -> tuple[Trial, dict[str, Value]]:
        """A trial that an earlier controller has asked for; what it had not drawn is drawn."""
        self.study.sampler = _sampler(self.spec, found.number)
        trial = Trial(self.study, found._trial_id)
        for key, drawn in self.distributions.items():
            if key not in found.params:
                trial._suggest(key, drawn)
        return trial, self._values(trial.params)

    def _values(self, params: Mapping[str, Any]) -> dict[str, Value]:
        """In the order in which they were asked for."""
        return {key: params[key] for key in self.distributions}


def _storage(address: str) -> BaseStorage:
    connect = {"timeout": 30} if address.startswith("sqlite") else {}
    return optuna.storages.RDBStorage(
        address, engine_kwargs={"connect_args": connect} if connect else None
    )


def distribution(dimension: Dimension) -> BaseDistribution:
    """Optuna's form of it."""
    if dimension.choices:
        return CategoricalDistribution(dimension.choices)
    step, log = dimension.step, dimension.log
    if dimension.whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log, int(step) or 1)
    return FloatDistribution(dimension.low, dimension.high, log, step or None)


def _seed(spec: SweepSpec, number: int) -> int:
    """Of one trial's draw, so that a killed sweep goes on as it would have gone on."""
    return int(np.random.SeedSequence([spec.seed, number]).generate_state(1)[0])


def _sampler(spec: SweepSpec, number: int) -> optuna.samplers.BaseSampler:
    seed = _seed(spec, number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        match spec.sampler:
            case "tpe":
                return optuna.samplers.TPESampler(
                    seed=seed, n_startup_trials=2 * STARTUP, multivariate=True, group=False,
                    warn_independent_sampling=False,
                )  # fmt: skip
            case "cma-es":
                return optuna.samplers.CmaEsSampler(
                    seed=seed, n_startup_trials=STARTUP, warn_independent_sampling=False
                )
            case "grid":
                fixed: dict[str, Any] = dict(grid(spec.space)[number])
                rest = optuna.samplers.RandomSampler(seed=seed)
                return optuna.samplers.PartialFixedSampler(fixed, rest)
    return optuna.samplers.RandomSampler(seed=seed)


def _pruner(spec: SweepSpec) -> optuna.pruners.BasePruner:
    match spec.pruner:
        case "median":
            return optuna.pruners.MedianPruner(STARTUP, n_warmup_steps=spec.rung)
        case "asha":
            return optuna.pruners.SuccessiveHalvingPruner(spec.rung, REDUCTION)
        case "hyperband":
            return optuna.pruners.HyperbandPruner(spec.rung, spec.epochs, REDUCTION)
    return optuna.pruners.NopPruner()


def importance(home: Path, sweep: Sweep, storage: BaseStorage | None = None) -> Importance | None:
    """Of the varied fields for the first aim, on the scales on which they are varied; None where
    too few trials are finished, or all are equal, so that there is no variance to explain."""
    spec = SweepSpec.from_dict(sweep.spec)
    done = Study(home, sweep.id, spec, True, storage).trials([State.COMPLETE])
    values = np.array([trial.values[0] for trial in done])
    if len(done) < IMPORTANCE_TRIALS or values.max() == values.min():
        return None
    params = [{d.key: _scaled(d, trial.params[d.key]) for d in spec.space} for trial in done]
    shares = _fanova(spec, params, values, 0)
    drawn = []
    rng = np.random.default_rng(0)
    for seed in range(BOOTSTRAPS):
        again = rng.integers(len(done), size=len(done))
        if np.ptp(values[again]):
            drawn.append(_fanova(spec, [params[i] for i in again], values[again], seed))
    order = sorted(shares, key=lambda key: -shares[key])
    within = {}
    for key in order:
        low, high = np.percentile([each[key] for each in drawn], [2.5, 97.5])
        within[key] = (min(float(low), shares[key]), max(float(high), shares[key]))
    return Importance({key: shares[key] for key in order}, within, len(done), sweep.aim.metric)


def _fanova(
    spec: SweepSpec, params: Sequence[Mapping[str, Any]], values: NDArray[np.float64], seed: int
) -> dict[str, float]:
    """Optuna's, of trials as given; what has one value only among them explains nothing."""
    drawn = {d.key: _even(d) for d in spec.space}
    study = optuna.create_study()
    study.add_trials(
        optuna.trial.create_trial(params=dict(one), distributions=drawn, value=float(value))
        for one, value in zip(params, values, strict=True)
    )
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=TREES, seed=seed)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {d.key: float(found.get(d.key, 0.0)) for d in spec.space}


def _scaled(dimension: Dimension, value: Any) -> Any:
    """Optuna's fANOVA weighs a logarithmic range as if it were not one, so it is given logarithms:
    of 25 trials it else took a parameter without effect for the most important."""
    return math.log(value) if dimension.log else value


def _even(dimension: Dimension) -> BaseDistribution:
    if dimension.log:
        return FloatDistribution(math.log(dimension.low), math.log(dimension.high))
    return distribution(dimension)
