"""Loading text classifiers: the zoo's, and a Hugging Face folder that the test itself saves."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from dlexplain.errors import Incompatible, TextError, UnknownName, WeightsError
from dlexplain.services.loading import load
from dlexplain.services.texts.attention import attention
from dlexplain.services.texts.explain import (
    classify_text,
    classify_texts,
    explain_text,
    text_method_infos,
)
from dlexplain.services.texts.models import TextModel

SENTENCE = "a good film , truly"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT classifier as save_pretrained writes it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    path = tmp_path_factory.mktemp("own") / "tiny-bert"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "film", ",", "##ly"]
    tokeniser = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokeniser.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokeniser.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokeniser, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]", model_max_length=16,
    )  # fmt: skip
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=16, id2label={0: "no", 1: "maybe", 2: "yes"},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(path)
    fast.save_pretrained(path)
    return path


def test_a_hugging_face_folder_classifies_as_transformers_does(folder: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = load(TextModel, str(folder))
    assert [name.label for name in model.classes] == ["no", "maybe", "yes"]
    tokens = AutoTokenizer.from_pretrained(folder)(SENTENCE, return_tensors="pt")
    with torch.no_grad():
        theirs = AutoModelForSequenceClassification.from_pretrained(folder)(**tokens).logits
    ours = {s.name.index: s.probability for s in classify_text(model, SENTENCE).scores}
    np.testing.assert_allclose([ours[i] for i in range(3)], theirs.softmax(1)[0], atol=1e-5)


def test_texts_of_several_lengths_are_classified_as_each_alone(folder: Path) -> None:
    model = load(TextModel, str(folder))
    texts = [SENTENCE, "bad", "a film"]
    together = classify_texts(model, texts)
    for text, found in zip(texts, together, strict=True):
        alone = classify_text(model, text)
        assert found.scores[0].name == alone.scores[0].name
        assert found.scores[0].probability == pytest.approx(alone.scores[0].probability, abs=1e-5)


def test_every_method_that_suits_it_explains_it(folder: Path) -> None:
    model = load(TextModel, str(folder))
    infos = text_method_infos(model)
    assert {i.name for i in infos} >= {"integrated-gradients", "lime", "attention-rollout"}
    for info in infos:
        found = explain_text(model, SENTENCE, info.name, "yes")
        assert found.tokens == ("[CLS]", "a", "good", "film", ",", "truly", "[SEP]")
        if info.complete and info.name != "gradient-shap":
            assert found.completeness_error is not None
            assert found.completeness_error < 0.02
    assert attention(model, SENTENCE).weights.shape == (2, 2, 7, 7)


def changed(folder: Path, to: Path, **config: object) -> Path:
    to.mkdir()
    for file in folder.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    known = json.loads((to / "config.json").read_text())
    (to / "config.json").write_text(json.dumps(known | config))
    return to


def test_folders_that_are_no_classifier_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnknownName, match=r"has no config\.json"):
        load(TextModel, str(tmp_path / "empty"))
    other = changed(folder, tmp_path / "other", architectures=["BertModel"])
    with pytest.raises(WeightsError, match="is BertModel; a sequence classifier is"):
        load(TextModel, str(other))
    own_code = changed(folder, tmp_path / "code", auto_map={"AutoModel": "x.Y"})
    with pytest.raises(WeightsError, match="needs code of its own, which is never run"):
        load(TextModel, str(own_code))
    broken = changed(folder, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="cannot be read"):
        load(TextModel, str(broken))


def test_pickles_and_missing_tokenizers_are_told(folder: Path, tmp_path: Path) -> None:
    pickled = changed(folder, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(WeightsError, match=r"holds pickles only \(pytorch_model\.bin\)"):
        load(TextModel, str(pickled))
    (pickled / "pytorch_model.bin").unlink()
    with pytest.raises(WeightsError, match="has no weights"):
        load(TextModel, str(pickled))
    mute = changed(folder, tmp_path / "mute")
    (mute / "tokenizer.json").unlink()
    with pytest.raises(WeightsError, match=r"lacks a tokenizer\.json"):
        load(TextModel, str(mute))


def test_weights_of_another_size_are_told(folder: Path, tmp_path: Path) -> None:
    larger = changed(folder, tmp_path / "larger", num_hidden_layers=3)
    with pytest.raises(WeightsError, match="lacks the weights"):
        load(TextModel, str(larger))


def test_an_unknown_name_lists_what_is_known() -> None:
    with pytest.raises(UnknownName, match=r'unknown text classifier "sst3"; known: sst2-minilm'):
        load(TextModel, "sst3")


def test_joined_pieces_conserve_the_sum() -> None:
    model = load(TextModel, "sst2-minilm")
    found = explain_text(model, "unforgettably overacted!", "input-x-gradient")
    words = found.of_words()
    assert words.tokens == ("[CLS]", "unforgettably", "overacted", "!", "[SEP]")
    assert words.values.sum() == pytest.approx(found.values.sum(), abs=1e-5)


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(TextError, match="the text is empty"):
        classify_text(load(TextModel, "sst2-cnn"), "")


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny GPT-2 as save_pretrained writes it."""
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    from dlexplain.data.tokenisers import train_tokeniser

    path = tmp_path_factory.mktemp("own") / "tiny-gpt"
    tokeniser = train_tokeniser("bpe", ["a good film", "a bad film"], 300, specials=("<end>",))
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokeniser, bos_token="<end>", eos_token="<end>", model_max_length=32
    )
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=tokeniser.get_vocab_size(), n_positions=32, n_embd=16, n_layer=2, n_head=2,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(path)
    fast.save_pretrained(path)
    return path


