"""What is installed is what was pinned: each pin has its hashes, and is installed by them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = {
    "requirements.lock": ("requirements.txt",),
    "requirements-no-deps.lock": ("requirements-no-deps.txt",),
    "requirements-dev.lock": (
        "requirements-dev.txt",
        "requirements-ray.txt",
        "requirements-postgres.txt",
    ),
    "requirements-dev-no-deps.lock": ("requirements-dev-no-deps.txt",),
}
PIN = re.compile(r"^([\w.-]+)==([\w.+!]+)", re.MULTILINE)
BY_KIND_OF_MACHINE = {"torch"}
"""See docs/decisions/0046."""


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes(lock: str) -> None:
    """make lock writes them anew."""
    pins = {pin for file in LOCKS[lock] for pin in PIN.findall((ROOT / file).read_text())}
    text = (ROOT / lock).read_text()
    locked = set(PIN.findall(text))
    assert locked == {(name, version) for name, version in pins if name not in BY_KIND_OF_MACHINE}
    blocks = re.split(r"\n(?=[\w])", text.partition("\n")[2])
    assert len(blocks) == len(locked)
    for block in blocks:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block.partition(" ")[0]


def test_they_are_installed_by_them() -> None:
    makefile, dockerfile = ((ROOT / name).read_text() for name in ("Makefile", "Dockerfile"))
    assert "BY_HASH = --no-deps --require-hashes\n" in makefile
    assert all(f"-r {lock}" in makefile for lock in LOCKS)
    for lock in list(LOCKS)[:2]:
        assert f"pip install --no-deps --require-hashes -r {lock}" in dockerfile


def test_several_files_are_copied_into_a_folder() -> None:
    """Else docker refuses to build."""
    copies = re.findall(r"^COPY (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert copies
    assert [one for one in copies if len(one.split()) > 2 and not one.endswith("/")] == []


def test_the_container_has_no_rights_and_writes_its_volume_only() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    after = dockerfile.partition("\nUSER dlexplain\n")[2]
    assert "CMD" in after and "RUN" not in after
    assert "RUN python -m compileall" in dockerfile
    assert "--read-only --tmpfs /tmp" in (ROOT / "docs" / "security.md").read_text()
