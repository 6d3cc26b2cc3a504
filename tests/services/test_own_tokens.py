"""Token classifiers that a user brings: the label of each word is transformers' own."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.errors import BadInput, Incompatible, ModelError, ParamError, TargetError
from dlexplain.figures.coloured_text import coloured_text
from dlexplain.figures.labelled_text import labelled_text, plot_labelled_text
from dlexplain.results import LabelledText
from dlexplain.services.loading import load
from dlexplain.services.texts.changes import changed, find_turning
from dlexplain.services.texts.labelling import explain_label, label_words, of_word
from dlexplain.services.texts.token_models import TokenModel
from tests.own import SMALL, WORDS, classifier, labeller, read_labeller, save_own
from tests.services.test_own_classifiers import T5, XLNET

TEXT = "it is not a bad film"
GPT2 = {"vocab_size": 12, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 32,
        "bos_token_id": 0, "eos_token_id": 2}  # fmt: skip
FNET = {key: value for key, value in SMALL.items() if key != "num_attention_heads"}
FAMILIES: dict[str, tuple[str, dict[str, Any], bool]] = {
    # the marks of its tokenizer, its shape, and whether its attention can be shown
    "Bert": ("both", SMALL, True),
    "Roberta": ("both", SMALL, True),
    "T5": ("end", T5, True),
    "GPT2": ("none", GPT2, True),
    "XLNet": ("types", XLNET, False),  # its weights have another layout
    "FNet": ("both", FNET, False),
}


@pytest.fixture(scope="module", params=list(FAMILIES))
def brought(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TokenModel, Any, bool]:
    """The model as it is loaded here, by transformers, and whether it attends."""
    frame, shape, attends = FAMILIES[request.param]
    folder = save_own(labeller(request.param, **shape), tmp_path_factory.mktemp("own"), frame)
    return load(TokenModel, folder), read_labeller(folder), attends


def their_logits(theirs: Any, ids: list[int]) -> torch.Tensor:
    """(tokens, labels) by transformers alone."""
    types = [[0] * (len(ids) - 1) + [2]] if "XLNet" in type(theirs).__name__ else None
    more = {} if types is None else {"token_type_ids": torch.tensor(types)}
    with torch.no_grad():
        logits: torch.Tensor = theirs(input_ids=torch.tensor([ids]), **more).logits
    return logits[0]


def test_words_are_labelled_as_by_transformers(brought: tuple[TokenModel, Any, bool]) -> None:
    model, theirs, _ = brought
    found = label_words(model, TEXT)
    assert found.words == tuple(TEXT.split())
    ids = model.read(TEXT).ids.tolist()
    expected = their_logits(theirs, ids).softmax(-1)[found.places.tolist()]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)
    assert [ids[place] for place in found.places] == [WORDS.index(word) for word in TEXT.split()]


def test_values_of_one_label_are_those_of_its_logit(
    brought: tuple[TokenModel, Any, bool],
) -> None:
    """What they must be, worked out with transformers alone; the word itself is blanked too."""
    model, theirs, _ = brought
    reading = model.read(TEXT)
    ids, place = reading.ids.tolist(), label_words(model, TEXT).places.tolist()[4]  # "bad"

    def logit(changed: list[int]) -> float:
        return float(their_logits(theirs, changed)[place, 1])

    found = explain_label(model, TEXT, "leave-one-out", "maybe", word=4)
    own = [i for i in range(len(ids)) if reading.words[i] >= 0]
    without = [logit([*ids[:i], model.blank, *ids[i + 1 :]]) for i in own]
    np.testing.assert_allclose(found.values[own], logit(ids) - np.array(without), atol=1e-4)
    assert (found.place, found.asked_word) == (place, "bad")
    path = explain_label(
        model, TEXT, "integrated-gradients", "maybe", word="bad", max_steps=4000, tolerance=0.001
    )
    blanked = [model.blank if i in own else token for i, token in enumerate(ids)]
    assert path.baseline_score == pytest.approx(logit(blanked), abs=1e-4)
    assert path.values.sum() == pytest.approx(logit(ids) - logit(blanked), rel=0.02, abs=1e-3)


def test_methods_of_attention_are_offered_where_it_can_be_shown(
    brought: tuple[TokenModel, Any, bool],
) -> None:
    model, _, attends = brought
    known = {info.name for info in dx.methods(model)}
    assert ({"attention-rollout", "gradient-attention"} <= known) is attends
    assert {"integrated-gradients", "leave-one-out", "lime", "shap-partition"} <= known


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three labels of the IOB form, with HTML; of TEXT "bad" is a person and the rest outside."""
    labels = {0: "I-<b>PER</b>", 1: "O", 2: "B-<b>PER</b>"}
    model = labeller("Roberta", **SMALL, id2label=labels)
    return save_own(model, tmp_path_factory.mktemp("own"))


