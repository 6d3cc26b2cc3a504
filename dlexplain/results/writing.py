"""What a language model wrote, read and remembered, token by token."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value
from dlexplain.results.explanations import plot
from dlexplain.results.words import made_visible

Floats = NDArray[np.float32]


def special_name(piece: str) -> str:
    """How a special token is called among ordinary ones: ⟨</s>⟩."""
    return f"⟨{piece}⟩"


@dataclass(frozen=True)
class TokenChoice:
    """A token, how likely it was after those before it, and what else could have come.

    piece         what it adds to the text
    probability   as the model said it, before temperature and the like
    drawn         the probability by which it was drawn; None where it was read, not written
    alternatives  the likeliest tokens and their probabilities, the likeliest first
    unfamiliar    the vocabulary has no token for it, or only one for a part of a character
    special       it stands for no text, such as the end (EOS); the piece is its name
    special_alternatives  names of those alternatives that are special
    """

    piece: str
    probability: float
    drawn: float | None
    alternatives: tuple[tuple[str, float], ...]
    unfamiliar: bool = False
    special: bool = False
    special_alternatives: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The piece, told apart where it is special."""
        return special_name(self.piece) if self.special else self.piece

    def to_dict(self) -> dict[str, Any]:
        """The form that JSON files have; what is special is said only of what is."""
        kept: dict[str, Any] = {"token": self.piece, "probability": self.probability}
        if self.special:
            kept["special"] = True
        if self.drawn is not None:
            kept["drawn"] = self.drawn
        kept["alternatives"] = [list(pair) for pair in self.alternatives]
        if self.special_alternatives:
            kept["special_alternatives"] = list(self.special_alternatives)
        return kept


def named(names: Sequence[str]) -> str:
    """Tokens in a sentence; "nothing" where there are none."""
    return ", ".join(made_visible(name).replace("\n", "↵") for name in names) or "nothing"


