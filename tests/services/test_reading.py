"""Reading: perplexity as the task has it, and which earlier tokens moved a token."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from dlexplain.errors import BadInput, UnknownName
from dlexplain.networks.modules.language import State
from dlexplain.services.loading import load
from dlexplain.services.scoring import evaluate
from dlexplain.services.writing import reading
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.reading import read, why_token
from tests.writers import KINDS, TEXT, writer

LINES = (
    "the company said it expects a loss for the third quarter\n"
    "analysts had expected the price of the shares to rise\n"
)


def log_probability(model: LoadedLanguageModel, earlier: list[int], token: int) -> float:
    """Read from the start, at once."""
    with torch.no_grad():
        return float(model(model.ids(earlier))[0][0, -1].log_softmax(-1)[token])


@pytest.mark.parametrize("name", ["ptb-rnn", "shakespeare-lstm"])
def test_perplexity_is_that_of_the_tasks_own_test(name: str, tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text(LINES * 20)
    score = evaluate(name, str(file))
    found = read(load(LoadedLanguageModel, name), LINES * 20)
    assert len(found.tokens) == score.n
    assert found.perplexity == pytest.approx(score.metrics["perplexity"], rel=1e-4)
    mean = float(np.mean([math.log(token.probability) for token in found.tokens]))
    assert mean == pytest.approx(-math.log(found.perplexity), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_each_token_after_those_before_it(kind: str) -> None:
    model = writer(kind)
    ids = model.codec.encode(TEXT)
    found = read(model, TEXT)
    expected = [log_probability(model, ids[:place], token) for place, token in enumerate(ids)]
    np.testing.assert_allclose(found.log_probabilities, expected, atol=1e-6)
    assert "".join(token.piece for token in found.tokens) == TEXT


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("window", [128, 5])
def test_leave_one_out_equals_reading_the_shorter_text(
    kind: str, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "WINDOW", window)
    model, place = writer(kind), 14
    ids = model.codec.encode(TEXT)
    found = why_token(model, TEXT, place, "leave-one-out")
    assert (found.skipped, len(found.values)) == (place - len(found.earlier), min(window, place))
    whole = log_probability(model, ids[:place], ids[place])
    for left_out, value in enumerate(found.values, found.skipped):
        shorter = ids[:left_out] + ids[left_out + 1 : place]
        if kind != "transformer" or window == 128:
            changed = whole - log_probability(model, shorter, ids[place])
        else:  # what left its context on the way to the window stays out of it
            changed = whole - from_state(model, ids[: found.skipped], shorter, ids[place])
        assert value == pytest.approx(changed, abs=2e-5)
    assert found.log_probability == pytest.approx(whole, abs=1e-5)


def from_state(model: LoadedLanguageModel, before: list[int], whole: list[int], to: int) -> float:
    state: State | None = None
    with torch.no_grad():
        _, state = model(model.ids(before), None)
        rest = torch.tensor([whole[len(before) :]])
        return float(model(rest, state)[0][0, -1].log_softmax(-1)[to])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("window", [128, 5])
def test_integrated_gradients_are_complete(
    kind: str, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their sum is log p less that of the start followed by vectors of zeros."""
    monkeypatch.setattr(reading, "WINDOW", window)
    model, place = writer(kind), 14
    found = why_token(model, TEXT, place)
    ids = model.codec.encode(TEXT)
    skipped = found.skipped
    state: State | None = None
    with torch.no_grad():
        given = model.ids(ids[:place])
        if skipped:
            _, state = model(given[:, : skipped + 1])
            given = given[:, skipped + 1 :]
        vectors = torch.zeros(1, given.shape[1], 8, dtype=torch.float64)
        if not skipped:
            vectors[:, 0] = model.embedding(given[:, 0])
        with model.reading(vectors):
            empty = model(given, state)[0][0, -1].log_softmax(-1)[ids[place]]
    difference = found.log_probability - float(empty)
    assert float(found.values.sum()) == pytest.approx(difference, rel=0.01)
    assert found.completeness_error is not None
    assert found.completeness_error < 0.01


@pytest.mark.parametrize("name", ["ptb-rnn", "shakespeare-lstm"])
def test_integrated_gradients_of_the_zoos_models_are_complete(name: str) -> None:
    found = why_token(load(LoadedLanguageModel, name), LINES, 12)
    assert found.completeness_error is not None
    assert found.completeness_error < 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_input_x_gradient_is_the_slope_along_each_vector(kind: str) -> None:
    """d log p / ds of s x at s = 1, by differences."""
    model, place = writer(kind), 9
    ids = model.codec.encode(TEXT)
    found = why_token(model, TEXT, place, "input-x-gradient")
    given = model.ids(ids[:place])
    vectors = model.embedding(given).detach()
    for token in (0, 4, 8):
        sides = []
        for step in (1e-2, -1e-2):
            moved = vectors.clone()
            moved[:, token + 1] *= 1 + step
            with torch.no_grad(), model.reading(moved):
                sides.append(float(model(given)[0][0, -1].log_softmax(-1)[ids[place]]))
        slope = (sides[0] - sides[1]) / 2e-2
        assert float(found.values[token]) == pytest.approx(slope, abs=1e-3, rel=5e-3)


def test_nothing_of_a_question_stays_in_the_model() -> None:
    model = writer("lstm")
    before = read(model, TEXT).log_probabilities
    for method in ("integrated-gradients", "input-x-gradient", "leave-one-out"):
        why_token(model, TEXT, 7, method)
    np.testing.assert_array_equal(read(model, TEXT).log_probabilities, before)


def test_what_cannot_be_read_or_asked_is_one_sentence() -> None:
    model = writer("rnn")
    for text in ("", "   ", "\n"):
        with pytest.raises(BadInput, match="rnn finds no token in this text; type a word or more"):
            read(model, text)
    for place in (0, 99):
        with pytest.raises(BadInput, match=f"token {place} cannot be asked about"):
            why_token(model, TEXT, place)
    with pytest.raises(
        UnknownName,
        match='unknown method for a next token "grad-cam"; known: attn-lrp, gradient-shap',
    ):
        why_token(model, TEXT, 3, "grad-cam")


def test_a_long_text_is_read_at_its_beginning() -> None:
    model = writer("gru")
    found = read(model, "the cat sat " * 20_000)
    assert (len(found.tokens), found.left_out) == (reading.MOST, 60_000 - reading.MOST)


def test_the_share_of_unknown_tokens_is_said() -> None:
    assert read(writer("rnn"), "the cat 猫 שלום").unfamiliar == 0.5
    assert read(load(LoadedLanguageModel, "shakespeare-lstm"), "猫").unfamiliar == 1.0
    assert read(load(LoadedLanguageModel, "shakespeare-lstm"), "the cat").unfamiliar == 0.0
