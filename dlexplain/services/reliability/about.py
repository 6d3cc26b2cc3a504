"""What measures reliability is repeated by."""

from typing import Any

from dlexplain.services.provenance import provenance
from dlexplain.services.reliability.labelled import Classifier


def measured_by(
    model: Classifier, command: str, data: str, count: int, seed: int, more: str = ""
) -> dict[str, Any]:
    """Fields of results by name.

    command  of the command line;  more  further arguments, as they are given
    """
    words = ["python -m dlexplain", command, model.name, *(["--data PATH"] if data else [])]
    told = " ".join(filter(None, [*words, f"--count {count} --seed {seed}", more]))
    return provenance(model.prepared.device, told)