@dataclass(frozen=True, eq=False)
class Writing:
    """A text that a model wrote.

    prompt      what it goes on from
    params      how the tokens were drawn
    seconds     that the writing took
    unfamiliar  share of the prompt's tokens that the vocabulary lacks, or that are only a part of a
                character, 0 to 1
    ended       the model itself ended the text: the last token is its end (EOS)
    start       what stood before the prompt, such as ("<s>",); () is nothing
    """

    model: str
    prompt: str
    tokens: tuple[TokenChoice, ...]
    params: Mapping[str, Value]
    seconds: float
    model_fingerprint: str = ""
    unfamiliar: float = 0.0
    ended: bool = False
    start: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What was written, without the prompt and without special tokens."""
        return "".join(token.piece for token in self.tokens if not token.special)

    @property
    def how_begun(self) -> str:
        """What stood before the prompt, a sentence."""
        return f"Before the prompt stood {named(self.start)}."

    @property
    def how_ended(self) -> str:
        """Whether the text ended by itself, and what of it is no text; "" where neither is so."""
        special = [token.piece for token in self.tokens if token.special]
        found = [f"The text ended by itself, with {named(special[-1:])}."] if self.ended else []
        if others := special[: len(special) - self.ended]:
            counted = [f"{name} × {others.count(name)}" for name in dict.fromkeys(others)]
            found.append(f"Special tokens, which are no part of the text: {named(counted)}.")
        return " ".join(found)

    def to_dict(self) -> dict[str, Any]:
        """The form that `generate --json` prints."""
        return {
            "model": self.model,
            "prompt": self.prompt,
            "text": self.text,
            "ended": self.ended,
            "start": list(self.start),
            "params": dict(self.params),
            "seconds": self.seconds,
            "tokens": [token.to_dict() for token in self.tokens],
            "unfamiliar": self.unfamiliar,
            "model_fingerprint": self.model_fingerprint,
        }

    def plot(self) -> Any:
        """How unexpected each token was."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class Reading:
    """A text as a model read it.

    log_probabilities  (tokens,) of each token after those before it, in nats
    left_out           tokens at the end that were too many to read
    start              what stood before the text, such as ("<s>",); the first token follows it
    """

    model: str
    tokens: tuple[TokenChoice, ...]
    log_probabilities: NDArray[np.float64]
    left_out: int = 0
    start: tuple[str, ...] = ()

    @property
    def how_begun(self) -> str:
        """What the first token follows, a sentence."""
        return f"Before the text stands {named(self.start)}."

    @property
    def perplexity(self) -> float:
        """exp(-mean log p); at most e^50, see tasks/perplexity"""
        return math.exp(min(-float(self.log_probabilities.mean()), 50.0))

    @property
    def unfamiliar(self) -> float:
        """The share of tokens that the vocabulary lacks."""
        return float(np.mean([token.unfamiliar for token in self.tokens]))

    def to_dict(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "perplexity": self.perplexity,
            "unfamiliar": self.unfamiliar,
            "start": list(self.start),
            "tokens": [
                token.to_dict() | {"log_probability": float(log)}
                for token, log in zip(self.tokens, self.log_probabilities, strict=True)
            ],
        }

    def plot(self) -> Any:
        """How unexpected each token was."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class Influence:
    """Which earlier tokens moved a token's log probability.

    target              the token in question
    earlier, values     the tokens before it, as far as they were looked at, and what each added, in
                        `unit`
    skipped             earlier tokens still, which are only in the state
    log_probability     of the target
    completeness_error  |sum - (score - baseline score)|, relative to that; None where the method
                        promises no such thing
    """

    model: str
    method: str
    title: str
    target: str
    earlier: tuple[str, ...]
    values: Floats
    skipped: int
    log_probability: float
    completeness_error: float | None
    evaluations: int
    seconds: float
    params: Mapping[str, Value] = field(default_factory=dict)
    note: str = ""
    unit: str = "nats"
    signed: bool = True

    @property
    def in_bits(self) -> tuple[Floats, str]:
        """The values as pages show them, and their unit: bits where they are parts of log p, since
        surprise is in bits too; otherwise as the method measures them."""
        if self.signed and self.unit.startswith("nats"):
            bits: Floats = self.values / np.float32(math.log(2))
            return bits, "bits"
        return self.values, self.unit

    def to_dict(self) -> dict[str, Any]:
        kept = {key: value for key, value in vars(self).items() if key not in ("values", "earlier")}
        return {**kept, "earlier": list(self.earlier), "values": self.values.tolist()}

    def plot(self) -> Any:
        """A bar a token."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class GradientReach:
    """How far back the gradient of a token's log probability goes.

    norms      (lags,) |d log p(token t) / d embedding of token t - k|, k = 1, 2, ..., the mean over
               the text's positions
    positions  how many were looked at
    tokens     of the text, and how many of them are unfamiliar as in TokenChoice
    """

    model: str
    title: str
    norms: NDArray[np.float64]
    positions: int
    tokens: int = 0
    unfamiliar: int = 0

    @property
    def reach(self) -> int | None:
        """The first lag at which the gradient is less than a tenth of the nearest token's; None
        where it never is."""
        below = np.flatnonzero(self.norms < 0.1 * self.norms[0])
        return int(below[0]) + 1 if len(below) else None

    def plot(self) -> Any:
        """A line over the lags."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class Inside:
    """What went on in a recurrent network while it read a text.

    tokens  pieces of the text
    layers  of each, by name, (tokens, units): "hidden"; "cell", "input", "forget", "output" and
            "candidate" of an LSTM; "reset", "update" and "candidate" of a GRU
    """

    model: str
    cell: str
    tokens: tuple[str, ...]
    layers: tuple[Mapping[str, Floats], ...]


@dataclass(frozen=True, eq=False)
class UnitSearch:
    """Units that follow a property of the text.

    values        (tokens,) the property after each token has been read
    units         the best of them first
    correlations  (units,) Pearson's, of each of them with the property
    chance        the largest |correlation| of any unit that 95 of 100 shifted texts stay below
    """

    title: str
    values: Floats
    units: NDArray[np.int64]
    correlations: NDArray[np.float64]
    chance: float
