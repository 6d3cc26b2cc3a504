"""A table of trust written by hand, of which all is known."""

from dataclasses import replace
from typing import Any

from dlexplain.results import Ranking, TrustCell, TrustMethod, TrustMetric, TrustTable

RANKS = {"lrp": 1.5, "grad-cam": 2.0, "guided-backprop": 2.5, "rise": 4.0}
"""Mean ranks, with a critical difference of 1."""
GAINS = {"lrp": 0.3, "grad-cam": 0.2, "guided-backprop": 0.15, "rise": -0.05}


def table(
    alike: dict[str, float] | None = None,
    p: float = 1e-4,
    gains: dict[str, float] | None = None,
    **other: Any,
) -> TrustTable:
    """alike  what parameter randomisation finds of each method, where it is measured"""
    gains = gains or GAINS
    metrics = [
        TrustMetric("deletion", "Deletion", "faithfulness", True, (-1.0, 1.0), "probability", {},
                    ranks=True),
        TrustMetric("sparseness", "Sparseness", "complexity", None, (0.0, 1.0), "", {}),
    ]  # fmt: skip
    cells = [TrustCell(m, "deletion", 30, g, g - 0.02, g + 0.02) for m, g in gains.items()]
    cells += [TrustCell(m, "sparseness", 30, 0.5, 0.4, 0.6) for m in gains]
    if alike is not None:
        metrics.append(
            TrustMetric("parameter-randomisation", "Parameter randomisation", "sanity", False,
                        (-1.0, 1.0), "rank correlation", {})
        )  # fmt: skip
        cells += [
            TrustCell(m, "parameter-randomisation", 10, v, v - 0.1, v + 0.1)
            for m, v in alike.items()
        ]
    methods = tuple(
        TrustMethod(name, name.title(), {"samples": 3}, 0.01 * (i + 1), 0.005, 0.03, 10.0**i, 30,
                    rank, rank - 0.2, rank + 0.2)
        for i, (name, rank) in enumerate(RANKS.items())
    )  # fmt: skip
    made = TrustTable(
        model="digits-cnn", model_fingerprint="abc", modality="picture", data="Digits",
        noun="pictures", count=30, found=30, done=30, seed=0, methods=methods,
        metrics=tuple(metrics), cells=tuple(cells), ranking=Ranking(30, 40.0, p, 1.0),
        date="2026-11-28T10:00:00+00:00", machine="a machine", command="python -m dlexplain trust",
    )  # fmt: skip
    return replace(made, **other)
