"""Many pictures: how near explaining a ZIP of them is to a bare loop over them.

python benchmarks/folder.py [--json FILE] [--rounds N]

EfficientNet-Lite0 and a ZIP of JPEGs made of the samples' pieces. Ours reads the ZIP, decodes,
classifies, explains, and writes answers and maps to the disk. The bare loop has the pictures
decoded already: forward, the score of each one's top class, its gradient at the layer or at the
input, in chunks of the same size. Then the same pictures one after the other by dx.explain.
"""

import io
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from PIL import Image
from torch import Tensor

import dlexplain as dx
from benchmarks.table import Row, arguments, at_most, in_turn, median, report
from dlexplain.data.picture_files import find_pictures
from dlexplain.explainers.capture import find_layer
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sets import photographs

PICTURES, SIDE, QUALITY = 120, 480, 90
BOUND = 1.3
METHODS = {"grad-cam": "Grad-CAM", "saliency": "Saliency"}


def main() -> int:
    args = arguments(__doc__)
    model = dx.load("efficientnet-lite0")
    content = zipped()
    chunk = batch_sizes().get(model.prepared, "gradient")
    inputs = decoded(model, content)
    loops: dict[str, Callable[[Tensor], None]] = {
        "grad-cam": partial(at_layer, model), "saliency": partial(at_input, model),
    }  # fmt: skip

    def bare(method: str) -> float:
        started = time.perf_counter()
        for part in inputs.split(chunk):
            loops[method](model.prepared.to_device(part))
        return time.perf_counter() - started

    def ours(method: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            found = dx.explain_folder(model, content, method, folder)
            seconds = time.perf_counter() - started
        assert len(found.answers) == PICTURES
        return seconds

    def one_by_one() -> float:
        started = time.perf_counter()
        files = find_pictures(content)
        with files.opened() as reader:
            for file in files.files:
                # Of another fit each time it is asked, so that none is answered from memory.
                dx.explain(model, reader.read(file), "grad-cam", fit=next(fits))
        return time.perf_counter() - started

    fits = (f"crop:{place / 1e6:.6f},0.5" for place in range(10**6))
    sides = [(f"ours {method}", partial(ours, method)) for method in METHODS]
    sides += [(f"bare {method}", partial(bare, method)) for method in METHODS]
    sides.append(("one by one", one_by_one))
    seconds = {name: median(taken) for name, taken in in_turn(sides, args.rounds).items()}
    rows = [
        at_most(f"{title}, {PICTURES} pictures: times a bare loop", seconds[f"ours {method}"],
                BOUND, seconds[f"bare {method}"])
        for method, title in METHODS.items()
    ]  # fmt: skip
    alone = seconds["one by one"]
    rows.append(
        Row("Grad-CAM, one picture after the other by dx.explain", alone, "s",
            seconds["ours grad-cam"], alone / seconds["ours grad-cam"])
    )  # fmt: skip
    return report(rows, args.json)


def zipped() -> bytes:
    """PICTURES JPEGs of at most SIDE pixels a side."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index, picture in enumerate(islice(cycle(photographs()), PICTURES)):
            image, file = Image.fromarray(picture.pixels), io.BytesIO()
            image.thumbnail((SIDE, SIDE))
            image.save(file, "JPEG", quality=QUALITY)
            archive.writestr(f"{index:04d}.jpg", file.getvalue())
    return buffer.getvalue()


def decoded(model: LoadedModel, content: bytes) -> Tensor:
    """(PICTURES, 3, height, width) as the model takes them."""
    files = find_pictures(content)
    with files.opened() as reader:
        views = [model.view(reader.read(file)) for file in files.files]
    return torch.cat([model.to_input(view) for view in views])


def top_scores(logits: Tensor) -> Tensor:
    """The sum of each row's largest logit."""
    return logits.gather(1, logits.detach().argmax(1, keepdim=True)).sum()


def at_layer(model: LoadedModel, x: Tensor) -> None:
    """Forward, and back to the layer that Grad-CAM looks at."""
    outputs: list[Tensor] = []

    def cut(_module: object, _inputs: object, output: Tensor) -> Tensor:
        outputs.append(output.detach().requires_grad_())
        return outputs[0]

    name = find_layer(model.prepared).name
    hook = model.prepared.module.get_submodule(name).register_forward_hook(cut)
    try:
        torch.autograd.grad(top_scores(model.prepared.module(x)), outputs[0])
    finally:
        hook.remove()


def at_input(model: LoadedModel, x: Tensor) -> None:
    """Forward, and back to the pixels."""
    leaf = x.detach().requires_grad_()
    torch.autograd.grad(top_scores(model.prepared.module(leaf)), leaf)


if __name__ == "__main__":
    sys.exit(main())
