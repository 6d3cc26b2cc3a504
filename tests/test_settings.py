"""Settings from the environment, and the one that reaches into the C library."""

import subprocess
import sys
from pathlib import Path

import pytest

from dlexplain.errors import BadInput
from dlexplain.settings import Settings


def test_each_variable_is_read_as_its_fields_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLEXPLAIN_HOME", "~/maps")
    monkeypatch.setenv("DLEXPLAIN_MAX_FILE_MB", "12.5")
    monkeypatch.setenv("DLEXPLAIN_CACHE_ENTRIES", "3")
    monkeypatch.setenv("DLEXPLAIN_KEEP_MEMORY", "0")
    found = Settings.from_environment()
    assert found.home == Path.home() / "maps"
    assert (found.max_file_mb, found.cache_entries, found.keep_memory) == (12.5, 3, False)


def test_a_value_of_the_wrong_kind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLEXPLAIN_MAX_FILE_MB", "large")
    with pytest.raises(BadInput, match='DLEXPLAIN_MAX_FILE_MB is "large", which is not a number'):
        Settings.from_environment()


FAULTS = """
import resource, sys
import torch
from dlexplain.memory import keep_memory
if sys.argv[1] == "keep" and not keep_memory():
    sys.exit("skip")
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.full((20_000_000,), 1.0)  # 80 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc only")
def test_kept_memory_is_not_asked_of_the_system_again() -> None:
    def faults(how: str) -> int:
        run = subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True)
        if "skip" in run.stderr:
            pytest.skip("this C library has no mallopt")
        return int(run.stdout)

    assert faults("keep") < 0.1 * faults("as it comes")
