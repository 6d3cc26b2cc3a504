"""Translators that a user brings: they write as transformers' generate does, and are explained."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.data.pair_codec import END
from dlexplain.errors import BadInput, ParamError
from dlexplain.services.loading import load
from dlexplain.services.translation.models import LoadedTranslator
from dlexplain.services.translation.translating import cross_attention, translate
from dlexplain.services.translation.why import source_method_infos
from tests.own import SMALL, WORDS, classifier, save_own
from tests.own_translators import (
    FAMILIES,
    TASKS,
    generated,
    read_translator,
    save_translator,
    their_log_p,
)

TEXT = "it is not a bad film"
Brought = tuple[LoadedTranslator, Any, tuple[int, ...]]


@pytest.fixture(scope="module", params=list(FAMILIES))
def brought(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Brought:
    """The model as it is loaded here, by transformers, and what its decoder reads first."""
    folder = save_translator(tmp_path_factory.mktemp("own"), request.param)
    return load(LoadedTranslator, folder), read_translator(folder), FAMILIES[request.param][3]


def own_ids(model: LoadedTranslator, ids: tuple[int, ...]) -> list[int]:
    """Ids as the model's own vocabulary has them."""
    known = [WORDS.index("<pad>"), WORDS.index("<unk>"), -1, WORDS.index("</s>")]
    return [known[token] if token < 4 else token - 4 for token in ids]


def test_greedy_it_writes_what_generate_writes(brought: Brought) -> None:
    model, theirs, opening = brought
    for text in (TEXT, "good film", "bad"):
        found = translate(model, text, beam=1)
        source = own_ids(model, found.ids)
        assert WORDS[source[-1]] == "</s>"
        assert [WORDS[i] for i in source if WORDS[i][0] != "<"] == text.split()
        expected = generated(theirs, source, opening, model.limit(model.ids(model.read(text))))
        assert own_ids(model, found.best.ids) == expected
        log_p = their_log_p(theirs, source, expected, opening)
        sure = log_p.gather(1, torch.tensor(expected)[:, None])[:, 0]
        np.testing.assert_allclose(found.best.token_log_probabilities, sure, atol=1e-4)
        words = [WORDS[token] for token in expected if WORDS[token][0] != "<"]
        assert found.best.text == " ".join(words)


def test_a_wider_search_scores_its_candidates_as_transformers_does(brought: Brought) -> None:
    model, theirs, opening = brought
    found = translate(model, TEXT, beam=3)
    source = own_ids(model, found.ids)
    assert len(found.candidates) >= 3
    for one in found.candidates:
        target = own_ids(model, one.ids)
        log_p = their_log_p(theirs, source, target, opening)
        total = float(log_p.gather(1, torch.tensor(target)[:, None]).sum())
        assert one.log_probability == pytest.approx(total, abs=1e-3)


def test_cross_attention_is_the_models_own(brought: Brought) -> None:
    model, theirs, opening = brought
    found = translate(model, TEXT, beam=1)
    source, target = own_ids(model, found.ids), own_ids(model, found.best.ids)
    given = torch.tensor([[*opening, *target]])[:, :-1]
    with torch.no_grad():
        layers = theirs(
            input_ids=torch.tensor([source]), decoder_input_ids=given, output_attentions=True
        ).cross_attentions
    expected = torch.cat(list(layers))[:, :, len(opening) - 1 :]
    weights = cross_attention(model, found).weights
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    assert weights.shape == (2, 2, len(target), len(source))


def test_leaving_a_source_word_out_moves_their_log_probability(brought: Brought) -> None:
    """What the values must be, worked out with transformers alone."""
    model, theirs, opening = brought
    found = translate(model, TEXT, beam=1)
    source, target = own_ids(model, found.ids), own_ids(model, found.best.ids)
    place = 2

    def log_p(ids: list[int]) -> float:
        return float(their_log_p(theirs, ids, target, opening)[place, target[place]])

    why = dx.explain(model, TEXT, "leave-one-out", place, beam=1, removed="drop")
    own = [i for i in range(len(source)) if found.words[i] >= 0]
    assert [found.tokens[i].strip() for i in own] == TEXT.split()
    without = [log_p(source[:i] + source[i + 1 :]) for i in own]
    np.testing.assert_allclose(why.values[own], log_p(source) - np.array(without), atol=1e-3)
    path = dx.explain(model, TEXT, "integrated-gradients", place, beam=1, max_steps=2000)
    assert path.completeness_error is not None
    assert path.completeness_error < 0.02
    marks = [i for i in range(len(source)) if i not in own]
    assert np.abs(path.values[marks]).max() == 0


