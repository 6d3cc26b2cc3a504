"""Which device this process computes on."""

import platform

import torch

from dlexplain.errors import BadInput


def choose_device(wanted: str = "auto") -> torch.device:
    """CUDA, else MPS, else the CPU, for "auto"; else the device named, if it is there.

    On CUDA float32 is float32 from then on: cuDNN would round to 10 bits (TF32), which puts
    gradients off by a thousandth, and who wants it fast says bf16.
    Raises BadInput for a device that this machine does not have.
    """
    device = _choose(wanted)
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = False
    return device


def _choose(wanted: str) -> torch.device:
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError:
        device = None
    present = device is not None and (
        device.type == "cpu"
        or (device.type == "cuda" and (device.index or 0) < torch.cuda.device_count())
        or (device.type == "mps" and torch.backends.mps.is_available())
    )
    if device is None or not present:
        raise BadInput(f'DLEXPLAIN_DEVICE is "{wanted}"; here it may be {_present()}')
    return device


def describe_device(device: torch.device) -> str:
    """The device in words, such as "CPU, 2 threads"."""
    if device.type == "cuda":
        return f"GPU {torch.cuda.get_device_name(device)}"
    if device.type == "mps":
        return f"Apple GPU ({platform.machine()})"
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'' if threads == 1 else 's'}"


def _present() -> str:
    names = ["auto", "cpu"]
    names += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    names += ["mps"] if torch.backends.mps.is_available() else []
    return ", ".join(names)
