"""How far two models' reasons drift apart, in words."""

from collections.abc import Sequence

from dlexplain.errors import BadInput
from dlexplain.results.model_comparison import ModelComparison
from dlexplain.results.robustness import Estimate

LARGEST = 2.0
"""Drift of maps whose order is the opposite."""
MEANS = (
    "Both models explain the same class of the same examples by the same method. **Drift** is 1 "
    "less Spearman's rank correlation of the two maps: 0 where both put all places in the same "
    "order, about 1 where the orders have nothing in common, 2 where one is the other's reverse."
)


def number(found: Estimate) -> str:
    """ "0.39 [0.34, 0.44]" """
    if found.value is None:
        return "–"
    told = f"{found.value:.2f}"
    if found.low is not None and found.high is not None:
        told += f" [{found.low:.2f}, {found.high:.2f}]"
    return told.replace("-", "−")


def verdict(found: ModelComparison) -> str:
    """One to three sentences, the numbers with their n."""
    why = "" if found.modality == "series" else (
        ", each of the right class" if found.labelled else f", of what {found.model} says"
    )  # fmt: skip
    told = (
        f"On {found.done:,} {found.noun} the reasons of {found.model} and {found.other} "
        f"({found.title}{why}) drift apart by {number(found.drift)}"
    )
    if found.same.value is not None:
        told += f"; they say the same class of {found.same}"
    return f"{told}. {beyond_control(found)}".strip()


def beyond_control(found: ModelComparison) -> str:
    """What of the drift is more than the control's, in one sentence."""
    if found.control_kind == "none":
        return (
            f"{found.title} draws nothing at random and no third model was given, so how far two "
            "trainings alike would drift is not known."
        )
    gap = found.beyond
    if gap.value is None or gap.low is None or gap.high is None:
        return "The control's drift is of too few examples for an interval."
    control = number(found.control_drift)
    told = (
        f"{found.model} and the control {found.control} drift apart by {control}: "
        if found.control_kind == "model"
        else f"{found.title}'s own random draws move the maps of {found.model} by {control}: "
    )
    size = f"{abs(gap.value):.2f}"
    if gap.low > 0:
        return f"{told}the drift is {size} more [{gap.low:.2f}, {gap.high:.2f}] than the control's."
    if gap.high < 0:
        return (
            f"{told}the drift is {size} less [{-gap.high:.2f}, {-gap.low:.2f}] than the control's."
        )
    return f"{told}the two are not told apart, with a difference of {number(gap)}."


def check_limit(limit: float) -> float:
    """The same; raises BadInput for what no drift can be."""
    if not 0 <= limit <= LARGEST:
        raise BadInput(
            f"the largest drift is {limit:g}; a number from 0, the same order, to {LARGEST:g}, the "
            "opposite one, is accepted"
        )
    return limit


def exceeds(found: ModelComparison, limit: float) -> tuple[bool, str]:
    """Whether the mean drift is above the limit, and a sentence that says so with its interval.

    Raises BadInput where there is no drift: no map has an order.
    """
    value, low, high = found.drift.value, found.drift.low, found.drift.high
    if value is None:
        raise BadInput("there is no drift to hold against a limit: no two maps have an order")
    above = value > limit
    told = f"drift {number(found.drift)} is {'above' if above else 'within'} the limit {limit:g}"
    if low is not None and high is not None and low <= limit <= high:
        told += ", which lies in its interval: more examples would say more surely"
    return above, told


def comparison_table(results: Sequence[ModelComparison]) -> str:
    """Markdown, a row a comparison."""
    lines = [
        "| models | by | n | same class | marked tenth in common | drift | control | its drift | "
        "beyond it |",
        f"|{' --- |' * 9}",
    ]
    for one in results:
        cells = (
            f"`{one.model}`, `{one.other}`", one.title, str(one.drift.n), str(one.same),
            number(one.top), number(one.drift), f"`{one.control}`" if one.control else "–",
            number(one.control_drift), number(one.beyond),
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
