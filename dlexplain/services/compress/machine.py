"""The machine that models are measured on, as far as it decides how fast they are; no torch."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from dlexplain.execution.environment import cores, processor

FEATURES = (
    "avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16", "asimd",
    "asimddp", "i8mm", "bf16", "sve",
)  # fmt: skip
"""Instructions that matter for networks, as /proc/cpuinfo calls them."""
CPUINFO = Path("/proc/cpuinfo")


def measured_on() -> dict[str, Any]:
    """What a measurement is bound to, JSON-serialisable."""
    return {
        "processor": processor(),
        "cores": cores(),
        "features": list(features()),
        "system": f"{platform.system()} {platform.machine()}",
        "asked_threads": os.environ.get("OMP_NUM_THREADS", ""),
        "torch": metadata.version("torch"),
    }


def features(file: Path = CPUINFO) -> tuple[str, ...]:
    """Of FEATURES those that the processor has; () where the system does not tell."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return ()
    for line in lines:
        key, _, words = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return tuple(name for name in FEATURES if name in words.split())
    return ()
