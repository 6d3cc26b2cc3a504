"""What robustness is measured with where nothing else is said; no torch."""

from collections.abc import Mapping

from dlexplain.params import Value

ATTACKS_USUAL = ("fgsm", "pgd", "square")
"""One step, many steps, and one that sees scores alone."""
BUDGETS_USUAL = (1 / 255, 2 / 255, 4 / 255, 8 / 255)
SEVERITIES_USUAL = (1, 3, 5)
FEWER: Mapping[str, Mapping[str, Value]] = {"square": {"queries": 200}}
"""Parameters of attacks that are asked of many examples."""
MOST_BUDGETS = 16