def test_every_method_that_is_offered_works(people: str) -> None:
    for info in dx.methods(load(TokenModel, people)):
        found = dx.explain(people, TEXT, info.name, 1, word=2)
        assert np.isfinite(found.values).all(), info.name
        assert np.abs(found.values).max() > 0, info.name
        assert not any("drop" in spec.options for spec in info.params.values()), info.name


def test_rollout_starts_at_the_token_that_is_asked(people: str) -> None:
    """Its row, of weights that transformers gives."""
    model, theirs = load(TokenModel, people), read_labeller(people)
    theirs.set_attn_implementation("eager")
    ids = torch.from_numpy(model.read(TEXT).ids)[None]
    with torch.no_grad():
        layers = theirs(input_ids=ids, output_attentions=True).attentions
    own = torch.eye(ids.shape[1])
    first, second = [(layer[0].mean(0) + own) / 2 for layer in layers]
    for word in (0, 4):
        found = dx.explain(people, TEXT, "attention-rollout", word=word)
        np.testing.assert_allclose(found.values, (second @ first)[found.place], atol=1e-5)
    maps = dx.attention(people, TEXT)
    np.testing.assert_allclose(maps.weights[1], layers[1][0], atol=1e-5)


def test_two_words_of_one_text_have_answers_of_their_own(people: str) -> None:
    """Answers are kept by the model, the text and the word."""
    first, second = (dx.explain(people, TEXT, "input-x-gradient", 1, word=w) for w in (0, 4))
    assert np.abs(first.values - second.values).max() > 1e-3
    assert dx.explain(people, TEXT, "input-x-gradient", 1, word=0) is first


def test_a_word_keeps_its_place(people: str) -> None:
    model = load(TokenModel, people)
    with pytest.raises(ParamError, match='removed is "drop"; it takes one of blank, undecided'):
        dx.explain(model, TEXT, "leave-one-out", word=0, removed="drop")
    reading = model.read(TEXT)
    asked = of_word(model, reading, 0)
    with pytest.raises(Incompatible, match="mask is accepted"):
        find_turning(asked, reading, "drop")
    with pytest.raises(Incompatible, match="mask is accepted"):
        changed(asked, reading, [1], "replace", "good film")
    tried = [of_word(model, reading, word) for word in range(6)]
    each = [(one, find_turning(one, reading, "mask")) for one in tried]
    asked, found = next((one, found) for one, found in each if found.after)
    ids = torch.from_numpy(changed(asked, reading, [c.place for c in found.changes], "mask").ids)
    turned = their_logits(read_labeller(people), ids.tolist())[asked.place].argmax()
    assert found.after is not None
    assert int(turned) == found.after.scores[0].name.index != found.before.scores[0].name.index


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (9, 'word is "9"; it takes a number from 0 to 5 or a word of the text'),
        (-1, 'word is "-1"; it takes'),
        ("dog", 'word is "dog"'),
    ],
)
def test_a_word_that_is_not_there_is_one_sentence(people: str, word: Any, said: str) -> None:
    with pytest.raises(TargetError, match=re.escape(said)):
        dx.explain(people, TEXT, word=word)


def test_a_word_that_occurs_twice_needs_its_number(people: str) -> None:
    with pytest.raises(TargetError, match='the word "bad" occurs several times.*: 0, 2'):
        dx.explain(people, "bad film bad", word="bad")


def test_the_first_word_that_is_something_is_asked_by_default(people: str) -> None:
    found = dx.predict(people, TEXT)
    assert [score.name.label for score in found.said] == [*"OOOO", "B-<b>PER</b>", "O"]
    assert dx.explain(people, TEXT, "input-x-gradient").place == found.places[4]


def test_labels_are_shown_as_they_are(people: str) -> None:
    found = dx.predict(people, TEXT)
    assert isinstance(found, LabelledText)
    for drawn in (labelled_text(found, 0), str(plot_labelled_text(found).to_plotly_json())):
        assert "&lt;b&gt;PER" in drawn
        assert "<b>" not in drawn
    # One colour for the beginning and the inside of a person, none outside.
    assert [trace.name for trace in plot_labelled_text(found).data] == list(
        dict.fromkeys("O" if s.name.label == "O" else "&lt;b&gt;PER&lt;/b&gt;" for s in found.said)
    )
    why = dx.explain(people, TEXT, "input-x-gradient", word="bad")
    assert why.class_question == 'B-<b>PER</b> at "bad"'
    for shown in (why, why.of_words()):
        assert coloured_text(shown).count("outline") == 1
    assert (why.to_dict()["word"], why.to_dict()["place"]) == ("bad", 5)


