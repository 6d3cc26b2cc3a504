"""Predictions and attributions."""

import io
import json
import math
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value


@dataclass(frozen=True)
class ClassName:
    """A class of a model: its index, its WordNet id ("" where it has none) and its name."""

    index: int
    wnid: str
    label: str

    def to_dict(self) -> dict[str, Any]:
        """Without a WordNet id where it has none."""
        return {key: value for key, value in vars(self).items() if key != "wnid" or value}


def class_question(target: ClassName, contrast: ClassName | None) -> str:
    """The class in words: "tabby", or "tabby rather than Egyptian cat"."""
    return f"{target.label} rather than {contrast.label}" if contrast else target.label


def way_told(
    start: float | None, end: float | None, total: float, without: str, unit: str = "logits"
) -> str:
    """From the score of the baseline to that of the input, in words; "" without a baseline.

    end      None where the values, whose sum is `total`, lead there
    without  what the baseline lacks, such as "without its words"
    unit     of the scores
    """
    if start is None:
        return ""
    ends = (start, start + total if end is None else end)
    first, last = (f"{score:+z.2f}".replace("-", "−") for score in ends)
    return f"from {first} {without} to {last} {unit}"


@dataclass(frozen=True)
class ClassScore:
    """A class with its probability, 0 to 1."""

    name: ClassName
    probability: float

    @property
    def text(self) -> str:
        """For people: "93.1%"."""
        return f"{self.probability:.1%}"

    @property
    def size(self) -> float:
        """What a bar shows."""
        return self.probability

    def to_dict(self) -> dict[str, Any]:
        return {**self.name.to_dict(), "probability": self.probability}


@dataclass(frozen=True)
class OutputValue(ClassScore):
    """An output of a regression with its value; it has no probability, which is NaN."""

    value: float = 0.0

    @property
    def text(self) -> str:
        """For people: "3.142"."""
        return f"{self.value:.4g}"

    @property
    def size(self) -> float:
        return self.value

    def to_dict(self) -> dict[str, Any]:
        return {**self.name.to_dict(), "value": self.value}


