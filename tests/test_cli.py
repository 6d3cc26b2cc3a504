"""The command line: output, exit status, and one sentence for every wrong call."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.data.samples import sample_path
from tests.bad_pictures import BAD_PICTURES
from tests.own_files import save_onnx, write_card

COFFEE = str(sample_path("coffee"))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("command", ["models", "methods", "doctor"])
def test_listings_in_words_and_json(capsys: pytest.CaptureFixture[str], command: str) -> None:
    status, words, _ = run(capsys, command)
    assert status == 0
    assert words
    status, text, _ = run(capsys, command, "--json")
    assert status == 0
    assert json.loads(text)


def test_methods_tell_their_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    found = {m["name"]: m for m in json.loads(run(capsys, "methods", "--json")[1])}
    steps = found["integrated-gradients"]["params"]["steps"]
    assert steps["accepts"] == "a whole number from 2 to 1000"
    assert found["grad-cam"]["signed"] is False


def test_classify_gives_the_promised_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, text, _ = run(capsys, "classify", COFFEE, "--top", "2", "--json")
    (found,) = json.loads(text)
    assert status == 0
    assert (found["path"], found["model"]) == (COFFEE, "efficientnet-lite0")
    best, second = found["predictions"]
    assert set(best) == {"index", "wnid", "label", "probability"}
    assert (best["index"], best["wnid"], best["label"]) == (967, "n07920052", "espresso")
    assert 1 > best["probability"] > second["probability"] > 0


def test_one_bad_file_does_not_stop_the_others(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"MZ not a picture")
    (tmp_path / "b.png").write_bytes(Path(COFFEE).read_bytes())
    status, text, errors = run(capsys, "classify", str(tmp_path), "--json")
    assert status == 1
    assert [Path(p["path"]).name for p in json.loads(text)] == ["b.png"]
    assert len(errors.strip().splitlines()) == 1
    assert "a.png" in errors


@pytest.mark.parametrize("key", sorted(BAD_PICTURES))
def test_every_bad_picture_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, key: str
) -> None:
    name, data = BAD_PICTURES[key]()
    (tmp_path / name).write_bytes(data)
    status, _, errors = run(capsys, "classify", str(tmp_path / name))
    assert status == 1
    assert len(errors.strip().splitlines()) == 1


def test_explain_writes_the_map_and_its_metadata(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out, png = tmp_path / "map.npz", tmp_path / "map.png"
    arguments = ["explain", COFFEE, "--method", "input-x-gradient", "--target", "espresso"]
    status, text, _ = run(capsys, *arguments, "--out", str(out), "--png", str(png), "--json")
    found = json.loads(text)
    assert status == 0
    promised = "path model method params target shape seconds evaluations completeness_error"
    assert set(promised.split()) <= set(found)
    assert found["target"] == {"index": 967, "wnid": "n07920052", "label": "espresso"}
    assert found["completeness_error"] is None
    with np.load(out) as saved:
        values = saved["attribution"]
        assert values.shape == tuple(found["shape"]) == (3, 224, 224)
        assert values.dtype == np.float32
        assert json.loads(str(saved["metadata"]))["method"] == "input-x-gradient"
    with Image.open(png) as drawn:
        assert drawn.size == (24 + 2 * (672 + 24), 900)  # the picture and the map over it
    same = dx.explain(dx.load(), COFFEE, method="input-x-gradient", target=967)
    np.testing.assert_array_equal(same.values, values)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--method", "gradcm"], 'unknown method "gradcm"; known: '),
        (["--method", "grad-cam", "--set", "steps=3"], 'unknown parameter "steps"'),
        (["--method", "integrated-gradients", "--set", "steps=many"], 'steps is "many"; it takes'),
        (["--method", "integrated-gradients", "--set", "steps=0"], "from 2 to 1000"),
        (["--fit", "middle"], 'fit is "middle"; crop, crop:X,Y with X and Y from 0 to 1'),
        (["--method", "grad-cam", "--set", "steps"], "--set takes KEY=VALUE"),
        (["--method", "grad-cam", "--target", "crane"], "names several classes"),
        (["--method", "grad-cam", "--target", "1000"], "accepted: 0 to 999"),
        (["--method", "grad-cam", "--target", "dragonn"], "is no class"),
        (["--method", "grad-cam", "--model", "resnet"], 'unknown picture classifier "resnet"'),
        (["--method", "saliency", "--target", "1", "--contrast", "1"], "choose two classes"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    status, _, errors = run(capsys, "explain", COFFEE, *arguments)
    assert status == 2
    assert words in errors
    assert len(errors.strip().splitlines()) == 1


def test_fit_is_taken_by_both_commands(capsys: pytest.CaptureFixture[str]) -> None:
    status, text, _ = run(capsys, "classify", COFFEE, "--fit", "squash", "--json")
    assert (status, json.loads(text)[0]["fit"]) == (0, "squash")
    arguments = ["explain", COFFEE, "--method", "saliency", "--target", "967", "--json"]
    found = json.loads(run(capsys, *arguments, "--fit", "crop:0,1")[1])
    assert found["fit"] == "crop:0,1"


def test_files_of_a_folder_that_were_not_tried_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (32, 32)).save(tmp_path / "in" / "cat.png")
    for name in ("a.txt", "b.mov", "in/c.csv", "in/d", ".DS_Store"):
        (tmp_path / name).write_bytes(b"x")
    status, text, errors = run(capsys, "classify", str(tmp_path), "--json")
    assert status == 0
    assert [Path(p["path"]).name for p in json.loads(text)] == ["cat.png"]
    assert errors == (
        f"dlexplain: skipped 4 of 5 files in {tmp_path}, which are not named as pictures are: "
        "a.txt, b.mov, in/c.csv and 1 more\n"
    )


@pytest.mark.parametrize("command", ["classify", "explain"])
def test_a_text_has_no_fit(capsys: pytest.CaptureFixture[str], command: str) -> None:
    status, _, errors = run(capsys, command, "--text", "dull", "--fit", "pad")
    assert status == 2
    assert "--fit is about pictures" in errors


def test_an_unknown_layer_lists_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["explain", COFFEE, "--method", "grad-cam", "--set", "layer=conv9"]
    status, _, errors = run(capsys, *arguments)
    assert status == 2
    assert 'no spatial layer "conv9"; known: auto, stem' in errors


def test_no_command_is_a_wrong_call() -> None:
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2


def test_a_model_in_a_file_is_asked_and_explained(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = str(tmp_path / "net.onnx")
    save_onnx(tmp_path / "net.onnx")
    write_card(tmp_path / "net.onnx")
    status, text, _ = run(capsys, "classify", COFFEE, "--model", model, "--json")
    (found,) = json.loads(text)
    assert (status, found["model"], len(found["predictions"])) == (0, model, 3)
    asked = ("explain", COFFEE, "--model", model)
    status, words, _ = run(capsys, *asked, "--method", "occlusion")
    assert status == 0
    assert "Occlusion" in words
    status, words, _ = run(capsys, *asked)  # where no method is named
    assert status == 0
    assert "Occlusion" in words
    status, _, errors = run(capsys, *asked, "--method", "grad-cam")
    assert status == 2
    assert len(errors.strip().splitlines()) == 1
    assert "Grad-CAM needs gradients, and the model gives none" in errors
    status, _, errors = run(capsys, *asked[:3], str(tmp_path / "net.pth"))
    assert status == 2
    assert len(errors.strip().splitlines()) == 1


def test_a_path_that_is_not_there_is_told_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(sample_path("coffee")), "--model", "/nowhere/vit"]) == 2
    assert 'no folder and no file "/nowhere/vit" that could be a picture' in capsys.readouterr().err
