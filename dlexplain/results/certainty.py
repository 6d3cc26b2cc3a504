"""How sure a score is: on how many examples it was measured, and within what it may well lie."""

from collections.abc import Mapping

from dlexplain.results.words import metric

Z95 = 1.959963984540054
"""Standard deviations of a normal distribution around whose mean 95% lie."""
PROPORTIONS = ("accuracy", "accuracy_one_view", "exact")
"""Metrics that are a part of the examples of their split, each right or wrong by itself."""
OVER_EXAMPLES = (
    *PROPORTIONS, "loss", "f1", "token_accuracy", "bleu", "perplexity", "error", "elbo",
    "reconstruction", "kl", "absolute_error", "mase", "rmse", "coverage",
)  # fmt: skip
"""How the names of metrics begin that are taken over all examples of their split."""
UNITS = {"elbo": "nats", "kl": "nats", "reconstruction": "nats"}
"""Of metrics that have one in all tasks."""
SPLITS = ("validation", "test")


def wilson(share: float, n: int, z: float = Z95) -> tuple[float, float]:
    """The interval of a proportion by its score test, 95% where z is not given.

        (p + z²/2n ± z √(p (1 - p) / n + z²/4n²)) / (1 + z²/n)

    share  p, the part that was right, 0 to 1;  n  examples, at least 1
    Holds at p = 0 and 1 and for small n, where p ± z √(p (1 - p) / n) does not. Wilson, Probable
    inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if not 0 <= share <= 1 or n < 1:
        raise ValueError(f"share is {share} of {n}; a share takes 0 to 1, of 1 or more")
    middle = share + z**2 / (2 * n)
    spread = z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    whole = 1 + z**2 / n
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def examples_of(key: str, sizes: Mapping[str, int]) -> int:
    """On how many examples a metric was measured, by its key, such as "test/accuracy".

    sizes  examples by split: pictures, texts, sentences, tokens, origins of forecasts
    0 where that is not known: of training, where it is over batches, and of what is not taken over
    the examples, such as a distance of two sets.
    """
    split, _, name = key.partition("/")
    counts = split in SPLITS and name.startswith(OVER_EXAMPLES)
    return int(sizes.get(split, 0)) if counts else 0


def interval(key: str, value: float, n: int) -> tuple[float, float] | None:
    """Wilson's 95% interval of a metric that is a proportion of n examples; None for others.

    Tokens and horizons of one text or series go together, so theirs would be too narrow.
    """
    if key.rpartition("/")[2] not in PROPORTIONS or n < 1 or not 0 <= value <= 1:
        return None
    return wilson(value, n)


def within(key: str, value: float, n: int) -> str:
    """The interval alone, "[37.6–96.4%]", or ""."""
    found = interval(key, value, n)
    return f"[{100 * found[0]:.1f}–{found[1]:.1%}]" if found else ""


def certainty(key: str, value: float, n: int) -> str:
    """ "[37.6–96.4%], n = 5"; without an interval "n = 73"; "" where n is 0."""
    parts = (within(key, value, n), f"n = {n:,}" if n > 0 else "")
    return ", ".join(filter(None, parts))


def scored(key: str, value: float, n: int) -> str:
    """ "80.0% [37.6–96.4%], n = 5": the metric with how sure it is."""
    sure, unit = certainty(key, value, n), UNITS.get(key.rpartition("/")[2], "")
    told = f"{metric(key, value)} {unit}".rstrip()
    return told + (" " if sure.startswith("[") else ", " if sure else "") + sure
