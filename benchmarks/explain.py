"""Explanations: how many times faster than Captum as it comes, and how near the floor.

python benchmarks/explain.py [--json FILE] [--rounds N]

EfficientNet-Lite0, the sample picture chelsea, the same steps and samples on both sides. The
floor of a method is its evaluations times the prepared model's cost at its best chunk.
"""

import os
import sys
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

import dlexplain as dx
import dlexplain.explainers.methods
from benchmarks.peer import captum_on_pictures, peer
from benchmarks.table import Row, arguments, at_least, at_most, in_turn, median, report
from dlexplain.execution.paths import chunk_file
from dlexplain.explainers.base import METHODS
from dlexplain.explainers.baselines import make_baseline
from dlexplain.explainers.batching import CPU_CHUNKS, GPU_CHUNKS, BatchSizes, Target, time_chunk
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.progress import Progress
from dlexplain.explainers.superpixels import superpixels
from dlexplain.results import Attribution
from dlexplain.settings import settings

# method, params, kind of evaluation, times faster than Captum, deterministic
CASES = (
    ("integrated-gradients", {"steps": 50, "tolerance": 0}, "gradient", 4.5, True),
    ("smoothgrad", {"samples": 25}, "gradient", 2.5, False),
    ("occlusion", {"window": 32, "stride": 16}, "forward", 2.0, True),
    ("lime", {"samples": 200}, "forward", 2.0, False),
)
FLOOR, COSINE = 1.15, 0.999
SHORT_RUNS = 3
LARGEST = 16
"""Largest chunk tried for the floor on a CPU; larger ones are for short texts."""


def main() -> int:
    args = arguments(__doc__)
    model = dx.load("efficientnet-lite0")
    ready = model.prepared
    picture = dx.read_sample("chelsea")
    inputs = model.to_input(model.view(picture))
    target = dx.predict(model, picture, top=1).scores[0].name.index
    chunks = BatchSizes(chunk_file(settings().home))
    found: dict[str, Attribution] = {}
    theirs: dict[str, np.ndarray] = {}

    def ours(method: str, params: dict[str, float]) -> float:
        explainer = METHODS[method]
        wanted = explainer.request("picture", params)
        given = PictureInput(ready, Target(target), Progress(), chunks, inputs)
        found[method] = Attribution(**vars(explainer.explain(given, wanted)))
        return found[method].seconds

    baselines = {
        kind: np.ascontiguousarray(make_baseline(kind, inputs, ready.value_range).numpy())
        for kind in ("black", "mean")
    }
    regions = superpixels(inputs, 50, ready.value_range).numpy()
    for kind in ("forward", "gradient"):
        chunks.get(ready, kind)  # measured once a machine, not once a method

    asked = (inputs.numpy(), baselines, regions, target)
    with (
        peer(captum_on_pictures, *asked) as captum,
        peer(captum_on_pictures, *asked, keep=True) as kept,
    ):

        def captums(method: str) -> float:
            seconds, theirs[method] = captum(method)
            return seconds

        # Captum's follow one another, the floor's and ours too, so that all run warm; the short
        # ones several times, since a noisy neighbour takes more of a short run.
        on_gpu = ready.device.type == "cuda"
        sizes = GPU_CHUNKS if on_gpu else [size for size in CPU_CHUNKS if size <= LARGEST]
        long = [(f"captum {method}", partial(captums, method)) for method, *_ in CASES]
        long += [(f"kept {m}", lambda m=m: kept(m)[0]) for m, *_ in CASES]
        short = [
            (f"{kind} {size}", partial(time_chunk, ready, kind, size))
            for kind in ("forward", "gradient")
            for size in sizes
        ]
        short += [(f"ours {case[0]}", partial(ours, case[0], case[1])) for case in CASES]
        sides = long + SHORT_RUNS * short
        seconds = {name: median(taken) for name, taken in in_turn(sides, args.rounds).items()}

    floor = {
        kind: min(seconds[f"{kind} {size}"] / size for size in sizes)
        for kind in ("forward", "gradient")
    }
    rows = []
    for method, _, kind, bound, deterministic in CASES:
        mine, title = seconds[f"ours {method}"], METHODS[method].title
        rows.append(
            at_least(f"{title}: times faster than Captum", mine, seconds[f"captum {method}"], bound)
        )
        theirs_kept = seconds[f"kept {method}"]
        rows.append(
            Row(f"{title}: the same, Captum with memory kept as here", mine, "s", theirs_kept,
                theirs_kept / mine)
        )  # fmt: skip
        least = found[method].evaluations * floor[kind]
        rows.append(at_most(f"{title}: times its floor", mine, FLOOR, least))
        rows += likeness(title, found[method].values, theirs[method], deterministic)
    return report(rows, args.json)


def likeness(title: str, ours: np.ndarray, captums: np.ndarray, deterministic: bool) -> list[Row]:
    """Cosine and largest difference of two maps, (channels or 1, height, width)."""
    a, b = (array.astype(np.float64) for array in np.broadcast_arrays(ours, captums))
    cosine = float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b)))
    largest = float(np.abs(a - b).max() / np.abs(b).max())
    bound = COSINE if deterministic else None
    return [
        Row(f"{title}: cosine with Captum's map", cosine, "", 1.0, cosine, bound,
            bound is None or cosine >= bound),
        Row(f"{title}: largest difference, of Captum's largest value", largest, ""),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
