"""Where a result over a data set comes from: date, machine, command, versions."""

from datetime import UTC, datetime
from typing import Any

import torch

from dlexplain.execution.environment import cores, processor
from dlexplain.networks.modules.device import describe_device
from dlexplain.services.pictures.bundle import versions


def provenance(device: torch.device, command: str) -> dict[str, Any]:
    """Fields of results by name. device  that computed it;  command  that repeats it"""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{processor()}, {cores()} cores; {describe_device(device)}",
        "command": command,
        "versions": versions(),
    }
