"""The command line on attention: the file it writes, what it prints, and wrong calls."""

import json
from pathlib import Path

import numpy as np
import pytest

from dlexplain.cli import main
from dlexplain.data.samples import sample_path
from dlexplain.services.texts.attention import attention
from tests.own_pictures import save

FILM = "A gripping film that never feels long."
QUICK = ("--model", "sst2-transformer")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["attention", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_file_has_layers_heads_and_tokens(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "a.npz"
    status, words, _ = run(capsys, "--text", FILM, "--out", str(out))
    assert status == 0
    assert words.startswith("sst2-minilm: 6 layers x 12 heads, 10 tokens\n")
    assert "  1.3   looks at the token before, " in words
    with np.load(out) as saved:
        np.testing.assert_array_equal(saved["attention"], attention("sst2-minilm", FILM).weights)
        assert saved["tokens"].tolist()[:3] == ["[CLS]", "A", "gripping"]
        assert json.loads(str(saved["metadata"]))["text"] == FILM


def test_json_has_the_facts_of_each_head(capsys: pytest.CaptureFixture[str]) -> None:
    status, text, _ = run(capsys, "--text", FILM, "--json", *QUICK)
    found = json.loads(text)
    assert status == 0
    assert found["shape"] == [1, 4, 8, 8]
    assert (found["window"], found["windows"]) == (1, 1)
    assert len(found["entropy"][0]) == len(found["kinds"][0]) == 4
    assert all(0 <= value <= 3 for value in found["entropy"][0])


def test_a_pooling_has_no_distance(capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = run(capsys, "--text", FILM, "--json", "--model", "sst2-lstm-attention")
    found = json.loads(text)
    assert found["distance"] == [[None]]
    assert found["shape"] == [1, 1, 1, 10]


def test_marks_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    model = ("--model", "sst2-lstm-attention")
    found = json.loads(run(capsys, "--text", FILM, "--json", "--hide-marks", *model)[1])
    assert "[CLS]" not in found["tokens"]
    assert found["shape"] == [1, 1, 1, 8]


def test_a_long_text_says_which_window_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    _, words, _ = run(capsys, "--text", "good " * 200, "--window", "2", *QUICK)
    assert "window 2 of 3, which overlap: tokens 65 to 192 of 200" in words


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--text", "  "), "the text is only blanks"),
        (("--text", FILM, "--window", "9"), "window 9 is not there; the text has 1"),
        (("--text", FILM, "--model", "sst2-cnn"), "the model has no attention"),
        (("--text", FILM, "--model", "nobody"), 'unknown text classifier "nobody"'),
        (("--text", FILM, "--out", "/nowhere/a.npz", *QUICK), "/nowhere/a.npz cannot be written"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    status, _, errors = run(capsys, *arguments)
    assert status in (1, 2)
    assert said in errors
    assert len(errors.strip().splitlines()) == 1


def test_of_a_picture_heads_and_patches(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    save("vit", tmp_path / "vit")
    out = tmp_path / "a.npz"
    asked = ("--picture", str(sample_path("chelsea")), "--model", str(tmp_path / "vit"))
    status, text, _ = run(capsys, *asked, "--json", "--out", str(out))
    assert status == 0
    found = json.loads(text)
    assert (found["front"], found["side"], found["shape"]) == (1, 4, [2, 4, 17, 17])
    assert np.shape(found["distance"]) == (2, 4)
    with np.load(out) as saved:
        np.testing.assert_allclose(saved["attention"].sum(-1), 1, atol=1e-5)
        assert saved["picture"].shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--model", "cifar10-cnn"), "no attention that can be shown"),
        (("--model", "cifar10-cnn", "--hide-marks"), "are of texts"),
    ],
)
def test_of_a_picture_wrong_calls(
    capsys: pytest.CaptureFixture[str], more: tuple[str, ...], said: str
) -> None:
    status, _, words = run(capsys, "--picture", str(sample_path("chelsea")), *more)
    assert status == 2
    assert said in words
