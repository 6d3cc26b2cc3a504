"""A seeded fuzzer over every reader of what comes from outside: whatever it gets, it raises nothing
but what it is documented to raise, within a budget of time and memory, and does nothing but read.

    make fuzz                           100,000 inputs, another seed: make fuzz SEED=2
    FUZZ=20000 pytest tests/security/test_fuzz.py -k ZIP
"""

import contextlib
import os
import signal
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from dlexplain.settings import settings as ours
from tests.security.guards import snapshot, watched
from tests.security.readers import READERS

ROOT = Path(__file__).parents[2]
INPUTS = int(os.environ.get("FUZZ", "2400"))
"""Over all readers."""
SEED = int(os.environ.get("FUZZ_SEED", "0"))
WAIT = 60
"""Seconds by the clock after which one file is said to hang."""


@pytest.fixture(scope="module", autouse=True)
def _only_reads() -> Iterator[None]:
    """None of our files is written, by whatever way: not even by a library in C."""
    places = [ROOT / "dlexplain", ROOT / "pages", ROOT / "scripts", Path.home() / ".streamlit"]
    before = [snapshot(place) for place in places]
    yield
    assert [snapshot(place) for place in places] == before


@pytest.fixture(scope="module", autouse=True)
def _no_hanging() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"one file took more than {WAIT} s")

    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.mark.parametrize("name", READERS)
def test_whatever_comes(name: str, place: Path) -> None:
    made = READERS[name](place)
    count = max(10, round(INPUTS / len(READERS) * made.share))

    @seed(SEED)
    @settings(
        max_examples=count, deadline=None, database=None, print_blob=False,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
    )  # fmt: skip
    @given(made.inputs)
    def asked(content: Any) -> None:
        with tempfile.TemporaryDirectory(dir=place) as folder:
            signal.alarm(WAIT)
            with (
                warnings.catch_warnings(),
                watched([Path(folder), place, ours().home], made.megabytes),
                contextlib.suppress(*made.raises),
            ):
                warnings.simplefilter("ignore")
                made.read(content, Path(folder))
            signal.alarm(0)

    asked()
