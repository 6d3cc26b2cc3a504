"""What is registered is documented, and what the README promises is there."""

import re
from pathlib import Path

import pytest

import dlexplain.compression
import dlexplain.data.sets
import dlexplain.evaluation.metrics
import dlexplain.networks
import dlexplain.services.explaining
import dlexplain.tasks  # noqa: F401
from dlexplain.compression.base import COMPRESSIONS
from dlexplain.data.base import DATA
from dlexplain.evaluation.base import METRICS
from dlexplain.explainers.base import METHODS
from dlexplain.networks.base import ARCHITECTURES, MODELS
from dlexplain.registry import Registry
from dlexplain.services.explaining import infos_for
from dlexplain.services.training.presets import PRESETS
from dlexplain.tasks.base import TASKS
from dlexplain.trained.zoo_cards import score_table, zoo_cards

ROOT = Path(__file__).parents[1]
KINDS = ("picture", "text", "series", "next token", "translation")


def test_every_method_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "methods.md").read_text()
    assert [name for name in METHODS if f"`{name}`" not in text] == []
    rows = {row.split("`")[1]: row for row in text.splitlines() if row.startswith("| `")}
    for name, method in METHODS.items():
        offered = rows[name].split("|")[3].strip()
        known = [title for title in KINDS if method.suits(title.replace(" ", "-"))] or ["box"]
        assert offered == ("all" if len(known) == len(KINDS) else ", ".join(known)), name


def test_every_method_tells_its_user_what_it_is() -> None:
    for method in METHODS.values():
        text = method.description()
        assert re.search(r"Formula|Rule", text), method.name
        assert re.search(r"https?://", method.paper), method.name


def test_every_metric_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "trust.md").read_text()
    assert [name for name in METRICS if f"`{name}`" not in text] == []


def test_every_model_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    assert [name for name in MODELS if name not in text] == []


@pytest.mark.parametrize("registry", [TASKS, ARCHITECTURES, DATA, PRESETS], ids=lambda r: r.kind)
def test_what_can_be_trained_is_in_the_docs(registry: Registry[object]) -> None:
    text = (ROOT / "docs" / "training.md").read_text()
    assert [name for name in registry if f"`{name}`" not in text] == []


def test_every_compression_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "compression.md").read_text()
    assert [name for name in COMPRESSIONS if f"`{name}`" not in text] == []


def test_the_readme_has_the_zoos_scores() -> None:
    text = (ROOT / "README.md").read_text()
    assert score_table(zoo_cards()) in text  # python -m dlexplain zoo --markdown


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / "README.md").read_text(), re.M))
    assert {"run", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_links_of_the_readme_lead_somewhere() -> None:
    for link in re.findall(r"\]\(((?!http)[^)#]+)", (ROOT / "README.md").read_text()):
        assert (ROOT / link).exists(), link


def test_links_of_the_docs_lead_somewhere() -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        for link in re.findall(r"\]\(((?!http)[^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_requirements_are_pinned_and_bring_no_torchvision() -> None:
    lines = [
        line.split("#")[0].strip()
        for name in (
            "requirements.txt",
            "requirements-dev.txt",
            "requirements-ray.txt",
            "requirements-postgres.txt",
        )
        for line in (ROOT / name).read_text().splitlines()
    ]
    packages = [line for line in lines if line and not line.startswith("-r")]
    assert [line for line in packages if not re.fullmatch(r"[a-z0-9-]+==[\w.]+", line)] == []
    names = {line.partition("==")[0] for line in packages}
    assert not names & {"torchvision", "timm"}


def test_the_readme_counts_the_methods() -> None:
    text = " ".join((ROOT / "README.md").read_text().split())
    pictures, texts, series = (len(infos_for(kind)) for kind in ("picture", "text", "series"))
    assert f"{pictures} methods for pictures, {texts} for texts and {series} for series" in text


def test_the_readme_counts_the_metrics() -> None:
    assert f"{len(METRICS)} metrics of faithfulness" in " ".join(
        (ROOT / "README.md").read_text().split()
    )
