"""How much longer a low precision takes: measured once, said, and refused where it cannot be."""

import math
import time

import pytest
import torch
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.explainers.batching import Kind
from dlexplain.explainers.precision import check_precision
from dlexplain.explainers.prepare import Prepared
from dlexplain.explainers.slowdown import ROUNDS, Slowdowns
from dlexplain.results.words import slower
from tests.explainers.test_texts import OF_WORDS, SENTENCE, SumOfWords, run_on, twin_of, values_of

IDS = torch.tensor([SENTENCE])


class Clock:
    """A timer that says what it is told, by whether the model computes in bf16."""

    def __init__(self, plain: float, low: float | Exception) -> None:
        self.plain, self.low, self.asked = plain, low, 0

    def __call__(self, model: Prepared, kind: Kind, count: int) -> float:
        self.asked += 1
        if "bf16" not in model.fingerprint:
            return self.plain
        if isinstance(self.low, Exception):
            raise self.low
        return self.low


def test_the_ratio_is_of_the_least_seconds_and_measured_once() -> None:
    clock = Clock(0.002, 0.06)
    known, prepared = Slowdowns(clock), twin_of(SumOfWords())
    views = prepared.by_ids(IDS), prepared.by_ids(IDS, "bf16")
    assert known.of(*views, "forward") == pytest.approx(30)
    assert clock.asked == 1 + 2 * ROUNDS
    clock.low = 1.0
    assert known.of(*views, "forward") == pytest.approx(30)
    assert known.of(*views, "gradient") == pytest.approx(500)  # another kind of work


@pytest.mark.parametrize(
    ("low", "times"), [(0.06, "30"), (0.005, "2.5"), (0.00262, "1.3"), (0.0024, ""), (0.001, "")]
)
@pytest.mark.parametrize("family", ["gradient", "perturbation"])
def test_what_is_slower_is_said_with_the_ratio(low: float, times: str, family: str) -> None:
    known = Slowdowns(Clock(0.002, low))
    said = check_precision(twin_of(SumOfWords()), IDS, family, "bf16", known)
    expected = f"bf16 takes {times} times as long as float32" if times else ""
    assert expected in said
    assert bool(said) is bool(times)


def test_float32_is_not_measured() -> None:
    clock = Clock(1.0, 1.0)
    prepared = twin_of(SumOfWords())
    assert check_precision(prepared, IDS, "gradient", "float32", Slowdowns(clock)) == ""
    assert clock.asked == 0


def test_what_the_machine_cannot_compute_is_refused_and_a_full_memory_is_not_taken_for_it() -> None:
    prepared = twin_of(SumOfWords())
    cannot = Slowdowns(Clock(1.0, RuntimeError("could not create a primitive")))
    assert cannot.of(prepared.by_ids(IDS), prepared.by_ids(IDS, "bf16"), "forward") == math.inf
    with pytest.raises(Incompatible, match="cannot compute the model in bf16; .* float32 is"):
        check_precision(prepared, IDS, "perturbation", "bf16", cannot)
    full = Slowdowns(Clock(1.0, MemoryError()))
    with pytest.raises(MemoryError):
        check_precision(prepared, IDS, "perturbation", "bf16", full)


class SlowInHalf(SumOfWords):
    """Sleeps where it is computed in bf16, as if the processor did not know it."""

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        if torch.is_autocast_enabled("cpu"):
            time.sleep(0.05)
        return super().read_vectors(vectors, mask)


def test_the_note_of_an_explanation_says_it() -> None:
    """Measured really, on a network that is slow in bf16 and only there."""
    run = run_on(SlowInHalf(), SENTENCE, OF_WORDS)
    assert "On this machine bf16 takes" in values_of("lime", run, precision="bf16", samples=10).note
    assert "bf16" not in values_of("lime", run_on(SlowInHalf(), SENTENCE, OF_WORDS)).note


def test_float32_is_never_slower() -> None:
    assert slower("float32", 30.0) == ""
