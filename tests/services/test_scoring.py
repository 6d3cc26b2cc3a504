"""Scoring trained models on given data: the same figures as the run's own test."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlexplain.cli import main
from dlexplain.data.base import DATA, silent
from dlexplain.errors import BadInput
from dlexplain.execution import paths
from dlexplain.services.scoring import evaluate
from dlexplain.services.training import runs as service
from dlexplain.settings import settings
from tests.trained import digits_run, macrodata_run


@pytest.fixture(scope="module")
def digits_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits' test part as a folder of pictures for each class."""
    root = tmp_path_factory.mktemp("digits")
    source = DATA["digits"]
    test = source.load(source.Params(), paths.data_folder(settings().home), silent).test
    for place, (pixels, label) in enumerate(zip(test.pixels, test.labels, strict=True)):
        folder = root / str(label)
        folder.mkdir(exist_ok=True)
        Image.fromarray(pixels[..., 0]).save(folder / f"{place}.png")
    return root


def test_pictures_score_as_in_the_runs_own_test(digits_folder: Path) -> None:
    run = service.run(digits_run())
    score = evaluate(run.id, str(digits_folder))
    assert score.n == 359
    assert score.metrics["accuracy"] == pytest.approx(run.metrics["test/accuracy"], abs=1e-6)
    assert score.metrics["loss"] == pytest.approx(run.metrics["test/loss"], rel=1e-4)


def test_a_checkpoint_is_scored_by_its_path(digits_folder: Path) -> None:
    run = digits_run()
    folder = paths.checkpoint_folder(settings().home, run)
    best = next(iter(folder.glob("best-*.ckpt")))
    whole = evaluate(run, str(digits_folder))
    assert evaluate(str(best), str(digits_folder)).metrics == pytest.approx(dict(whole.metrics))
    paths.card_file(settings().home, run).rename(folder / "away")  # as of a run that goes on
    try:
        assert evaluate(str(best), str(digits_folder)).n == 359
    finally:
        (folder / "away").rename(paths.card_file(settings().home, run))


def test_the_command_prints_what_it_found(
    digits_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = digits_run()
    assert main(["evaluate", run, "--data", str(digits_folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["model"], told["data"], told["n"]) == (run, str(digits_folder), 359)
    assert 0.5 < told["metrics"]["accuracy"] <= 1
    assert main(["evaluate", run, "--data", str(digits_folder)]) == 0
    assert "accuracy" in capsys.readouterr().out


def test_what_was_done_to_pictures_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "seven").mkdir()
    colour = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    for name, pixels in (("a", colour), ("b", colour[:28, :28]), ("c", colour[:28, :28, 0])):
        Image.fromarray(pixels).save(tmp_path / "seven" / f"{name}.png")
    assert main(["evaluate", "mnist-vae", "--data", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["notes"] == [
        "1 of 3 pictures were resized: the middle square is 28 × 28 for the model",
        "2 of 3 pictures in colour were made grey, as the model sees no colour",
    ]
    assert main(["evaluate", "mnist-vae", "--data", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"{'elbo':28}{told['metrics']['elbo']:.6g} nats\n" in out
    assert out.endswith(told["notes"][1] + "\n")
    for name in "ab":
        (tmp_path / "seven" / f"{name}.png").unlink()
    assert evaluate("mnist-vae", str(tmp_path)).notes == ()


def test_wrong_data_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = digits_run()
    with pytest.raises(BadInput):
        evaluate(run, str(tmp_path / "nowhere"))
    (tmp_path / "cat").mkdir()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "cat" / "a.png")
    assert main(["evaluate", run, "--data", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "cat" in told
    assert told.count("\n") == 1


def test_a_forecasters_score_has_each_series_and_horizon(tmp_path: Path) -> None:
    from statsmodels.datasets import macrodata

    run = service.run(macrodata_run())
    frame = macrodata.load_pandas().data
    quarters = [
        f"{int(y)}-{3 * int(q) - 2:02}-01" for y, q in zip(frame.year, frame.quarter, strict=True)
    ]
    frame.drop(columns=["year", "quarter"]).assign(date=quarters).to_csv(
        tmp_path / "us.csv", index=False
    )
    score = evaluate(run.id, str(tmp_path / "us.csv"))
    assert score.metrics["mase"] == pytest.approx(run.metrics["test/mase"], rel=1e-3)
    errors = score.details["model"]["mase"]
    assert all(len(by_horizon) == 4 for by_horizon in errors.values())
    mean = np.mean([e for by_horizon in errors.values() for e in by_horizon])
    assert mean == pytest.approx(score.metrics["mase"], rel=1e-3)
    assert {"random walk", "AR"} < set(score.details)
