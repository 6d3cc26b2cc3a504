"""The command film: what it prints and writes, and wrong calls."""

import json
from pathlib import Path

import pytest
from PIL import Image

from dlexplain.cli import main
from tests.trained import digits_run, filmed_run


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(["film", *map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_it_prints_each_epoch_and_the_answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "film.webp"
    status, text, errors = called(capsys, filmed_run(), "--out", out)
    assert (status, errors) == (0, f"wrote {out}\n")
    lines = text.splitlines()
    assert [line.split()[0] for line in lines[2:6]] == ["0", "1", "2", "3"]
    assert "the map" in lines[6].lower()
    with Image.open(out) as image:
        assert image.n_frames == 4  # type: ignore[attr-defined]


def test_json_and_a_strip(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "film.png"
    status, text, _ = called(
        capsys, filmed_run(), "--method", "saliency", "--target", "3", "--json", "--out", out
    )
    found = json.loads(text)
    assert (status, found["method"], found["what"]) == (0, "saliency", "probability of 3")
    assert [frame["epoch"] for frame in found["frames"]] == [0, 1, 2, 3]
    with Image.open(out) as image:
        assert image.format == "PNG"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--out", "film.mp4"], ".webp, .gif, .png is accepted"),
        (["--origin", "2000-01"], "--origin and --horizon are of a forecast"),
        (["--method", "nothing"], 'unknown method "nothing"'),
        (["--target", "eleven"], "eleven"),
        (["--set", "speed=3"], "speed"),
        (["/nowhere/a.png"], "nowhere"),
    ],
)
def test_wrong_calls(capsys: pytest.CaptureFixture[str], more: list[str], told: str) -> None:
    status, _, errors = called(capsys, filmed_run(), *more)
    assert status in (1, 2)
    assert len(errors.splitlines()) == 1
    assert told in errors


def test_a_run_without_weights_says_how_to_keep_them(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, errors = called(capsys, digits_run())
    assert status == 2
    assert "train one with keep_every=1" in errors
