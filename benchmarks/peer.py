"""Another library as it comes: default arguments, the plain model, in a process of its own.

A process of its own, because dlexplain sets up memory for the whole of its process
(dlexplain/memory.py), which nobody who uses the other library alone has.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

Cases = Mapping[str, Callable[[], NDArray[np.float32]]]


@contextmanager
def peer(
    cases: Callable[..., Cases], *asked: Any, keep: bool = False
) -> Iterator[Callable[[str], tuple[float, NDArray[np.float32]]]]:
    """A function from a case's name to the seconds that it takes and its values.

    cases  a module's function, called with `asked` in that process
    keep   sets up memory as dlexplain does
    The process inherits no OMP_WAIT_POLICY.
    """
    ours, theirs = multiprocessing.Pipe()
    policy = os.environ.pop("OMP_WAIT_POLICY", None)
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(theirs, cases, asked, keep), daemon=True
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
    pipe: Connection, cases: Callable[..., Cases], asked: tuple[Any, ...], keep: bool
) -> None:
    from dlexplain.memory import keep_memory

    if keep:
        keep_memory()
    known = cases(*asked)
    while True:
        try:
            case = pipe.recv()
        except EOFError:
            return
        started = time.perf_counter()
        values = known[case]()
        pipe.send((time.perf_counter() - started, values))


def captum_on_pictures(
    inputs: NDArray[np.float32],
    baselines: dict[str, NDArray[np.float32]],
    regions: NDArray[np.int64],
    target: int,
) -> Cases:
    """Captum's maps, (channels, height, width), of EfficientNet-Lite0.

    inputs (1, channels, height, width); regions (height, width)
    """
    import captum.attr
    import torch

    import dlexplain.networks  # noqa: F401, registers the architectures
    from dlexplain.networks.base import MODELS

    model = MODELS["efficientnet-lite0"].network().eval()
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
    return {name: lambda case=case: case()[0].detach().numpy() for name, case in cases.items()}


def vendors_on_texts(
    texts: dict[int, tuple[str, NDArray[np.int64]]], steps: int, evaluations: int, target: int
) -> Cases:
    """Captum's and SHAP's values a token, (time,), of MiniLM as its weights are read.

    texts  by their number of tokens: the text, and its ids, (time,)
    SHAP's are of the text's own tokens; it reads strings through the tokeniser of the package.
    """
    import captum.attr
    import shap
    import torch
    import transformers

    from dlexplain.networks.minilm import WEIGHTS
    from dlexplain.trained.catalogue import trained
    from dlexplain.trained.networks import load_network

    network: Any = load_network(trained("sst2-minilm"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(WEIGHTS.place)
    blank = tokenizer.mask_token_id

    def from_vectors(vectors: torch.Tensor) -> torch.Tensor:
        mask = torch.ones(vectors.shape[:2], dtype=torch.bool)
        return network.read_vectors(vectors, mask)

    def captums(ids: NDArray[np.int64]) -> NDArray[np.float32]:
        x = torch.from_numpy(ids)[None]
        empty = x.clone()
        empty[:, 1:-1] = blank
        with torch.no_grad():
            vectors, baseline = network.embed(x), network.embed(empty)
        method = captum.attr.IntegratedGradients(from_vectors)
        found = method.attribute(vectors, baselines=baseline, target=target, n_steps=steps)
        return found[0].sum(1).detach().numpy().astype(np.float32)

    def score(strings: NDArray[Any]) -> NDArray[np.float32]:
        batch = tokenizer(list(strings), return_tensors="pt", padding=True)
        with torch.no_grad():
            return network(batch["input_ids"])[:, target].numpy()

    def shaps(text: str) -> NDArray[np.float32]:
        explainer = shap.Explainer(score, shap.maskers.Text(tokenizer), algorithm="partition")
        found = explainer([text], max_evals=evaluations, silent=True)
        return np.asarray(found.values[0], np.float32)[1:-1]

    cases: dict[str, Callable[[], NDArray[np.float32]]] = {}
    for count, (text, ids) in texts.items():
        cases[f"integrated-gradients {count}"] = lambda ids=ids: captums(ids)
        cases[f"shap-partition {count}"] = lambda text=text: shaps(text)
    return cases
