"""What the tests of runs found, by task; each is made of the arrays that a run has kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.explanations import plot

Facts = Mapping[str, Any]
"""What a run's card says of its data."""
Arrays = Mapping[str, NDArray[Any]]
"""By name, as a run has kept them."""


@dataclass(frozen=True, eq=False)
class ClassificationTest:
    """What a picture classifier did on its test part.

    confusion  (classes, classes) counts, rows the labels, columns the predictions
    pixels     (mistakes, side, side, channels) uint8, the surest mistakes first
    labels, predicted, probabilities  of each mistake: its class, the class predicted, and its
                                      probability
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float32]

    @classmethod
    def from_arrays(cls, facts: Facts, kept: Arrays) -> Self:
        some = "mistakes_pixels" in kept
        return cls(
            classes=tuple(facts.get("classes", map(str, range(len(kept["confusion"]))))),
            confusion=kept["confusion"],
            pixels=kept["mistakes_pixels"] if some else np.empty((0, 1, 1, 1), np.uint8),
            labels=kept["mistakes_truth"] if some else np.empty(0, np.int64),
            predicted=kept["mistakes_said"] if some else np.empty(0, np.int64),
            probabilities=kept["mistakes_share"] if some else np.empty(0, np.float32),
        )

    def plot(self) -> Any:
        """The confusion matrix."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts from every origin of the test part, beside what came.

    names            the targets; forecasters, the model first, then the plain ones to beat
    mase, rmse       (forecasters, horizon, targets)
    coverage         (levels, horizon, targets), the part of the truth inside each interval
    coverage_levels  of the intervals, in percent
    quantiles        (quantiles,) ascending; forecasts (origins, horizon, targets, quantiles)
    truth            (origins, horizon, targets)
    origins          (origins,) dates; dates, levels: (time,) and (time, targets), the whole series
    """

    names: tuple[str, ...]
    forecasters: tuple[str, ...]
    mase: NDArray[np.float64]
    rmse: NDArray[np.float64]
    coverage: NDArray[np.float64]
    coverage_levels: tuple[int, ...]
    quantiles: tuple[float, ...]
    forecasts: NDArray[np.float32]
    truth: NDArray[np.float32]
    origins: NDArray[np.datetime64]
    dates: NDArray[np.datetime64]
    levels: NDArray[np.float32]

    @classmethod
    def from_arrays(cls, facts: Facts, kept: Arrays) -> Self:
        return cls(
            names=tuple(map(str, kept["names"])),
            forecasters=tuple(map(str, kept["forecasters"])),
            mase=kept["mase"],
            rmse=kept["rmse"],
            coverage=kept["coverage"],
            coverage_levels=tuple(map(int, kept["coverage_levels"])),
            quantiles=tuple(map(float, kept["quantiles"])),
            forecasts=kept["forecasts"],
            truth=kept["truth"],
            origins=kept["origins"].astype("datetime64[D]"),
            dates=kept["dates"].astype("datetime64[D]"),
            levels=kept["levels"],
        )

    def plot(self) -> Any:
        """Forecast and actual of the first target from the last origin."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class LanguageTest:
    """How well a language model foretold its test text, and what it writes itself.

    often         (classes,) tokens that occur so often in the text at least, and less often than
                  the next class
    counts        (classes,) how many tokens of the text are in each
    perplexities  (classes,) over these tokens
    text          the first tokens of the test text
    surprise      (tokens,) of each of these, -log of its probability, in nats
    samples       texts that the model wrote; temperature, at which they were drawn
    """

    often: NDArray[np.int64]
    counts: NDArray[np.int64]
    perplexities: NDArray[np.float64]
    text: tuple[str, ...]
    surprise: NDArray[np.float32]
    samples: tuple[str, ...]
    temperature: float

    @classmethod
    def from_arrays(cls, facts: Facts, kept: Arrays) -> Self:
        return cls(
            often=kept["often"],
            counts=kept["counts"],
            perplexities=kept["perplexities"],
            text=tuple(map(str, kept["text"])),
            surprise=kept["surprise"],
            samples=tuple(map(str, kept["samples"])),
            temperature=float(kept["temperature"]),
        )

    def plot(self) -> Any:
        """Perplexity by how often a token occurs."""
        return plot(self)


Pixels = NDArray[np.uint8]
"""(count, side, side, 1 or 3)"""


