"""The measured facts of an explanation in words."""

from dlexplain.results.quality import Fact

SAYS: dict[str, dict[str, str]] = {
    "faithful": {"yes": "Faithful", "unclear": "Faithful?", "no": "Not faithful"},
    "stable": {"yes": "Stable", "unclear": "Stable?", "no": "Not stable"},
    "depends": {
        "yes": "Depends on the model",
        "unclear": "Depends on the model?",
        "no": "Depends little on the model",
    },
}


def words_of(fact: Fact) -> str:
    """ "Faithful 0.31", "Not stable", "Stability: not measured" """
    return f"{verdict_of(fact)} {fact.short}".strip()


def verdict_of(fact: Fact) -> str:
    """ "Faithful", "Not stable", "Stability: not measured" """
    return SAYS[fact.name].get(fact.verdict, f"{fact.title}: not measured")
