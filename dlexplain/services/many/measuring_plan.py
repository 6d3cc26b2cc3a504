"""Which methods are judged by which metrics, with which parameters, on every machine alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from dlexplain.errors import Incompatible, ParamError, known_names
from dlexplain.evaluation.base import Metric, metric_for, metrics_for, refusal
from dlexplain.evaluation.case import Case
from dlexplain.explainers.base import NOTHING, find_method
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.one_pass import NO_TARGET
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value, as_dict
from dlexplain.services.many.explaining import SameSizes
from dlexplain.services.pictures.explain import INPUTS, request_of
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality.trust_plan import Measured, Planned

Params = Mapping[str, Mapping[str, Value]]
"""Values of parameters by the name of their method or metric."""
USUAL_FAMILIES = ("faithfulness", "complexity")
"""Of the metrics where none is named: they ask the model, and not the method again."""
EVERY = 2**63 - 1
"""Examples that a metric is measured of."""


@dataclass(frozen=True)
class Judging:
    """What is asked of each picture. units  by metric"""

    methods: tuple[Planned, ...]
    metrics: tuple[Measured, ...]
    units: Mapping[str, str]

    @property
    def method_names(self) -> list[str]:
        return [one.method.name for one in self.methods]

    @property
    def metric_names(self) -> list[str]:
        return [one.metric.name for one in self.metrics]

    @property
    def used(self) -> dict[str, Value]:
        """The values of all parameters, such as of "rise.samples"."""
        by_name = {one.method.name: one.request.to_dict() for one in self.methods}
        by_name |= {one.metric.name: as_dict(one.params) for one in self.metrics}
        return {f"{name}.{key}": v for name, known in by_name.items() for key, v in known.items()}


def judging_of(
    model: LoadedModel, methods: Sequence[str], metrics: Sequence[str], params: Params
) -> Judging:
    """metrics  () for those of USUAL_FAMILIES

    Raises UnknownName, ParamError, or Incompatible where a method, or by all of them a metric that
    is named, does not suit.
    """
    asked = [_planned(model, name, params.get(name, NOTHING)) for name in dict.fromkeys(methods)]
    cases = [_trial_case(model, one) for one in asked]
    chosen = _metrics(cases, metrics)
    names = [one.method.name for one in asked] + [one.name for one in chosen]
    for name, given in params.items():
        if name not in names:
            raise ParamError(
                f'parameters are given of "{name}", which is not asked; {known_names(name, names)}'
            )
        _check(name, given)
    measured = tuple(
        Measured(one, one.params(params.get(one.name, NOTHING)), EVERY) for one in chosen
    )
    units = {one.name: one.unit_for(cases[0].given) for one in chosen}
    return Judging(tuple(asked), measured, units)


def _planned(model: LoadedModel, name: str, given: Mapping[str, Value]) -> Planned:
    _check(name, given)
    method = find_method(model.prepared.modality, name)
    request = request_of(model, method.name, given)
    method.ready(_trial(model), request)
    return Planned(method, request)


def _check(name: str, given: object) -> None:
    if not isinstance(given, Mapping):
        raise ParamError(
            f'parameters of "{name}" are {given!r}; values by name are accepted, such as '
            '{"samples": 100}'
        )


def _trial(model: LoadedModel) -> ModelInput:
    """A picture of noise."""
    kind, prepared = INPUTS[model.prepared.modality], model.prepared
    return kind(prepared, NO_TARGET, Progress(), SameSizes(), prepared.trial(1))


def _trial_case(model: LoadedModel, asked: Planned) -> Case:
    """A map of noise: what cannot be measured of it cannot be of any."""
    height, width = model.prepared.input_shape[-2:]
    values = torch.rand((1, height, width), generator=torch.Generator().manual_seed(0))
    signed = asked.method.is_signed(asked.request.params)
    return Case(_trial(model), values, signed, asked.method, asked.request)


def _metrics(cases: Sequence[Case], names: Sequence[str]) -> list[Metric[Any]]:
    modality = cases[0].given.modality.name
    if not names:
        usual = [one for one in metrics_for(modality).values() if one.family in USUAL_FAMILIES]
        return [one for one in usual if not all(refusal(one, case) for case in cases)]
    chosen = [metric_for(name, modality) for name in dict.fromkeys(names)]
    for metric in chosen:
        if all(whys := [refusal(metric, case) for case in cases]):
            raise Incompatible(f"{metric.title} cannot be measured here: {whys[0]}")
    return chosen
