"""Metrics of explanations: how many times faster than Quantus, and how far from the floor.

python benchmarks/quality.py [--json FILE] [--rounds N]

Both sides measure the same of the same maps, those of Input x Gradient: Quantus as it comes (in a
process of its own, with its usual batch size), and Quantus with our batch size and memory kept as
here. A metric of ours asks for random maps too; Quantus is given these as maps of further copies of
the picture. Where it makes a few more evaluations (the picture as it is, once a map; normalisation
layers, which are folded away here), its seconds are counted for as many as ours.
"""

import os
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch

import dlexplain as dx
import dlexplain.evaluation.metrics
from benchmarks.peer import peer
from benchmarks.quality_peer import Asked, evaluations, layers_of, quantus_on_pictures
from benchmarks.table import Row, arguments, at_least, in_turn, median, report
from dlexplain.evaluation.base import METRICS
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.metrics.road import road_shares
from dlexplain.explainers.batching import CPU_CHUNKS, time_chunk
from dlexplain.results import Quality
from dlexplain.services.quality.judging import case_of

MODELS = ("efficientnet-lite0", "cifar10-resnet")
PICTURES = ("chelsea", "coffee", "astronaut", "rocket")
METHOD = "input-x-gradient"
POINTS, MAPS, CHANGES, NEAR, RADIUS, ROAD_POINTS = 24, 3, 64, 10, 0.02, 3
FEW = ("road-most", "parameter-randomisation")
"""What takes Quantus long is asked of one picture."""
WITH_GRADIENTS = ("max-sensitivity", "parameter-randomisation")
FASTER = 5.0
LARGEST = 16
"""Largest chunk tried for the floor."""
ALIKE = 1e-4
"""Of a probability: the prepared model rounds differently."""


def main() -> int:
    args = arguments(__doc__)
    rows: list[Row] = []
    total: dict[str, dict[str, float]] = {}
    for name in MODELS:
        seconds, more = of_model(name, args.rounds)
        rows += more
        for side, taken in seconds.items():
            for metric, value in taken.items():
                total.setdefault(metric, {}).setdefault(side, 0.0)
                total[metric][side] += value
    for metric, sides in total.items():
        title = f"{METRICS[metric].title}, all models: times faster than Quantus"
        rows.append(at_least(title, sides["ours"], sides["quantus"], FASTER))
        rows.append(faster(f"{title} tuned", sides["ours"], sides["tuned"]))
    return report(rows, args.json)


def of_model(name: str, rounds: int) -> tuple[dict[str, dict[str, float]], list[Row]]:
    """Seconds by side and metric, and what else there is to tell."""
    model = dx.load(name)
    cases = [case_on(model, picture) for picture in PICTURES]
    asked = asked_of(name, model, cases)
    chunk = cases[0].parts("black").at_once
    params = params_of(name)
    found: dict[str, list[Quality]] = {}
    theirs: dict[str, np.ndarray] = {}

    def ours(metric: str) -> float:
        """Of cases that remember nothing of an earlier round."""
        fresh = [anew(case) for case in cases[: pictures_of(metric)]]
        known = METRICS[metric]
        started = time.perf_counter()
        found[metric] = [known.judge(case, known.params(params[metric])) for case in fresh]
        return time.perf_counter() - started

    with (
        peer(quantus_on_pictures, asked) as comes,
        peer(quantus_on_pictures, replace(asked, batch=chunk), keep=True) as tuned,
    ):

        def quantus(metric: str) -> float:
            seconds, theirs[metric] = comes(metric)
            return seconds

        sides = [(f"quantus {metric}", partial(quantus, metric)) for metric in params]
        sides += [(f"tuned {metric}", lambda m=metric: tuned(m)[0]) for metric in params]
        sides += [(f"ours {metric}", partial(ours, metric)) for metric in params]
        sizes = [size for size in CPU_CHUNKS if size <= LARGEST]
        ready = model.prepared
        sides += [(f"pass {s}", partial(time_chunk, ready, "forward", s)) for s in sizes]
        seconds = {side: median(taken) for side, taken in in_turn(sides, rounds).items()}
    counts = {metric: sum(one.evaluations for one in found[metric]) for metric in params}
    made = evaluations(asked)
    share = {metric: counts[metric] / made[metric] for metric in params}
    by_side = {"ours": {metric: seconds[f"ours {metric}"] for metric in params}}
    for side in ("quantus", "tuned"):
        by_side[side] = {m: seconds[f"{side} {m}"] * share[m] for m in params}
    rows = []
    for metric, mine in by_side["ours"].items():
        what = f"{name}, {METRICS[metric].title}, {counts[metric]} evaluations"
        title = f"{what}: times faster than Quantus"
        rows.append(faster(title, mine, by_side["quantus"][metric]))
        rows.append(faster(f"{title} tuned", mine, by_side["tuned"][metric]))
        if metric not in WITH_GRADIENTS:
            floor = counts[metric] * min(seconds[f"pass {size}"] / size for size in sizes)
            rows.append(faster(f"{what}: the same number of passes alone", mine, floor))
    rows.append(likeness(name, found["deletion"], theirs["deletion"]))
    return by_side, rows