def test_the_gradient_is_that_of_their_word_vectors(brought: Brought) -> None:
    model, theirs, opening = brought
    found = translate(model, TEXT, beam=1)
    source, target = own_ids(model, found.ids), own_ids(model, found.best.ids)
    table, kept = theirs.get_encoder().get_input_embeddings(), []

    def keep(_module: Any, _given: Any, vectors: torch.Tensor) -> torch.Tensor | None:
        if kept:
            return None
        kept.append(vectors.detach().requires_grad_())
        return kept[0]

    hook = table.register_forward_hook(keep)
    given = torch.tensor([[*opening, *target]])[:, :-1]
    logits = theirs(input_ids=torch.tensor([source]), decoder_input_ids=given).logits[0]
    hook.remove()
    logits[len(opening) - 1 + 1].log_softmax(-1)[target[1]].backward()
    expected = (kept[0].grad * kept[0]).sum(-1)[0].detach()
    why = dx.explain(model, TEXT, "input-x-gradient", 1, beam=1)
    np.testing.assert_allclose(why.values, expected, atol=1e-3, rtol=1e-3)


def test_every_method_that_is_offered_works(tmp_path: Path) -> None:
    model = load(LoadedTranslator, save_translator(tmp_path, "Marian"))
    for info in source_method_infos():
        found = dx.explain(model, "good film", info.name, 0, beam=1)
        assert np.isfinite(found.values).all(), info.name


