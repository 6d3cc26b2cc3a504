"""Where a run was trained: versions, machine, and the state of the source."""

import os
import platform
import socket
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = ("torch", "lightning", "torchmetrics", "mlflow", "numpy", "safetensors")


def environment(device: str) -> dict[str, str]:
    """Texts by name; git's commit is "" outside a checkout."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": f"{processor()}, {cores()} cores",
        "host": socket.gethostname(),
        "device": device,
        **{name: metadata.version(name) for name in PACKAGES},
        **git_state(Path(__file__).parent),
    }


def git_state(folder: Path) -> dict[str, str]:
    """The commit, and whether files differ from it."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):  # no git, or no checkout
        return {"git_commit": "", "git_changed": ""}
    return {"git_commit": commit, "git_changed": "yes" if changed else "no"}


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()


def processor() -> str:
    """Its name, as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        return platform.processor() or platform.machine()
    return platform.processor() or platform.machine()


def cores() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
