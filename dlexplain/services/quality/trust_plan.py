"""What a table of trust asks: which methods with which parameters, which metrics of how many
examples, so that the cost stays in bounds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import dlexplain.evaluation.metrics
import dlexplain.services.explaining  # noqa: F401, these two register metrics and methods
from dlexplain.errors import BadInput, Cancelled, Incompatible
from dlexplain.evaluation.base import METRICS, Metric, metric_for, metrics_for, refusal
from dlexplain.evaluation.case import Case
from dlexplain.explainers.base import Explainer, Explanation, Request, find_method, methods_for
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.progress import Progress
from dlexplain.params import Spec, Value
from dlexplain.services.quality.examples import Example, Subject

MOST_EVALUATIONS = 256
"""Of a map; a method that takes more with its usual parameters is asked with fewer."""
USUAL_METHODS = {
    "picture": (
        "grad-cam", "hires-cam", "layer-cam", "saliency", "input-x-gradient", "guided-backprop",
        "integrated-gradients", "gradient-shap", "smoothgrad", "lrp", "attention-rollout",
        "legrad", "occlusion", "superpixel-ablation", "rise", "kernel-shap",
    ),
    "text": (
        "saliency", "input-x-gradient", "integrated-gradients", "gradient-shap", "lrp", "attn-lrp",
        "attention-rollout", "leave-one-out", "lime", "kernel-shap", "shap-partition",
    ),
    "series": (
        "input-x-gradient", "integrated-gradients", "gradient-shap", "expected-gradients",
        "deeplift", "occlusion", "leave-one-out", "kernel-shap", "shap-sampling",
    ),
}  # fmt: skip
"""By modality: those of a table where none are named, as far as they suit the model."""
USUAL_METRICS = (
    "deletion", "insertion", "road-most", "infidelity", "faithfulness-correlation",
    "comprehensiveness", "sufficiency", "max-sensitivity", "parameter-randomisation", "sparseness",
    "relevance-mass", "pointing-game",
)  # fmt: skip
"""Likewise; what a table has of a metric that is not registered is nothing, and of localisation
where no masks are known."""
FEWER: dict[str, dict[str, Value]] = {
    "faithfulness": {"maps": 3, "points": 10},
    "robustness": {"samples": 4},
    "sanity": {"steps": 4},
}
"""Parameters of metrics in a table, by family: there the examples make the interval."""
EXAMPLES_OF = {"sanity": 10, "robustness": 10}
"""Of metrics of these families, which ask the method itself again, on so many examples at most."""
SHRINKING = (
    "samples", "evaluations", "orders", "channels", "regions", "baselines", "steps", "max_steps",
)  # fmt: skip
"""Parameters whose number evaluations grow with."""
GROWING = ("stride", "block", "length")
"""Parameters with whose number they fall."""
ATTEMPTS = 6
SPARE = 1.05
"""Times as much as is needed is taken off: a few evaluations are a method's own."""


@dataclass(frozen=True)
class Planned:
    """A method as it is asked.

    given  parameters that are not its usual ones;  note  says which and why, or ""
    """

    method: Explainer[Any]
    request: Request[Any]
    note: str = ""


@dataclass(frozen=True)
class Measured:
    """A metric as it is measured; examples  the first so many of them"""

    metric: Metric[Any]
    params: Any
    examples: int


@dataclass(frozen=True)
class TrustPlan:
    """notes  on methods that are left out"""

    methods: tuple[Planned, ...]
    metrics: tuple[Measured, ...]
    notes: tuple[str, ...] = field(default_factory=tuple)


def offered_methods(modality: str) -> dict[str, str]:
    """Titles by name."""
    return {name: method.title for name, method in methods_for(modality).items()}


def offered_metrics(modality: str) -> dict[str, str]:
    """Likewise."""
    return {name: metric.title for name, metric in metrics_for(modality).items()}


def described(metric: str) -> str:
    """What it says and cannot say; "" of one that is not registered here."""
    return METRICS[metric].description() if metric in METRICS else ""


def made_plan(
    subject: Subject, example: Example, methods: Sequence[str], metrics: Sequence[str],
    progress: Progress,
) -> TrustPlan:  # fmt: skip
    """Tries each method on one example. Raises UnknownName, Incompatible where one that is named
    does not suit, or Cancelled."""
    asked, notes = [], []
    for method in _methods(subject, methods):
        try:
            asked.append(_affordable(subject, method, example, progress))
        except (BadInput, Incompatible) as error:
            if methods:
                raise
            notes.append(f"{method.title} is left out: {error}.")
    if len(asked) < 2:
        names = ", ".join(one.method.name for one in asked) or "none"
        raise BadInput(f"methods to compare: {names}; two or more that suit the model are accepted")
    return TrustPlan(tuple(asked), _metrics(subject, example, asked, metrics), tuple(notes))


