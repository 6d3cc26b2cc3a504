"""What comes along of a model's reliability: it can be read, and agrees with itself."""

import json
from pathlib import Path

import pytest

from dlexplain.execution import paths
from dlexplain.results import CertifiedAccuracy, ClassifierCalibration, OutOfDistribution
from dlexplain.services.reliability.shipped import shipped
from dlexplain.trained.zoo import zoo_models

KINDS = {
    "calibration.json": ClassifierCalibration,
    "out_of_distribution.json": OutOfDistribution,
    "smoothing.json": CertifiedAccuracy,
}
FILES = sorted(
    file for name in KINDS for file in paths.zoo_folder().glob(f"*/{name}") if file.is_file()
)


def test_some_come_along() -> None:
    assert {file.name for file in FILES} == set(KINDS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_it_can_be_read_and_says_where_it_comes_from(file: Path) -> None:
    found = shipped(KINDS[file.name], file.parent.name)
    assert found is not None
    assert found.model in {model.name for model in zoo_models()}
    assert found.told and found.date and found.machine
    assert found.command.startswith("python -m dlexplain ")
    assert f" {found.model} " in found.command
    assert json.loads(json.dumps(found.to_dict())) == json.loads(file.read_text())


@pytest.mark.parametrize("name", sorted({f.parent.name for f in FILES if "calib" in f.name}))
def test_a_calibration_agrees_with_itself(name: str) -> None:
    found = shipped(ClassifierCalibration, name)
    assert found is not None
    for scores in (found.before, found.after):
        assert sum(one.n for one in scores.bins) == found.n
        gaps = sum(one.n * abs((one.accuracy or 0) - (one.confidence or 0)) for one in scores.bins)
        assert scores.ece == pytest.approx(gaps / found.n)
        right = sum(one.n * (one.accuracy or 0) for one in scores.bins)
        assert right / found.n == pytest.approx(found.accuracy)
        assert scores.ece_low <= scores.ece <= scores.ece_high


@pytest.mark.parametrize("name", sorted({f.parent.name for f in FILES if "out_of" in f.name}))
def test_thresholds_and_areas_are_in_order(name: str) -> None:
    found = shipped(OutOfDistribution, name)
    assert found is not None
    assert found.familiar.rare <= found.familiar.unusual
    assert all(cell.auroc_low <= cell.auroc <= cell.auroc_high for cell in found.cells)
    assert len(found.cells) == len(found.scores) * len(found.sets)
    for one in found.histograms:
        assert len(one.edges) == len(one.counts) + 1