@dataclass(frozen=True, eq=False)
class Reconstructions:
    """Of an autoencoder, plain or variational: test pictures and what it made of them.

    inputs   what it was shown, where noise was added; else none
    samples  new pictures, drawn from a variational one; else none
    kl       (latent,) KL(q(z|x) || N(0, 1)) of each dimension, nats, mean over the test; may be ()
    means    (points, latent) where some test pictures lie in latent space; labels, (points,),
             positions in classes
    """

    originals: Pixels
    copies: Pixels
    inputs: Pixels
    samples: Pixels
    kl: NDArray[np.float32]
    means: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]

    @classmethod
    def from_arrays(cls, facts: Facts, kept: Arrays) -> Self:
        none = kept["originals"][:0]
        latent = len(kept["kl"]) if "kl" in kept else 0
        return cls(
            originals=kept["originals"],
            copies=kept["copies"],
            inputs=kept.get("inputs", none),
            samples=kept.get("samples", none),
            kl=kept["kl"] if "kl" in kept else np.empty(0, np.float32),
            means=kept["means"] if "means" in kept else np.empty((0, latent), np.float32),
            labels=kept["labels"] if "labels" in kept else np.empty(0, np.int64),
            classes=tuple(facts.get("classes", ())),
        )

    def plot(self) -> Any:
        """KL by dimension of a variational one; else pictures above their copies."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class GeneratedPictures:
    """Of a GAN: samples, and what a judge, a classifier of the same data, says of them.

    predicted  (count,) indices of classes; probabilities, (count,), the judge's
    counts  (classes,) of `judged` samples, those that the judge takes for each class, surely
    real    some real test pictures
    """

    samples: Pixels
    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    counts: NDArray[np.int64]
    judged: int
    real: Pixels
    classes: tuple[str, ...]

    @classmethod
    def from_arrays(cls, facts: Facts, kept: Arrays) -> Self:
        return cls(
            samples=kept["samples"],
            predicted=kept["samples_said"],
            probabilities=kept["samples_share"],
            counts=kept["counts"],
            judged=int(kept["judged"]),
            real=kept["real"],
            classes=tuple(facts.get("classes", map(str, range(len(kept["counts"]))))),
        )

    def plot(self) -> Any:
        """How many samples are of each class."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class TextTest:
    """The confusion, and the surest mistakes first.

    confusion  (classes, classes) counts, rows the labels, columns the predictions
    texts, labels, predicted, probabilities  of each mistake: the text, its class, the class
                predicted, and its probability
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float32]

    @classmethod
    def from_arrays(cls, facts: Facts, kept: Arrays) -> Self:
        return cls(
            classes=tuple(map(str, facts.get("classes", range(len(kept["confusion"]))))),
            confusion=kept["confusion"],
            texts=tuple(map(str, kept["mistakes_texts"])),
            labels=kept["mistakes_truth"],
            predicted=kept["mistakes_said"],
            probabilities=kept["mistakes_share"],
        )

    def plot(self) -> Any:
        """The confusion matrix."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where the network looked while it wrote a sentence.

    weights        (rows, columns), each row sums to 1: a token written, over those read
    rows, columns  what the tokens stand for
    """

    weights: NDArray[np.float32]
    rows: tuple[str, ...]
    columns: tuple[str, ...]

    def plot(self) -> Any:
        """A heat map, the source across."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class TranslationTest:
    """Sentences of the test part, in the order of the data.

    source, reference, said  aligned
    alignments               of the first of them
    languages                names of source and target
    """

    source: tuple[str, ...]
    reference: tuple[str, ...]
    said: tuple[str, ...]
    alignments: tuple[Alignment, ...]
    languages: tuple[str, str]

    @classmethod
    def from_arrays(cls, facts: Facts, kept: Arrays) -> Self:
        source, target = facts.get("languages", ("source", "target"))
        return cls(
            source=tuple(map(str, kept["source"])),
            reference=tuple(map(str, kept["reference"])),
            said=tuple(map(str, kept["said"])),
            alignments=tuple(
                Alignment(
                    kept[key].astype(np.float32),
                    tuple(map(str, kept[key.replace("alignment", "rows")])),
                    tuple(map(str, kept[key.replace("alignment", "columns")])),
                )
                for key in (f"alignment_{index}" for index in range(len(kept)))
                if key in kept
            ),
            languages=(str(source), str(target)),
        )

    def plot(self) -> Any:
        """The first sentence's alignment."""
        return plot(self.alignments[0])
