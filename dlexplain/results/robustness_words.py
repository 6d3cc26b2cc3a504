"""How robust a model is, in words."""

from collections.abc import Sequence

from dlexplain.results.attacks import budget_told
from dlexplain.results.robustness import Robustness, card_figures

MEANS = (
    "Robust accuracy is the part of the examples that the model gets right as they are and under "
    "attack. An example that it gets wrong as it is counts as not robust; one that is fooled "
    "within a budget counts as fooled within every larger one. In brackets Wilson's 95% interval."
)


def verdict(found: Robustness) -> str:
    """One or two sentences, the numbers with their n."""
    told = f"{found.model} gets {found.clean} of {found.done:,} {found.noun} right as they are"
    if not found.labelled:
        told = f"What {found.model} says of {found.done:,} {found.noun} as they are counts as right"
    if found.attacks and found.budgets:
        curve = found.attacks[-1]
        by = f"under {curve.title}"
        if len(found.attacks) > 1:
            by = f"right whichever of {len(found.attacks) - 1} attacks is made"
        least, most = (budget_told(found.norm, found.budgets[at]) for at in (0, -1))
        if least == most:
            told += f"; {by}: {curve.accuracy[0]} within {least}"
        else:
            told += (
                f"; {by}: {curve.accuracy[0]} within {least} and {curve.accuracy[-1]} within {most}"
            )
    if found.corruptions:
        told += f"; corrupted, {found.corrupted} on average"
    return f"{told}."


def robustness_table(results: Sequence[Robustness]) -> str:
    """Markdown: what a model's card says of its robustness, a row a model."""
    columns = list(dict.fromkeys(name for one in results for name, _ in card_figures(one)))
    lines = [
        f"| model | n | {' | '.join(columns)} |",
        f"| --- | --- |{' --- |' * len(columns)}",
    ]
    for one in results:
        known = dict(card_figures(one))
        cells = [str(known.get(column, "–")) for column in columns]
        lines.append(f"| `{one.model}` | {one.done:,} | {' | '.join(cells)} |")
    return "\n".join(lines)
