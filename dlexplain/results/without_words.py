"""The answer about one input, in a sentence that a person can repeat."""

from dlexplain.results.without import Without

CHANCE = 0.05
"""The share of draws, the map counted as one more, that may change the class where the map's parts
are to be called the reason: (1 + draws - kept) / (1 + draws), a permutation test's p."""
MOSTLY = 0.5
"""Of the random draws in which the class stays, for "still" to be said of it."""


SHOWN = 4
"""Words that are told one by one."""


def sentence(found: Without) -> str:
    """What is said, what would be said without the marked parts, and whether that is more than
    chance."""
    says = f"It says {found.label} ({found.probability:.0%})"
    marked, elsewhere = _parts(found)
    then = f"{found.other} ({found.other_probability:.0%})"
    if not found.flips:
        return (
            f"{says}. Without {marked}, it still says so ({found.other_probability:.0%}): the "
            "class does not hang on what is marked."
        )
    draws = f"in {found.kept} of {found.draws} random draws"
    still = f"{elsewhere} it still says {found.label} {draws}"
    chance = (1 + found.draws - found.kept) / (1 + found.draws)
    if chance <= CHANCE:
        it = "them" if len(found.words) > 1 else "it"
        return f"{says} because of {marked}: without {it}, it would say {then}; {still}."
    if found.kept > MOSTLY * found.draws:
        return (
            f"{says}. Without {marked}, it would say {then}; {still}, which does not yet tell the "
            f"map from chance (p = {chance:.2g})."
        )
    only = f"{elsewhere} it says {found.label} {draws} only"
    return f"{says}. Without {marked}, it would say {then}, but {only}."


def _parts(found: Without) -> tuple[str, str]:
    """What is marked, and that as much elsewhere is taken away."""
    if not found.words:
        return (
            f"the {found.share:.0%} of the picture that {found.method} marks most",
            "with as much blurred elsewhere",
        )
    words = ", ".join(f"“{word.strip()}”" for word in found.words[:SHOWN])
    others = "another word" if len(found.words) == 1 else "as many other words"
    more = len(found.words) - SHOWN
    if more > 0:
        return f"{words} and {more} more words that {found.method} marks", f"without {others}"
    return f"{words}, which {found.method} marks most", f"without {others}"