@pytest.fixture(scope="module")
def tasked(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tasked")
    return save_translator(folder, "T5", task_specific_params=TASKS)


def test_the_prefix_of_a_task_is_read_first_and_stays(tasked: str) -> None:
    """WhitespaceSplit reads "is:" as an unknown word."""
    model, theirs = load(LoadedTranslator, tasked), read_translator(tasked)
    assert model.prefix == "it is: "
    found = translate(model, "bad film", beam=1)
    source = own_ids(model, found.ids)
    assert [WORDS[token] for token in source] == ["it", "<unk>", "bad", "film", "</s>"]
    assert found.words.tolist() == [-1, -1, 2, 3, -1]
    assert (found.prefix, found.unknown, found.tokens[-1]) == ("it is: ", 0.0, END)
    written = generated(theirs, source, (1,), len(found.best.ids))
    assert own_ids(model, found.best.ids) == written
    why = dx.explain(model, "bad film", "integrated-gradients", 0, beam=1)
    assert why.values[[0, 1, 4]].tolist() == [0, 0, 0]
    plain = translate(model, "bad film", beam=1, prefix="")
    assert [WORDS[token] for token in own_ids(model, plain.ids)] == ["bad", "film", "</s>"]
    assert plain.to_dict()["prefix"] == ""
    other = dx.explain(model, "bad film", "input-x-gradient", 0, beam=1, prefix="film a")
    assert len(other.values) == 5


def test_a_model_that_was_trained_here_takes_no_prefix() -> None:
    with pytest.raises(ParamError, match='prefix is "to German: "; this model was trained'):
        dx.translate("dates-gru-attention", "5 may 1999", prefix="to German: ")


def test_long_texts_are_cut_and_told(brought: Brought) -> None:
    model, _, opening = brought
    longest = 512 if opening == (1,) and "T5" in type(model.network.model).__name__ else 40
    assert model.texts.reader.longest == longest
    found = translate(model, "film " * 600, beam=1)
    assert len(found.ids) == longest
    assert found.left == 600 - (longest - (2 if len(opening) > 1 else 1))
    assert len(found.best.ids) <= model.reach


def test_pieces_of_words_and_bytes_are_told_apart(tmp_path: Path) -> None:
    """Byte pairs: blanks belong to words, and a character of several tokens stands at the last."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokeniser = Tokenizer(models.BPE())
    tokeniser.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokeniser.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=280, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokeniser.train_from_iterator(["a good film is good", "films are good"], trainer)
    tokeniser.post_processor = processors.TemplateProcessing(
        "$A </s>", special_tokens=[("</s>", 2)]
    )
    folder = save_translator(tmp_path, "Marian", vocab_size=tokeniser.get_vocab_size())
    PreTrainedTokenizerFast(
        tokenizer_object=tokeniser, pad_token="<pad>", unk_token="<unk>", eos_token="</s>"
    ).save_pretrained(folder)
    model = load(LoadedTranslator, folder)
    found = model.read("good 好 film")
    assert "".join(found.tokens) == f"good 好 film{END}"
    ids = [token + 4 for token in tokeniser.encode("good 好 film", add_special_tokens=False).ids]
    pieces = model.texts.pieces([*ids, 3])
    assert "".join(pieces) == f"good 好 film{END}"
    assert model.texts.text([*ids, 3, 9]) == "good 好 film"
    words = model.texts.words([*ids, 3])
    assert words[-1] == -1
    assert [len(set(words[words == n])) for n in sorted(set(words[:-1]))] == [1, 1, 1]


def test_the_command_line_translates(tasked: str, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["translate", "--model", tasked, "--text", "bad film", "--beam", "2"]
    assert main([*call, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    ours = dx.translate(tasked, "bad film", beam=2)
    assert (found["prefix"], found["translation"]) == ("it is: ", ours.best.text)
    assert len(found["alignment"]["columns"]) == 5
    assert main(call) == 0
    assert 'read behind the prefix "it is: "' in capsys.readouterr().out
    assert main([*call, "--prefix", "", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["prefix"] == ""
    assert (
        main(["translate", "--model", "dates-gru-attention", "--text", "x", "--prefix", "y"]) == 2
    )
    assert "trained without one" in capsys.readouterr().err


def refused(folder: Path) -> str:
    with pytest.raises(BadInput) as told:
        dx.load(str(folder))
    assert "\n" not in str(told.value)
    return str(told.value)


def changed(folder: Path, file: str, **values: Any) -> Path:
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return folder


def test_what_cannot_be_used_is_refused_in_one_sentence(tmp_path: Path) -> None:
    def saved(name: str) -> Path:
        return Path(save_translator(tmp_path / name, "Marian"))

    said = "generation_config.json"
    beyond = changed(saved("beyond"), said, decoder_start_token_id=10**6)
    assert "need the token 1000000; ids from 0 to 11" in refused(beyond)
    forced = changed(saved("forced"), said, forced_bos_token_id=-3)
    assert "need the token -3; ids from 0 to 11" in refused(forced)
    ends = changed(saved("ends"), said, eos_token_id=[2, 5])
    assert "has 2 tokens that end a text" in refused(ends)

    spoilt = saved("nan")
    theirs = read_translator(str(spoilt))
    theirs.model.encoder.layers[0].fc1.weight.data[0, 0] = torch.nan
    theirs.save_pretrained(spoilt)
    assert "weights that are not finite" in refused(spoilt)

    pickled = saved("pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    assert "holds pickles only (pytorch_model.bin)" in refused(pickled)
    bare = saved("bare")
    (bare / "tokenizer.json").unlink()
    assert "lacks a tokenizer.json" in refused(bare)
    code = changed(saved("code"), "config.json", auto_map={"AutoModel": "x.Y"})
    assert "needs code of its own, which is never run" in refused(code)
    deep = changed(saved("deep"), "config.json", decoder_layers=10_000)
    assert "describes 10,000 layers" in refused(deep)
    headless = changed(saved("headless"), "config.json", decoder_attention_heads=0)
    assert "cannot be read: " in refused(headless)


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    folder = save_own(classifier("Bert", **SMALL), tmp_path)
    with pytest.raises(BadInput, match="a sequence-to-sequence model is accepted"):
        load(LoadedTranslator, folder)