def _methods(subject: Subject, names: Sequence[str]) -> list[Explainer[Any]]:
    known = methods_for(subject.modality)
    if names:
        found = [find_method(subject.modality, name) for name in dict.fromkeys(names)]
        for method in found:
            try:
                method.check_all(subject.model.prepared)
            except Incompatible as error:
                raise Incompatible(
                    f"{method.title} does not suit {subject.name}: {error}"
                ) from error
        return found
    usual = USUAL_METHODS[subject.modality]
    chosen = [known[name] for name in usual if name in known]
    return [method for method in chosen if method.is_compatible(subject.model.prepared)]


def _affordable(
    subject: Subject, method: Explainer[Any], example: Example, progress: Progress
) -> Planned:
    """With its usual parameters, or with fewer where those take too many evaluations."""
    request = subject.request(method, {})
    given: dict[str, Value] = {}
    known = method.specs(subject.modality)
    for _ in range(ATTEMPTS):
        taken = _evaluations(method, request, example, progress)
        if taken <= MOST_EVALUATIONS:
            return Planned(method, request, _told(given))
        given |= _fewer(known, request.to_dict(), SPARE * taken / MOST_EVALUATIONS)
        request = subject.request(method, dict(given))
    raise BadInput(f"it takes {taken:,} evaluations a map, and {MOST_EVALUATIONS:,} are accepted")


def _evaluations(
    method: Explainer[Any], request: Request[Any], example: Example, progress: Progress
) -> int:
    """That a map takes; the work is stopped as soon as too many are planned."""
    trial = Progress()
    trial.cancelled = lambda: trial.planned > MOST_EVALUATIONS or progress.cancelled()
    try:
        return method.explain(example.ask(trial), request).evaluations
    except Cancelled:
        progress.check()
        return trial.planned


def _fewer(known: dict[str, Spec], used: dict[str, Value], times: float) -> dict[str, Value]:
    """Parameters by which a method takes about so many times less."""
    found: dict[str, Value] = {}
    for key in SHRINKING:
        if key in known and known[key].kind == "integer":
            value = int(float(used[key]) / times)
            found[key] = int(np.clip(value, known[key].low, known[key].high))
            return found
    for key in GROWING:
        if key in known:
            value = int(np.ceil(float(used[key]) * times**0.5))
            found[key] = int(np.clip(value, known[key].low, known[key].high))
            return found
    if "designs" in known:
        options = [int(one) for one in known["designs"].options]
        fitting = [one for one in options if one <= int(used["designs"]) / times]
        return {"designs": str(max(fitting, default=min(options)))}
    return found


def _told(given: dict[str, Value]) -> str:
    if not given:
        return ""
    words = ", ".join(f"{key} {value}" for key, value in given.items())
    return f"With {words}, so that a map takes at most {MOST_EVALUATIONS:,} evaluations."


def _metrics(
    subject: Subject, example: Example, asked: Sequence[Planned], names: Sequence[str]
) -> tuple[Measured, ...]:
    known = metrics_for(subject.modality)
    usual = [name for name in USUAL_METRICS if name in known] or list(known)
    case = next(iter(_cases(asked, example)), None)
    chosen = [metric_for(name, subject.modality) for name in dict.fromkeys(names or usual)]
    if case is not None:
        for metric in chosen:
            if names and (why := refusal(metric, case)):
                raise Incompatible(f"{metric.title} cannot be measured here: {why}")
        chosen = [metric for metric in chosen if not refusal(metric, case)]
    if not chosen:
        raise Incompatible(f"no metric suits {subject.name}; known: {', '.join(known) or 'none'}")
    return tuple(map(_measured, chosen))


def _cases(asked: Sequence[Planned], example: Example) -> Any:
    """Of the first method whose map can be judged."""
    for one in asked:
        try:
            given = example.ask(Progress())
            found = one.method.explain(given, one.request)
            yield case_of(one, given, found, 0, truth=example.truth)
        except (BadInput, Incompatible):
            continue


def _measured(metric: Metric[Any]) -> Measured:
    known, fewer = metric.specs(), FEWER.get(metric.family, {})
    params = metric.params({key: value for key, value in fewer.items() if key in known})
    return Measured(metric, params, EXAMPLES_OF.get(metric.family, np.iinfo(np.int32).max))


def case_of(
    asked: Planned,
    given: ModelInput,
    found: Explanation,
    seed: int,
    answered: dict[bytes, float] | None = None,
    truth: NDArray[np.bool_] | None = None,
) -> Case:
    """A map, to be judged; raises BadInput for one that says nothing.

    answered  what the model has said of this input before;  truth  as Example has it
    """
    import torch

    values = torch.from_numpy(found.values)
    mask = None if truth is None else torch.from_numpy(truth)
    answered = {} if answered is None else answered
    return Case(
        given, values, found.signed, asked.method, asked.request, mask, seed, answered=answered
    )
