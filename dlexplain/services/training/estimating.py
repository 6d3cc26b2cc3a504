"""What a training would take here: a few steps are taken and measured, none is kept.

`estimate` does it in the calling process; `estimate_apart` in a niced process of its own, so that
a page neither waits nor imports what trains: python -m
dlexplain.services.training.estimating reads a spec on standard input and writes one JSON object a
line.
"""

import base64
import io
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dlexplain.errors import RunError
from dlexplain.execution.process import lower_priority
from dlexplain.execution.resources import here
from dlexplain.execution.spec import RunSpec
from dlexplain.explainers.progress import Progress
from dlexplain.memory import keep_memory
from dlexplain.results import Estimate
from dlexplain.rights import check
from dlexplain.services.apart import answer, said_apart
from dlexplain.settings import settings

if TYPE_CHECKING:
    import torch

    from dlexplain.services.training.worker import Built

Told = Callable[[str], None]
START_SECONDS = 8.0
"""Until a worker has imported what it needs and opened the store."""
FORWARD_PART = 0.35
"""Of a training step, what as many examples cost in evaluation."""
TOGETHER = (
    "a step is one of {} workers', by its part of the processors, without what the exchange of "
    "gradients takes; memory is one worker's"
)
SHOWN = 16
OPTIMISER_COPIES = {"sgd": 1, "adam": 2, "adamw": 2}
NICE = 10


def estimate(spec: RunSpec, told: Told = lambda text: None) -> Estimate:
    """Measure a few steps of a completed spec; raises BadInput, DataError or RunError."""
    from dlexplain.networks.modules.device import choose_device, describe_device
    from dlexplain.services.training.worker import build, measure_built

    started = time.perf_counter()
    device = choose_device(here(spec.device))
    built = build(spec, device, lambda text, part: told(text))
    loading = time.perf_counter() - started
    told("measuring a few steps")
    first = measure_built(built)
    # The last epoch may see larger pictures than the first.
    loader = built.data.loader
    loader.seen = len(loader) * (built.training.epochs - 1)
    last = measure_built(built)
    loader.seen = 0
    both = [key for key in last.seconds if key in first.seconds]
    seconds = {key: (first.seconds[key] + last.seconds[key]) / 2 for key in both}
    steps = len(loader) * built.training.epochs
    whole = min(built.training.batch_size, loader.batch_size)
    size = -(-whole // built.workers)  # of one worker
    parts = -(-size // last.batch)
    step = seconds[last.precision] * parts
    sizes = built.data.facts["sizes"]
    # Sizes are in examples or in tokens: what counts is how many there are beside the training's.
    looks = (sizes["validation"] * built.training.epochs + sizes["test"]) / sizes["train"]
    evaluation = looks * len(loader) * FORWARD_PART * step
    parameters = list(built.module.network.parameters())
    trainable = sum(p.numel() for p in parameters if p.requires_grad)
    return Estimate(
        device=describe_device(device),
        parameters=sum(p.numel() for p in parameters),
        trainable=trainable,
        step_seconds={key: value * parts for key, value in seconds.items()},
        precision=last.precision,
        steps=steps,
        seconds=START_SECONDS + loading + steps * step + evaluation,
        batch=min(whole, last.batch * built.workers),
        memory=max(first.memory, last.memory) or _memory(built, trainable, last.batch),
        sizes=sizes,
        notes=(
            *built.data.facts["notes"],
            *([last.note] if last.note else []),
            *([TOGETHER.format(built.workers)] if built.workers > 1 else []),
        ),
        samples=_samples(built),
    )


def _batch(built: "Built", size: int) -> dict[str, Any]:
    import torch

    examples = next(iter(built.data.loader))
    cut = {k: v[:size] if isinstance(v, torch.Tensor) else v for k, v in examples.items()}
    batch: dict[str, Any] = built.data.on_after_batch_transfer(cut, 0)
    return batch


def _memory(built: "Built", trainable: int, size: int) -> int:
    """Bytes of weights, gradients, optimiser state, and what a step keeps for its gradients."""
    import torch

    kept: dict[int, int] = {}

    def pack(tensor: "torch.Tensor") -> "torch.Tensor":
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        built.module.train().loss(_batch(built, min(size, SHOWN)))
    activations = sum(kept.values()) * size // min(size, SHOWN)
    copies = 2 + OPTIMISER_COPIES[built.training.optimiser]
    return 4 * trainable * copies + activations


def _samples(built: "Built") -> bytes:
    """A PNG of some training pictures as the model sees them in the last epoch, enlarged."""
    from PIL import Image

    from dlexplain.tasks.modules.pictures import tile

    facts = built.data.facts
    if "scale" not in facts:
        return b""
    pixels = _batch(built, SHOWN)["x"] * facts["scale"] + facts["mean"]
    sheet = tile(pixels.clamp(0, 255).byte().permute(0, 2, 3, 1).numpy())
    factor = max(1, 512 // sheet.shape[1])
    image = Image.fromarray(sheet)
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def estimate_apart(spec: RunSpec, progress: Progress, told: Told = lambda text: None) -> Estimate:
    """The same in a niced process of its own; raises RunError, one sentence, Cancelled, or
    NotAllowed, as a training does."""
    check("train")
    for said in said_apart("dlexplain.services.training.estimating", spec.to_json(), progress):
        if "estimate" in said:
            values = said["estimate"]
            values["samples"] = base64.b64decode(values["samples"])
            values["notes"] = tuple(values["notes"])
            return Estimate(**values)
        told(said["phase"])
    raise RunError("the estimate ended without an answer")


def _answer(asked: str, say: Callable[..., None]) -> None:
    """The process's side."""
    lower_priority(NICE)
    if settings().keep_memory:  # as the worker does
        keep_memory()
    found = asdict(estimate(RunSpec.from_json(asked), lambda text: say(phase=text)))
    found["samples"] = base64.b64encode(found["samples"]).decode()
    say(estimate=found)


if __name__ == "__main__":
    sys.exit(answer(_answer))