def test_a_hugging_face_language_model_writes_as_transformers_does(writer: Path) -> None:
    from transformers import AutoModelForCausalLM

    from dlexplain.services.loading import load
    from dlexplain.services.writing.models import LoadedLanguageModel
    from dlexplain.services.writing.reading import read
    from dlexplain.services.writing.writing import generate

    model = load(LoadedLanguageModel, str(writer))
    ids = model.ids(model.codec.encode("a good film"))
    theirs = AutoModelForCausalLM.from_pretrained(writer)
    with torch.no_grad():
        expected = theirs(input_ids=ids).logits
        whole, _ = model(ids)
        first, state = model(ids[:, :2])
        rest, _ = model(ids[:, 2:], state)
    torch.testing.assert_close(whole, expected)
    torch.testing.assert_close(torch.cat([first, rest], 1), expected, atol=1e-5, rtol=1e-4)
    written = generate(model, "a good", count=5, temperature=0, start="yes")
    with torch.no_grad():
        start = model.ids(model.codec.encode("a good"))
        told = theirs.generate(start, max_new_tokens=5, do_sample=False, pad_token_id=0)
    assert [token.piece for token in written.tokens] == model.codec.pieces(told[0, len(start[0]) :])
    assert read(model, "a good film").perplexity > 1


def test_a_text_beyond_the_last_position_is_refused(writer: Path) -> None:
    from dlexplain.services.loading import load
    from dlexplain.services.writing.models import LoadedLanguageModel

    model = load(LoadedLanguageModel, str(writer))
    with pytest.raises(TextError, match="more than 32 tokens"):
        model(torch.zeros(1, 33, dtype=torch.long))


@pytest.mark.parametrize("kind", ["causal", "without attention"])
def test_other_families_are_read_as_they_are(kind: str, folder: Path, tmp_path: Path) -> None:
    """A causal classifier reads its last state; one that has no attention says so."""
    import transformers

    path = tmp_path / "other"
    shutil.copytree(folder, path)
    for file in path.glob("model*"):
        file.unlink()
    torch.manual_seed(0)
    if kind == "causal":
        config = transformers.GPT2Config(
            vocab_size=11, n_positions=16, n_embd=16, n_layer=2, n_head=2, num_labels=3,
            pad_token_id=0, bos_token_id=2, eos_token_id=3,
        )  # fmt: skip
        transformers.GPT2ForSequenceClassification(config).save_pretrained(path)
    else:
        config = transformers.FNetConfig(
            vocab_size=11, hidden_size=16, num_hidden_layers=2, intermediate_size=32,
            max_position_embeddings=16, num_labels=3,
        )  # fmt: skip
        transformers.FNetForSequenceClassification(config).save_pretrained(path)
    model = load(TextModel, str(path))
    if kind == "causal":
        found = explain_text(model, SENTENCE, "attention-rollout")
        heads = attention(model, SENTENCE).weights.mean(1)
        own = np.eye(heads.shape[-1])
        expected = ((heads[1] + own) / 2) @ ((heads[0] + own) / 2)
        np.testing.assert_allclose(found.values, expected[-1], atol=1e-6)
    else:
        assert "attention-rollout" not in [info.name for info in text_method_infos(model)]
        with pytest.raises(Incompatible, match="has no attention"):
            attention(model, SENTENCE)


@pytest.mark.parametrize("family", ["Llama", "Qwen2", "Mistral"])
def test_deeplift_is_not_offered_where_states_are_multiplied(
    family: str, folder: Path, tmp_path: Path
) -> None:
    """Their norms and gates are functions of their own, of no known module."""
    import transformers

    path = tmp_path / family
    shutil.copytree(folder, path)
    for file in path.glob("model*"):
        file.unlink()
    config = getattr(transformers, f"{family}Config")(
        vocab_size=11, hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, intermediate_size=16, max_position_embeddings=16, pad_token_id=0,
        num_labels=3,
    )  # fmt: skip
    getattr(transformers, f"{family}ForSequenceClassification")(config).save_pretrained(path)
    model = load(TextModel, str(path))
    assert "deeplift" not in [info.name for info in text_method_infos(model)]
    with pytest.raises(Incompatible, match="DeepLift's rule is not exact for"):
        explain_text(model, SENTENCE, "deeplift")
