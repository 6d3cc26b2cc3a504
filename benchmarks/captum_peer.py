"""Captum as it comes: default arguments, the plain model, in a process of its own.

A process of its own, because dlexplain sets up memory for the whole of its process
(dlexplain/memory.py), which nobody who uses Captum alone has.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray


@contextmanager
def peer(
    inputs: NDArray[np.float32],
    baselines: dict[str, NDArray[np.float32]],
    regions: NDArray[np.int64],
    target: int,
    keep: bool = False,
) -> Iterator[Callable[[str], tuple[float, NDArray[np.float32]]]]:
    """A function from a case's name to Captum's seconds and map, (channels, height, width).

    inputs (1, channels, height, width); regions (height, width); keep sets up memory as dlexplain
    does. The process inherits no OMP_WAIT_POLICY.
    """
    ours, theirs = multiprocessing.Pipe()
    policy = os.environ.pop("OMP_WAIT_POLICY", None)
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(theirs, inputs, baselines, regions, target, keep), daemon=True
    )
    process.start()
    if policy is not None:
        os.environ["OMP_WAIT_POLICY"] = policy
    theirs.close()

    def ask(case: str) -> tuple[float, NDArray[np.float32]]:
        ours.send(case)
        seconds, values = ours.recv()
        return seconds, values

    try:
        yield ask
    finally:
        ours.close()
        process.join(10)


def _serve(
    pipe: Connection,
    inputs: NDArray[np.float32],
    baselines: dict[str, NDArray[np.float32]],
    regions: NDArray[np.int64],
    target: int,
    keep: bool,
) -> None:
    import captum.attr
    import torch

    import dlexplain.models  # noqa: F401, registers the architectures
    from dlexplain.memory import keep_memory
    from dlexplain.models.base import MODELS

    if keep:
        keep_memory()
    spec = MODELS["efficientnet-lite0"]
    model = spec.build()
    model.load_state_dict(spec.read_weights(spec.weights()))
    model.eval()
    x = torch.from_numpy(inputs)
    black, mean = (torch.from_numpy(baselines[name]) for name in ("black", "mean"))
    mask = torch.from_numpy(regions)[None, None].expand(1, x.shape[1], -1, -1)
    deviation = 0.15 * float(x.max() - x.min())
    cases = {
        "integrated-gradients": lambda: captum.attr.IntegratedGradients(model).attribute(
            x, baselines=black, target=target, n_steps=50
        ),
        "smoothgrad": lambda: captum.attr.NoiseTunnel(captum.attr.Saliency(model)).attribute(
            x, nt_type="smoothgrad", nt_samples=25, stdevs=deviation, target=target
        ),
        "occlusion": lambda: captum.attr.Occlusion(model).attribute(
            x, (x.shape[1], 32, 32), (x.shape[1], 16, 16), baselines=black, target=target
        ),
        "lime": lambda: captum.attr.Lime(model).attribute(
            x, baselines=mean, target=target, feature_mask=mask, n_samples=200
        ),
    }
    while True:
        try:
            case = pipe.recv()
        except EOFError:
            return
        started = time.perf_counter()
        values = cases[case]()
        pipe.send((time.perf_counter() - started, values[0].detach().float().numpy()))
