"""Models that were exported: into which file, and how far it says what the model says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.results.words import size

FORMATS = {"onnx": "ONNX", "pt2": "program of torch.export", "safetensors": "safetensors and card"}


@dataclass(frozen=True)
class Export:
    """One export.

    model, title  which, and for people
    format        one of FORMATS;  path  the file, or the folder of safetensors;  bytes  of it
    inputs        what it takes, in words;  free  which sides are left open, such as "batch"
    opset         version of ONNX's operations, 0 of other formats
    difference    largest absolute difference of its outputs from the model's over `checked` inputs
    scale         largest magnitude of the model's outputs there
    notes         sentences that its reader should know
    date          ISO 8601, UTC;  versions  of the packages that made it
    """

    model: str
    title: str
    format: str
    path: str
    bytes: int
    inputs: str
    free: tuple[str, ...]
    opset: int
    difference: float
    scale: float
    checked: int
    notes: tuple[str, ...]
    date: str
    versions: Mapping[str, str]

    @property
    def told(self) -> str:
        """The answer in sentences."""
        what = FORMATS[self.format] + (f", opset {self.opset}" if self.opset else "")
        same = (
            "says exactly what the model says"
            if self.difference == 0
            else f"differs from the model by {self.difference:.2g} at most, of outputs up to "
            f"{self.scale:.3g},"
        )
        free = f"; open: {', '.join(self.free)}" if self.free else ""
        return (
            f"{self.model} is in {self.path} ({what}, {size(self.bytes)}). It {same} on "
            f"{self.checked} inputs. It takes {self.inputs}{free}."
        )

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "told": self.told}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """From what `to_dict` gave; raises BadInput for anything else."""
        try:
            given = {key: value for key, value in told.items() if key != "told"}
            found = cls(**{**given, "free": tuple(given["free"]), "notes": tuple(given["notes"])})
            _ = found.told
            return found
        except BAD_JSON as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise BadInput(f"this is no export: {why}") from error
