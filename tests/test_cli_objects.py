"""detect, segment, and explain --box and --region."""

import json
from pathlib import Path

import numpy as np
import pytest

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.data.samples import sample_path
from tests.own_objects import save

PICTURE = str(sample_path("coffee"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    found = {}
    for kind in ("yolos", "segformer"):
        folder = tmp_path_factory.mktemp("own") / kind
        save(kind, folder)
        found[kind] = str(folder)
    return found


def test_detect_prints_boxes_by_number(
    folders: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    model = folders["yolos"]
    assert main(["detect", PICTURE, "--model", model, "--threshold", "0.1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    expected = dx.predict(dx.load(model), PICTURE, threshold=0.1)
    assert told == expected.to_dict() | {"path": PICTURE}
    assert main(["detect", PICTURE, "--model", model, "--threshold", "0.1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines[1:]] == [box.number for box in expected.boxes]
    assert main(["detect", PICTURE, "--model", model, "--threshold", "0.999"]) == 0
    assert "no box reaches 100%; the most probable is" in capsys.readouterr().out


def test_segment_prints_shares(folders: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["segment", PICTURE, "--model", folders["segformer"]]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    regions = dx.predict(dx.load(folders["segformer"]), PICTURE).regions
    assert [line.split()[0] for line in lines] == [f"{region.share:.2%}" for region in regions]


def test_explain_a_box_and_a_region(
    folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "map.npz"
    words = ["explain", PICTURE, "--method", "saliency", "--out", str(out)]
    assert main([*words, "--model", folders["yolos"], "--box", "2"]) == 0
    assert "in box 2" in capsys.readouterr().out
    expected = dx.explain(dx.load(folders["yolos"]), PICTURE, "saliency", box=2)
    np.testing.assert_array_equal(np.load(out)["attribution"], expected.values)
    region = dx.predict(dx.load(folders["segformer"]), PICTURE).regions[0].name.label
    asked = ["--model", folders["segformer"], "--region", region, "--json"]
    assert main([*words, *asked]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["part"] == f"the region of {region}"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--box", "1"], "need --model"),
        (["--box", "1", "--region", "cat", "--model", "{}"], "give one of them"),
        (["--box", "99", "--model", "{}"], "box is 99; the model gives 9 boxes"),
        (["--box", "1", "--model", "{}", "--set", "alone=1"], 'unknown parameter "alone"'),
        (["--region", "cat", "--model", "{}"], "a semantic segmenter is accepted"),
        (["--region", "cat", "--model", "digits-cnn"], "digits-cnn"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    words: list[str], told: str, folders: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [word.format(folders["yolos"]) for word in words]
    assert main(["explain", PICTURE, *asked]) in (1, 2)
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
