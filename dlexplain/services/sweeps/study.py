"""Optuna's side of a sweep: its study, samplers and pruners. Only a sweep's controller, and who
asks for importances, import it: Optuna takes half a second."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import BaseStorage
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
IMPORTANCE_TRIALS = 4
"""Finished ones from which importances are computed at all."""
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
        directions = ["maximize" if aim.mode == "max" else "minimize" for aim in spec.aims]
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
            directions=directions,
            load_if_exists=True,
            pruner=_pruner(spec),
            sampler=optuna.samplers.RandomSampler(seed=spec.seed),
        )
        if len(spec.aims) > 1:
            self.study.set_metric_names([aim.metric for aim in spec.aims])
        self.distributions = {d.key: distribution(d) for d in spec.space}

    def trials(self, states: Sequence[State] | None = None) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=None if states is None else (*states,))

    def ask(self) -> tuple[Trial, dict[str, Value]]:
        """A new trial with its values."""
        number = len(self.trials())
        self.study.sampler = _sampler(self.spec, number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna's remarks on what is experimental
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
            return optuna.pruners.MedianPruner(STARTUP, n_warmup_steps=spec.rung - 1)
        case "asha":
            return optuna.pruners.SuccessiveHalvingPruner(spec.rung, REDUCTION)
        case "hyperband":
            return optuna.pruners.HyperbandPruner(spec.rung, spec.epochs, REDUCTION)
    return optuna.pruners.NopPruner()


def importance(home: Path, sweep: Sweep, storage: BaseStorage | None = None) -> Importance | None:
    """Of the varied fields for the first aim; None where too few trials are finished, or all are
    equal, so that there is no variance to explain."""
    study = Study(home, sweep.id, SweepSpec.from_dict(sweep.spec), True, storage)
    done = study.trials([State.COMPLETE])
    values = [trial.values[0] for trial in done]
    if len(done) < IMPORTANCE_TRIALS or max(values) == min(values):
        return None
    several = len(sweep.aims) > 1
    shares = optuna.importance.get_param_importances(
        study.study,
        evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0),
        target=(lambda trial: trial.values[0]) if several else None,
    )
    order = sorted(shares, key=lambda key: -shares[key])
    return Importance({key: float(shares[key]) for key in order}, len(done), sweep.aim.metric)