@dataclass(frozen=True)
class Prediction:
    """The most probable classes of one picture, best first.

    path  the file's path, or the name of the upload or sample
    fit   how the picture was made into the model's square: crop, crop:X,Y, pad or squash
    energy  -log Σ exp(logit) over all classes, high for what is unlike the training data (Liu et
            al. 2020, https://arxiv.org/abs/2010.03759); None where it is not known
    """

    path: str
    model: str
    scores: tuple[ClassScore, ...]
    fit: str = "crop"
    energy: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The form that `classify --json` prints."""
        return {
            "path": self.path,
            "model": self.model,
            "fit": self.fit,
            "predictions": [score.to_dict() for score in self.scores],
        }

    def plot(self) -> Any:
        """A bar chart of the probabilities."""
        return plot(self)


def joined(values: NDArray[np.float32], signed: bool) -> NDArray[np.float32]:
    """(channels, height, width) -> (height, width): summed where signed, else the largest."""
    one = values.sum(axis=0) if signed else values.max(axis=0)
    return np.asarray(one, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Attribution:
    """How much each input value counted for the score of a class.

    values    (channels, height, width) float32; positive speaks for the target; methods that
              attribute to places rather than to colours have one channel
    signed    whether negative values mean something
    seconds, evaluations   time taken, and pictures sent through the model
    completeness_error     |sum of values - (f(x) - f(baseline))| / |f(x) - f(baseline)|, for
              methods that promise completeness, else None
    unit      what the values are measured in, in words
    note      a sentence about this run that its reader should know, or ""
    picture   (height, width, 3) uint8, what the model saw
    fit       how the picture was made into it: crop, crop:X,Y, pad or squash
    baseline_score  what the model gives the baseline, where the method has one: from there the
              values lead to its score of the picture
    score     that, where the values may miss it by much
    part      the part of a detector's or a segmenter's answer whose score it is, such as "box 1"
    mask      (height, width) bool, where that is in the picture, which figures outline
    """

    method: str
    params: dict[str, Value]
    values: NDArray[np.float32]
    signed: bool
    seconds: float
    evaluations: int
    completeness_error: float | None = None
    note: str = ""
    unit: str = ""
    path: str = ""
    model: str = ""
    title: str = ""
    target: ClassName = field(default=ClassName(0, "", ""))
    contrast: ClassName | None = None
    picture: NDArray[np.uint8] | None = None
    picture_digest: str = ""
    fit: str = "crop"
    model_fingerprint: str = ""
    baseline_score: float | None = None
    score: float | None = None
    part: str = ""
    mask: NDArray[np.bool_] | None = None

    @property
    def way(self) -> str:
        """From the score of the baseline to that of the picture, in words; "" without one."""
        total = float(self.values.sum(dtype=np.float64))
        return way_told(self.baseline_score, self.score, total, "at the baseline")

    @property
    def heatmap(self) -> NDArray[np.float32]:
        """(height, width): channels summed where signed, else the largest of them."""
        return joined(self.values, self.signed)

    @property
    def class_question(self) -> str:
        """The class in words: "tabby", or "tabby rather than Egyptian cat in box 1"."""
        asked = class_question(self.target, self.contrast)
        return f"{asked} in {self.part}" if self.part else asked

    def to_dict(self) -> dict[str, Any]:
        """The form that `explain --json` prints: everything but the arrays."""
        part = {"part": self.part} if self.part else {}
        return {
            "path": self.path,
            "model": self.model,
            "method": self.method,
            "params": self.params,
            "target": self.target.to_dict(),
            "contrast": self.contrast.to_dict() if self.contrast else None,
            "shape": list(self.values.shape),
            "seconds": self.seconds,
            "evaluations": self.evaluations,
            "completeness_error": self.completeness_error,
            "baseline_score": self.baseline_score,
            "unit": self.unit,
            "note": self.note,
            "picture_digest": self.picture_digest,
            "fit": self.fit,
            "model_fingerprint": self.model_fingerprint,
            **part,
        }

    def to_npz(self) -> bytes:
        """A NumPy archive: `attribution` as in `values`, `picture`, and `metadata` as JSON text."""
        arrays: dict[str, Any] = {"attribution": self.values.astype(np.float32)}
        if self.picture is not None:
            arrays["picture"] = self.picture
        buffer = io.BytesIO()
        np.savez_compressed(buffer, metadata=np.array(json.dumps(self.to_dict())), **arrays)
        return buffer.getvalue()

    def plot(self) -> Any:
        """The map over the picture, with values on hover."""
        return plot(self)


@singledispatch
def plot(result: object) -> Any:
    """Draw a result as a plotly Figure; dlexplain.figures registers one function a type."""
    raise TypeError(f"no figure for {type(result).__name__}; import dlexplain.figures first")


@dataclass(frozen=True)
class NormalisationEffect:
    """What a model says of a picture whose pixels, from 0 to 1, go in as (x - mean) / std.

    scores   the most probable classes, best first;  entropy  of all probabilities, in bits
    """

    title: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    scores: tuple[ClassScore, ...]
    entropy: float


@dataclass(frozen=True)
class MapSimilarity:
    """How alike two maps of one picture are; NaN where a map says nothing.

    ssim      structural similarity of the maps, each divided by its largest |value|, -1 to 1
    spearman  rank correlation over the places, -1 to 1
    top       of the `part` of places that are largest in one, the share that is so in the other
    side      of the grid on which they were compared, in places
    """

    ssim: float
    spearman: float
    top: float
    part: float
    side: int

    @property
    def told(self) -> dict[str, str]:
        """For people: what is measured, and its value."""
        share = f"{self.part:.0%}"
        return {
            "SSIM": _or_dash(self.ssim, ".2f"),
            "Spearman": _or_dash(self.spearman, ".2f"),
            f"Top {share} in common (by chance {share})": _or_dash(self.top, ".0%"),
        }


def _or_dash(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form).replace("-", "−")
