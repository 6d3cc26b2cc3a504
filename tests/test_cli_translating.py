"""`translate` on the command line, and in Python."""

import json

import numpy as np
import pytest

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.services.translation.why import why_written

DATE = ["translate", "--text", "Sunday, 3 May 1987", "--model", "dates-gru-attention"]


def test_candidates_in_words_and_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DATE, "--beam", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "English to ISO 8601" in lines[0]
    assert lines[1].split() == ["score", "log", "p"]
    assert lines[2].split()[-1] == "1987-05-03"
    assert main([*DATE, "--beam", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["translation"] == "1987-05-03"
    best = told["candidates"][0]
    assert sum(best["token_log_probabilities"]) == pytest.approx(best["log_probability"], abs=1e-4)
    weights = np.array(told["alignment"]["weights"])
    assert weights.shape == (len(best["tokens"]), len(told["tokens"]))
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)


def test_the_same_in_python() -> None:
    model = dx.load("dates-gru-attention")
    found = dx.translate(model, "Sunday, 3 May 1987", beam=3)
    assert dx.translate("dates-gru-attention", "Sunday, 3 May 1987", 3) is found
    assert dx.cross_attention(model, found).alignment().plot().data[0].z.shape == (11, 19)
    assert len(why_written(model, found, place=6).influences) == 3


def test_unknown_tokens_and_what_is_left_out_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["translate", "--model", "dates-gru-attention", "--text", "犬" * 120]) == 0
    told = capsys.readouterr().out
    assert "100% of the tokens are unknown to the model" in told
    assert "the first 100 tokens are translated, 20 left out" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--text", " "], "the text is only blanks"),
        (["--text", "a", "--beam", "0"], "beam is 0; it takes a whole number from 1 to 32"),
        (["--text", "a", "--length-penalty", "9"], "length_penalty is 9.0"),
        (["--text", "a", "--model", "sst2-cnn"], '"sst2-cnn" is a text classifier, no translator'),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["translate", *arguments]) == 2
    errors = capsys.readouterr().err
    assert words in errors
    assert len(errors.strip().splitlines()) == 1