def test_a_word_of_several_pieces_has_the_label_of_its_first(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "film", "##s", "good", "are", "bad", "##ly"]
    tokeniser = Tokenizer(
        models.WordPiece(vocab={w: i for i, w in enumerate(words)}, unk_token="[UNK]")
    )
    tokeniser.pre_tokenizer = pre_tokenizers.Whitespace()
    shape = SMALL | {"vocab_size": 8, "pad_token_id": 0}
    folder = save_own(labeller("Bert", **shape), tmp_path)
    PreTrainedTokenizerFast(
        tokenizer_object=tokeniser, pad_token="[PAD]", unk_token="[UNK]"
    ).save_pretrained(folder)
    model = load(TokenModel, folder)
    found = label_words(model, "good films are bad")
    assert found.words == ("good", "films", "are", "bad")
    assert found.places.tolist() == [0, 1, 3, 4]
    expected = their_logits(read_labeller(folder), [4, 2, 3, 5, 6]).softmax(-1)[[0, 1, 3, 4]]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)
    why = explain_label(model, "good films are bad", "input-x-gradient", word="films")
    assert (why.place, why.asked_word, why.of_words().place) == (1, "films", 1)
    assert why.of_words().tokens[1] == "films"


def test_the_command_line_labels_and_explains(
    people: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["classify", "--text", TEXT, "--model", people, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    said = dx.predict(people, TEXT).said
    assert [row["label"] for row in found["words"]] == [score.name.label for score in said]
    assert [TEXT[row["start"] : row["stop"]] for row in found["words"]] == TEXT.split()
    assert main(["classify", "--text", TEXT, "--model", people]) == 0
    assert f"{said[4].probability:.2%}  {said[4].name.label}" in capsys.readouterr().out
    file = tmp_path / "texts.csv"
    file.write_text("text\ngood film\nbad\n")
    assert main(["classify", "--texts", str(file), "--model", people, "--json"]) == 0
    assert [len(row["words"]) for row in json.loads(capsys.readouterr().out)] == [2, 1]
    call = ["explain", "--text", TEXT, "--model", people, "--method", "leave-one-out"]
    assert main([*call, "--word", "bad", "--target", "O", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    ours = dx.explain(people, TEXT, "leave-one-out", "O", word=4)
    assert printed["values"] == pytest.approx(ours.values.tolist())
    assert main([*call, "--word", "7"]) == 2
    assert 'word is "7"; it takes a number from 0 to 5' in capsys.readouterr().err
    assert main(["explain", "--text", TEXT, "--model", "sst2-cnn", "--word", "1"]) == 2
    assert "--word is for token classifiers" in capsys.readouterr().err


def refused(folder: str | Path) -> str:
    with pytest.raises(BadInput) as told:
        dx.load(str(folder))
    assert "\n" not in str(told.value)
    return str(told.value)


def changed_config(folder: Path, **values: Any) -> Path:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))
    return folder


def test_what_cannot_be_used_is_refused_in_one_sentence(tmp_path: Path) -> None:
    def saved(name: str) -> Path:
        return Path(save_own(labeller("Bert", **SMALL), tmp_path / name))

    spoilt = saved("nan")
    theirs = read_labeller(str(spoilt))
    theirs.bert.embeddings.word_embeddings.weight.data[3, 0] = torch.nan
    theirs.save_pretrained(spoilt)
    assert "weights that are not finite: bert.embeddings.word_embeddings" in refused(spoilt)

    pickled = saved("pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    assert "holds pickles only (pytorch_model.bin)" in refused(pickled)

    own_code = changed_config(saved("code"), auto_map={"AutoModel": "x.Y"})
    assert "needs code of its own, which is never run" in refused(own_code)

    bare = saved("bare")
    (bare / "tokenizer.json").unlink()
    assert "lacks a tokenizer.json" in refused(bare)

    deep = changed_config(saved("deep"), num_hidden_layers=10_000)
    assert "describes 10,000 layers, its weights hold" in refused(deep)
    wide = changed_config(saved("wide"), vocab_size=1_000_000)
    assert "parameters, its weights hold" in refused(wide)

    headless = changed_config(saved("headless"), num_attention_heads=0)
    assert "cannot be read: " in refused(headless)

    unlabelled = changed_config(saved("unlabelled"), id2label={}, label2id={})
    assert "unlabelled" in refused(unlabelled)


def test_a_classifier_of_texts_is_no_token_classifier(tmp_path: Path) -> None:
    folder = save_own(classifier("Bert", **SMALL), tmp_path)
    with pytest.raises(ModelError, match="a token classifier is accepted"):
        load(TokenModel, folder)
