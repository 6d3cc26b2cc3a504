"""One map of one input, judged by metrics: what cannot be made or measured is told in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput, Incompatible
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.results import Quality
from dlexplain.services.quality.trust_plan import Measured, Planned, case_of


@dataclass(frozen=True, eq=False)
class JudgedMap:
    """seconds, evaluations, note  of the map; no seconds where there is none

    lost   why there is no map, or why it says nothing, or ""
    found  by metric;  why  of metrics that could not be measured
    """

    seconds: float | None
    evaluations: int
    note: str = ""
    lost: str = ""
    found: Mapping[str, Quality] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)


def judged_map(
    asked: Planned,
    given: ModelInput,
    metrics: Sequence[Measured],
    seed: int,
    answered: dict[bytes, float] | None = None,
    truth: NDArray[np.bool_] | None = None,
) -> JudgedMap:
    """Explain an input by one method, and judge the map; raises Cancelled.

    answered, truth  see Case
    """
    try:
        made = asked.method.explain(given, asked.request)
    except (BadInput, Incompatible) as error:
        return JudgedMap(None, 0, lost=str(error))
    told = made.seconds, made.evaluations, made.note
    try:
        case = case_of(asked, given, made, seed, answered, truth)
    except BadInput as error:
        return JudgedMap(*told, lost=str(error))
    found: dict[str, Quality] = {}
    why: dict[str, str] = {}
    for one in metrics:
        try:
            found[one.metric.name] = one.metric.judge(case, one.params)
        except (BadInput, Incompatible) as error:
            why[one.metric.name] = str(error)
    return JudgedMap(*told, found=found, why=why)
