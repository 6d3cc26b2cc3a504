"""An ONNX file as a module: its scores, by onnxruntime; it gives no gradients."""

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dlexplain.errors import ModelError
from dlexplain.networks.modules.onnx_checks import OnnxFacts

LONGEST = 300
"""Letters of what the runtime says."""


class OnnxFile(nn.Module):
    """(batch, ...) as the file takes it -> {output: values}, on the device of the input.

    facts   what was found in the file before
    digest  SHA-256 of the file and of those with its weights, which tells it from others

    Raises ModelError, one sentence, where the file cannot be run.
    """

    def __init__(self, path: Path, facts: OnnxFacts) -> None:
        super().__init__()
        self.facts = facts
        self.digest = _digest(path, *facts.files)
        self._session = _session(path)
        outputs = self._session.get_outputs()
        self._outputs = [o.name for o in outputs if o.type.startswith("tensor(")]

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        if not isinstance(x, Tensor):  # fx traces with a stand-in, which ends the runtime's process
            raise TypeError(f"a {type(x).__name__} is given; a tensor is accepted")
        given = x.detach().cpu().contiguous().numpy().astype(self.facts.dtype, copy=False)
        found = self._session.run(self._outputs, {self.facts.input: given})
        return {
            name: torch.from_numpy(np.asarray(values, np.float32)).to(x.device)
            for name, values in zip(self._outputs, found, strict=True)
        }

    def extra_repr(self) -> str:
        return f"sha256={self.digest}"

    def __deepcopy__(self, memo: Any) -> "OnnxFile":
        return self  # it has no state, and a session cannot be copied


def _digest(*files: Path) -> str:
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()


def _session(path: Path) -> Any:
    import onnxruntime  # costs half a second, and most models do without

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others compute too
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of its C++, in classes of its own
        raise ModelError(
            f"{path.name} cannot be run by onnxruntime {onnxruntime.__version__}: {_why(error)}"
        ) from error


def _why(error: Exception) -> str:
    """Its message without the places in the runtime's source, at most LONGEST letters."""
    text = " ".join(str(error).split())
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    text = re.sub(r"\S*/onnxruntime_src/\S+ .*?\) (?=[A-Z])", "", text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
