"""Writing by a loaded model: carried state, seeds, probabilities, and what is refused."""

import json
import math

import pytest
import torch

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.errors import BadInput, Cancelled, ParamError, UnknownName
from dlexplain.explainers.progress import Progress
from dlexplain.results import TokenChoice
from dlexplain.services.loading import load
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.writing import LONGEST_TEXT, generate
from dlexplain.tasks.modules.sampling import PIECE
from dlexplain.trained.catalogue import default, entries
from tests.writers import KINDS, writer

SHAKESPEARE = "shakespeare-lstm"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [3, 2 * PIECE + 3])
def test_a_carried_state_says_what_reading_everything_anew_says(kind: str, length: int) -> None:
    model = writer(kind)
    prompt = " ".join(["the", "cat", "sat"][place % 3] for place in range(length))
    written = generate(model, prompt, count=6, temperature=0)
    ids = model.codec.encode(prompt)
    for token in written.tokens:
        with torch.no_grad():
            shares = model(model.ids(ids))[0][0, -1].softmax(-1)
        best = int(shares.argmax())
        assert token.probability == pytest.approx(float(shares[best]), rel=1e-5)
        assert token.alternatives[0][0] == model.codec.name(best)
        assert token.drawn == 1.0
        ids.append(best)
    assert "".join(model.codec.pieces(ids)) == prompt + written.text


def test_the_same_seed_writes_the_same_text() -> None:
    model = load(LoadedLanguageModel, SHAKESPEARE)
    first = generate(model, "HELENA\n", count=30, seed=3)
    assert generate(SHAKESPEARE, "HELENA\n", count=30, seed=3).text == first.text
    assert generate(model, "HELENA\n", count=30, seed=4).text != first.text
    assert load(LoadedLanguageModel, SHAKESPEARE) is model


def test_probabilities_are_the_models_and_drawn_ones_those_of_the_settings() -> None:
    written = generate(SHAKESPEARE, "I am", count=20, temperature=1.0, top_k=2)
    for token in written.tokens:
        (_, first), (_, second), *_ = token.alternatives
        assert token.probability in (first, second)
        assert token.drawn == pytest.approx(token.probability / (first + second), rel=1e-4)
        assert len(token.alternatives) == 10
        assert sorted(share for _, share in token.alternatives)[::-1] == [
            share for _, share in token.alternatives
        ]


def test_each_token_is_told_as_it_comes_and_writing_can_be_stopped() -> None:
    told: list[TokenChoice] = []
    progress = Progress(cancelled=lambda: len(told) == 7)
    with pytest.raises(Cancelled):
        generate(SHAKESPEARE, "I am", progress, told.append, count=500)
    assert len(told) == 7
    assert (progress.done, progress.planned) == (7, 500)
    whole = generate(SHAKESPEARE, "I am", count=7)
    assert tuple(told) == whole.tokens


@pytest.mark.parametrize(
    "prompt", ["", "   ", "\x00\x07", "שלום עולם", "猫", "🐈", "\n\n", "é" * 900]
)
@pytest.mark.parametrize("name", [SHAKESPEARE, "ptb-rnn"])
def test_any_prompt_is_written_on(name: str, prompt: str) -> None:
    written = generate(name, prompt, count=2)
    assert len(written.tokens) == 2
    assert all(math.isfinite(token.probability) for token in written.tokens)


def test_how_much_of_a_prompt_is_unknown_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate("ptb-rnn", "the cat 猫", count=1).unfamiliar == pytest.approx(1 / 3)
    assert generate("ptb-rnn", "the company", count=1).unfamiliar == 0
    assert generate("ptb-rnn", "", count=1).unfamiliar == 0
    assert main(["generate", "--model", "ptb-rnn", "--prompt", "猫 the", "--count", "1"]) == 0
    said = capsys.readouterr().err
    assert said == "50% of the prompt's tokens are not in the vocabulary of ptb-rnn\n"


def test_fifty_thousand_words_are_a_prompt_and_can_be_stopped() -> None:
    model = writer("rnn")
    prompt = "the dog sat " * 17_000
    assert len(generate(model, prompt, count=2, repetition_penalty=1.5).tokens) == 2
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 4

    with pytest.raises(Cancelled):
        generate(model, prompt, Progress(cancelled=cancelled), count=2)
    assert len(asked) == 5  # long before the prompt's end


def test_what_cannot_be_is_one_sentence() -> None:
    with pytest.raises(UnknownName, match='unknown language model "gpt"; known: .*ptb'):
        generate("gpt", "a")
    with pytest.raises(ParamError, match='top_p is "0"; it takes a number from 0.01 to 1'):
        generate(SHAKESPEARE, "a", top_p=0)
    with pytest.raises(BadInput, match="1,000,001 characters; at most 1,000,000"):
        generate(SHAKESPEARE, "a" * (LONGEST_TEXT + 1))


def test_the_zoos_models_are_listed_with_what_they_are() -> None:
    listed = {entry.name: entry for entry in entries("language-model")}
    assert (listed["ptb-rnn"].cell, listed[SHAKESPEARE].cell) == ("rnn", "lstm")
    assert listed[SHAKESPEARE].title == "shakespeare-lstm, perplexity 80.3, n = 37,314 (zoo)"
    assert default("language-model").name == SHAKESPEARE


def test_the_command_line_and_python_write_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["generate", "--prompt", "HELENA", "--count", "9", "--seed", "5", "--top-k", "40"]
    text = dx.generate(SHAKESPEARE, "HELENA", count=9, seed=5, top_k=40).text
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"HELENA{text}\n"
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["text"], found["params"]["top_k"], len(found["tokens"])) == (text, 40, 9)
    assert set(found["tokens"][0]) == {"token", "probability", "drawn", "alternatives"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "none"], 'unknown language model "none"'),
        (["--temperature", "warm"], 'temperature is "warm"; it takes a number from 0 to 5'),
        (["--count", "0"], 'count is "0"; it takes a whole number from 1 to 1000'),
    ],
)
def test_a_wrong_call_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["generate", "--prompt", "a", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert len(captured.err.splitlines()) == 1
