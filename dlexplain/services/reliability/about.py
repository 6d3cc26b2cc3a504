"""Where a measurement comes from: date, machine, command, versions."""

from datetime import UTC, datetime
from typing import Any

from dlexplain.execution.environment import cores, processor
from dlexplain.networks.modules.device import describe_device
from dlexplain.services.pictures.bundle import versions
from dlexplain.services.reliability.labelled import Classifier


def provenance(
    model: Classifier, command: str, data: str, count: int, seed: int, more: str = ""
) -> dict[str, Any]:
    """Fields of results by name.

    command  of the command line;  more  further arguments, as they are given
    """
    words = ["python -m dlexplain", command, model.name, *(["--data PATH"] if data else [])]
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{processor()}, {cores()} cores; {describe_device(model.prepared.device)}",
        "command": " ".join(filter(None, [*words, f"--count {count} --seed {seed}", more])),
        "versions": versions(),
    }
