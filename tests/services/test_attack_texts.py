"""An attack on a text, as users ask for it: zoo models, models of one's own, bad input."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import dlexplain as dx
from dlexplain.attacks.texts import Trial
from dlexplain.cli import main
from dlexplain.errors import BadInput, Cancelled, Incompatible, TargetError, TextError, UnknownName
from dlexplain.explainers.progress import Progress
from dlexplain.figures.text_attacks import marked_after, marked_before
from dlexplain.results import TextAttackResult
from dlexplain.services.attack.text_maps import text_maps_of
from dlexplain.services.attack.texts import TextWords, known_text_attacks, word_vectors
from dlexplain.services.texts.models import TextModel
from tests.own import SMALL, classifier, save_own

TEXT = "A talented cast is wasted on a dull and predictable script."
OWN_TEXT = "it is not a bad film"


@pytest.fixture(scope="module")
def model() -> TextModel:
    return dx.load("sst2-cnn")


def own(folder: Path, **config: Any) -> TextModel:
    return dx.load(save_own(classifier("Bert", **SMALL, **config), folder))


@pytest.mark.parametrize("method", list(known_text_attacks()))
def test_what_is_told_is_what_the_model_says_of_the_changed_text(
    model: TextModel, method: str
) -> None:
    found = dx.attack(model, TEXT, method)
    assert isinstance(found, TextAttackResult)
    after = dx.predict(model, found.moved)
    assert found.after == after.scores
    assert found.success == (after.scores[0].name != found.label)
    assert found.success
    assert found.told.startswith(f"{found.title} turns {found.label.label} (")
    assert 0 < found.queries <= found.budget
    json.dumps(found.to_dict())


@pytest.mark.parametrize("method", list(known_text_attacks()))
def test_every_text_that_goes_through_the_model_is_counted(
    model: TextModel, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 0
    shares = TextWords.shares

    def counted(self: TextWords, texts: Any) -> torch.Tensor:
        nonlocal rows
        rows += len(texts)
        return shares(self, texts)

    monkeypatch.setattr(TextWords, "shares", counted)
    for budget in (1, 7, 40):
        rows = 0
        found = dx.attack(model, TEXT, method, queries=budget)
        assert found.queries == rows <= budget


def test_the_changes_are_where_they_are_said_to_be(model: TextModel) -> None:
    for method in known_text_attacks():
        found = dx.attack(model, TEXT, method)
        assert found.changes
        for one in found.changes:
            assert found.text[one.start : one.stop] == one.old
            assert found.moved[slice(*one.at)] == one.new
            assert f">{one.old}</mark>" in marked_before(found)
            assert not one.new or f">{one.new}</mark>" in marked_after(found)


def test_substitution_keeps_the_length_and_the_similarity(model: TextModel) -> None:
    found = dx.attack(model, TEXT, "embedding-substitution", similarity=0.6, most=100)
    read = [len(TextWords(model, model.read(text), Progress()).words)
            for text in (found.text, found.moved)]  # fmt: skip
    assert read[0] == read[1] == found.words
    assert all(one.similarity is not None and one.similarity >= 0.6 for one in found.changes)


def test_a_word_that_is_left_out_takes_its_blank_along(model: TextModel) -> None:
    words = TextWords(model, model.read("A dull  film, truly."), Progress())
    assert words.words == ("A", "dull", "film", ",", "truly", ".")

    def without(*places: int) -> str:
        left = tuple("" if at in places else word for at, word in enumerate(words.words))
        return words.written(left)[0]

    assert without() == "A dull  film, truly."
    assert without(0) == "dull  film, truly."
    assert without(1) == "A  film, truly."
    assert without(2) == "A dull, truly."
    assert without(0, 1, 2, 3, 4) == "."
    assert words.changes(Trial(words.words, 0.0, False), None) == ()


def test_what_is_misclassified_already_is_said_and_costs_nothing(model: TextModel) -> None:
    said = dx.predict(model, TEXT).scores[0].name
    found = dx.attack(model, TEXT, label=1 - said.index)
    assert found.already
    assert not found.success
    assert (found.queries, found.moved, found.changes) == (0, TEXT, ())
    assert "there is nothing to attack" in found.told


def test_a_target_is_reached_or_that_is_said(model: TextModel) -> None:
    found = dx.attack(model, TEXT, "word-deletion", target="positive")
    assert found.after[0].name.label == "positive"
    small = dx.attack(model, TEXT, "word-deletion", target="positive", queries=3)
    assert not small.success
    assert "into positive within 3 queries" in small.told
    one = dx.attack(model, TEXT, "embedding-substitution", similarity=0.999)
    assert "has nothing more to try after" in one.told


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"method": "pgd"}, UnknownName, 'unknown attack "pgd"'),
        ({"queries": 0}, BadInput, "queries is 0; a whole number from 1"),
        ({"queries": 2.5}, BadInput, "queries is 2.5"),
        ({"seed": -1}, BadInput, "seed is -1"),
        ({"target": "negative"}, BadInput, "which is the class that is right"),
        ({"target": "purple"}, TargetError, "purple"),
        ({"most": 0}, BadInput, "most"),
        ({"x": ""}, TextError, "the text is empty"),
        ({"x": "Awful", "method": "word-deletion"}, BadInput, "the text has 1 word"),
    ],
)
def test_bad_input_is_one_sentence(
    model: TextModel, asked: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        dx.attack(model, **{"x": TEXT, **asked})


def test_one_word_may_be_mistyped_or_replaced(model: TextModel) -> None:
    assert dx.attack(model, "Awful", "character-swaps").words == 1
    found = dx.attack(model, "Awful", "embedding-substitution", similarity=0.3)
    assert found.words == 1
    assert len(found.moved.split()) == 1


def test_models_of_other_kinds_are_told() -> None:
    with pytest.raises(BadInput, match="ptb-rnn cannot be attacked"):
        dx.attack("ptb-rnn", "the company")


def test_a_model_of_ones_own_is_attacked_with_its_own_vectors(tmp_path: Path) -> None:
    model = own(tmp_path)
    known, why = word_vectors(model)
    assert why == ""
    assert known is not None
    assert set(known.words) == {"good", "bad", "film", "is", "not", "it"}
    found = dx.attack(model, OWN_TEXT, "embedding-substitution", similarity=-1.0)
    assert {one.old for one in found.changes} <= {"bad", "film"}
    found = dx.attack(model, OWN_TEXT, "word-deletion", most=5)
    assert found.queries > 0


def test_a_regression_and_a_label_that_stands_by_itself(tmp_path: Path) -> None:
    line = own(tmp_path / "a", problem_type="regression", id2label={0: "price"})
    with pytest.raises(Incompatible, match="is a regression, which says no class"):
        dx.attack(line, OWN_TEXT, "word-deletion")
    several = own(tmp_path / "b", problem_type="multi_label_classification")
    said = dx.predict(several, OWN_TEXT)
    best = said.scores[0]
    found = dx.attack(several, OWN_TEXT, "word-deletion", most=5)
    now = next(one for one in found.after if one.name == best.name)
    assert found.success == ((now.probability >= 0.5) != (best.probability >= 0.5))


def test_a_model_that_reads_letters_has_no_word_vectors(model: TextModel) -> None:
    from dataclasses import replace

    letters = replace(model, reader=replace(model.reader, letters=True))
    assert word_vectors(letters) == (
        None, "sst2-cnn reads single letters, of which no word has a vector",
    )  # fmt: skip


def test_a_model_that_says_nan_is_told(tmp_path: Path) -> None:
    from dataclasses import replace

    model = own(tmp_path)

    class Broken(torch.nn.Module):
        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return torch.full((len(ids), 3), float("nan"))

    broken = replace(model, prepared=replace(model.prepared, network=Broken()))
    with pytest.raises(BadInput, match="says NaN or infinity of this text"):
        dx.attack(broken, OWN_TEXT, "word-deletion")


def test_it_can_be_cancelled(model: TextModel) -> None:
    with pytest.raises(Cancelled):
        dx.attack(model, TEXT, progress=Progress(cancelled=lambda: True))


def test_the_maps_before_and_after(model: TextModel) -> None:
    found = dx.attack(model, TEXT, "embedding-substitution")
    maps = text_maps_of(model, found, "input-x-gradient")
    assert maps.words == found.words
    assert maps.correlation is not None
    assert -1 <= maps.correlation <= 1
    assert maps.before.target == maps.after.target == found.label
    left_out = dx.attack(model, TEXT, "word-deletion")
    assert text_maps_of(model, left_out, "input-x-gradient").words == found.words - len(
        left_out.changes
    )
    none = dx.attack(model, TEXT, "embedding-substitution", similarity=1.0)
    assert text_maps_of(model, none, "input-x-gradient").correlation == pytest.approx(1.0)
    with pytest.raises(BadInput, match="the attack is on another model than sst2-transformer"):
        text_maps_of(dx.load("sst2-transformer"), found)


def test_the_marked_texts_are_escaped(model: TextModel) -> None:
    found = dx.attack(model, "A <b>dull</b> & predictable script.", "word-deletion")
    for drawn in (marked_before(found), marked_after(found)):
        assert "<b>" not in drawn
        assert "&lt;" in drawn
        assert "&amp;" in drawn


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["attack", "--text", TEXT, "--model", "sst2-cnn"]
    assert main([*call, "--method", "word-deletion"]) == 0
    told = capsys.readouterr().out
    assert "Word deletion turns negative" in told
    assert "(left out)" in told
    assert main([*call, "--json", "--queries", "30"]) == 0
    assert json.loads(capsys.readouterr().out)["budget"] == 30
    for more, said in (
        (["--png", "x.png"], "--png is for a picture, not for a text"),
        (["--direction", "up"], "--direction is for a forecast, not for a text"),
        (["x.png"], "attack takes a picture, or --text, or --series, one of the three"),
        (["--model", "digits-cnn"], "digits-cnn reads a picture, and a text is given"),
    ):
        assert main([*call, *more]) == 2
        assert said in capsys.readouterr().err


def test_a_model_without_an_input_embedding_is_told(
    model: TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(ids: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(type(model.prepared), "embed", lambda self, ids: none(ids))
    found, why = word_vectors.__wrapped__(model)  # what it said before is remembered
    assert found is None
    assert why == f"{model.name} has no input embedding that can be reached"