def faster(name: str, mine: float, theirs: float) -> Row:
    """Without a bound."""
    return Row(name, mine, "s", theirs, theirs / mine)


def case_on(model: Any, picture: str) -> Case:
    read = dx.read_sample(picture)
    return case_of(model, read, dx.explain(model, read, METHOD))


def anew(case: Case) -> Case:
    return Case(case.given, case.values, case.signed, case.method, case.request)


def pictures_of(metric: str) -> int:
    return 1 if metric in FEW else len(PICTURES)


def params_of(name: str) -> dict[str, dict[str, Any]]:
    """Of our metrics, so that evaluations are as many as Quantus'."""
    return {
        "deletion": {"points": POINTS, "maps": MAPS, "fill": "black"},
        "road-most": {"points": ROAD_POINTS, "maps": MAPS, "noise": 0.0},
        "infidelity": {"samples": CHANGES, "maps": MAPS, "fill": "black"},
        "max-sensitivity": {"samples": NEAR, "radius": RADIUS},
        "parameter-randomisation": {"steps": layers_of(name)},
    }


def asked_of(name: str, model: Any, cases: list[Case]) -> Asked:
    low, high = model.prepared.value_range
    sides = cases[0].strengths.shape
    own = [torch.cat([case.weights()[None], case.random_weights(MAPS)]) for case in cases]
    return Asked(
        model=name,
        inputs=torch.cat([case.given.differentiable()[1] for case in cases]).contiguous().numpy(),
        targets=np.array([case.given.target.index for case in cases]),
        maps=torch.stack(own).view(len(cases), 1 + MAPS, *sides).numpy(),
        values=torch.stack([case.values for case in cases]).numpy(),
        value_range=(low, high),
        points=POINTS,
        shares=tuple(road_shares(ROAD_POINTS).tolist()),
        few=1,
        changes=CHANGES,
        near=NEAR,
        radius=RADIUS * (high - low),
    )


def likeness(name: str, found: list[Quality], theirs: np.ndarray) -> Row:
    """How far the curves of deletion are from Quantus' at most.

    theirs  (pictures * maps, points); at every third step whole pixels are taken away
    """
    curves = [quality.found.curves[0] for quality in found]
    ours = np.concatenate([np.vstack([curve.answers, curve.random]) for curve in curves])
    furthest = float(np.abs(ours[:, 3::3] - theirs[:, 2::3]).max())
    title = f"{name}, Deletion: largest difference of a curve to Quantus'"
    return Row(title, furthest, "", bound=ALIKE, ok=furthest <= ALIKE)


if __name__ == "__main__":
    sys.exit(main())
