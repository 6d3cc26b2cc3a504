"""A table of trust in words: what is recommended, and why, or why nothing is."""

from dlexplain.results.trust import ALIKE, LEVEL, TrustCell, TrustMethod, TrustTable
from dlexplain.results.words import listed

RULE = (
    "Methods are ranked in each example by every metric of faithfulness; the mean over the metrics "
    "is ranked again, 1 is best, and the mean over the examples orders the methods. Friedman's "
    "test, at the 5% level, must tell that they differ at all; mean ranks that are less than "
    "Nemenyi's critical difference apart are not told apart (Demsar 2006). What does not beat a "
    "random map, hardly depends on the model's weights, or ranks no better than the methods do in "
    "the mean, is not recommended."
)
NAMED = 4
"""Methods that a sentence names."""


def verdict(table: TrustTable) -> str:
    """One sentence with its reason; names are as they are registered."""
    if table.recommended:
        return _recommended(table)
    return f"No method is recommended: {_why_none(table)}."


def _recommended(table: TrustTable) -> str:
    best = next(m for m in table.methods if m.name == table.recommended)
    by = sum(m.ranks for m in table.metrics)
    failing = [m for m in table.ranked if table.fails(m.name) and (m.rank or 0) < (best.rank or 0)]
    over = _examples(table)
    if failing:
        verb = "depends" if len(failing) == 1 else "depend"
        over = f"{over}, after {_titles(failing)}, which hardly {verb} on the model's weights"
    told = (
        f"{best.title} is recommended: its mean rank of {best.rank:.1f} among "
        f"{len(table.methods)} methods is the best, by {by} metrics of faithfulness over {over}"
    )
    near = [m for m in table.beside(best.name) if not table.fails(m.name)]
    if any(map(table.fails, _names(table))):
        rest = _not_apart(near) if near else "none is as good"
        return f"{told}; of the others that depend on the weights, {rest}."
    if not near:
        return f"{told}; of the others none is as good."
    return f"{told}; of the others, {_not_apart(near)}."


def _not_apart(near: list[TrustMethod]) -> str:
    if len(near) == 1:
        return f"{near[0].title} is not told apart from it"
    return f"{_titles(near)} are not told apart from it"


def _why_none(table: TrustTable) -> str:
    if table.ranking is None:
        return f"{_examples(table)} give no ranking"
    if not table.ranking.p < LEVEL:
        return (
            f"over {_examples(table)} their ranks differ no more than by chance "
            f"(Friedman's test, p = {table.ranking.p:.2g})"
        )
    names = _names(table)
    if not any(map(table.beats_chance, names)):
        return "none beats a random map"
    if all(map(table.fails, names)):
        return "each shows much the same map when the model's weights are random"
    if not table.sound:
        return "those that beat a random map show much the same when the model's weights are random"
    best = table.sound[0]
    return (
        f"the best of those that depend on the model's weights, {best.title}, ranks no better than "
        f"the {len(table.methods)} methods do in the mean ({best.rank:.1f})"
    )


def failing(table: TrustTable) -> str:
    """A sentence on the methods that fail parameter randomisation; "" where none does."""
    found = [m for m in table.methods if table.fails(m.name)]
    if not found:
        return ""
    named = listed([m.title for m in found])  # all of them: who reads it must not trust one
    return (
        f"Not to be believed on this model, whatever their rank: {named}. With random "
        f"weights the map stays much the same (more than {ALIKE:g} alike, Adebayo et al. 2018)."
    )


def _examples(table: TrustTable) -> str:
    count = table.ranking.n if table.ranking else table.done
    noun = table.noun
    return f"{count:,} {noun}" if count == table.done else f"{count:,} of {table.done:,} {noun}"


def _names(table: TrustTable) -> list[str]:
    return [m.name for m in table.methods]


def _titles(methods: list[TrustMethod]) -> str:
    named = [m.title for m in methods[:NAMED]]
    more = len(methods) - NAMED
    return listed([*named, f"{more} more"] if more > 0 else named)


def number(value: float | None) -> str:
    """Three significant digits, at most three places: "0.123", "−12.3", "–" where there is none."""
    if value is None:
        return "–"
    size = abs(value)
    text = f"{size:,.0f}" if size >= 100 else f"{size:.{3 if size < 1 else 2 if size < 10 else 1}f}"
    return ("−" if value < 0 and float(text.replace(",", "")) else "") + text


def cell_told(cell: TrustCell, done: int) -> str:
    """ "0.123 [0.100, 0.150]", with n where it is of fewer examples than the table."""
    if cell.low is None:
        return f"{number(cell.mean)} ({cell.why})" if cell.why else number(cell.mean)
    fewer = f", n = {cell.n:,}" if cell.n < done else ""
    return f"{number(cell.mean)} [{number(cell.low)}, {number(cell.high)}]{fewer}"
