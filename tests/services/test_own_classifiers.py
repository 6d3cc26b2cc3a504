"""Classifiers that a user brings: what transformers itself says is what is said and explained."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dlexplain.__main__ import main
from dlexplain.errors import ModelError
from dlexplain.services.loading import load
from dlexplain.services.texts.explain import (
    classify_text,
    classify_texts,
    explain_text,
    text_method_infos,
)
from dlexplain.services.texts.models import TextModel
from dlexplain.services.writing.models import LoadedLanguageModel
from tests.own import SMALL, WORDS, classifier, read_again, save_own

TEXT = "it is not a bad film"
TEXTS = [TEXT, "good", "a film is good not bad it is a film", "bad film"]
SEQUENCE: dict[str, Any] = {
    "vocab_size": len(WORDS), "d_model": 16, "pad_token_id": 1, "bos_token_id": 0,
    "eos_token_id": 2, "decoder_start_token_id": 2,
}  # fmt: skip
TWO_STACKS = SEQUENCE | {
    "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
    "max_position_embeddings": 40,
}  # fmt: skip
T5 = SEQUENCE | {"d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
XLNET = SEQUENCE | {"n_layer": 2, "n_head": 2, "d_inner": 16}
FAMILIES: dict[str, tuple[str, dict[str, Any], int]] = {
    # the marks of its tokenizer, its shape, and the most tokens that it reads
    "Bert": ("both", SMALL, 40),
    "Roberta": ("both", SMALL, 38),  # positions begin behind the padding's id
    "MPNet": ("both", SMALL, 38),
    "Longformer": ("both", SMALL | {"attention_window": [4, 4]}, 38),
    "ConvBert": ("both", SMALL | {"embedding_size": 16, "head_ratio": 1}, 40),  # sees padding
    "Bart": ("both", TWO_STACKS, 40),
    "T5": ("end", T5, 512),
    "XLNet": ("types", XLNET, 512),  # says -1 positions
    "Llama": ("none", SMALL | {"num_key_value_heads": 1}, 40),
    "Mistral": ("none", SMALL | {"num_key_value_heads": 1, "pad_token_id": None}, 40),
}


@pytest.fixture(scope="module", params=list(FAMILIES))
def brought(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TextModel, Any, int]:
    """The model as it is loaded here, by transformers, and the most tokens that it reads."""
    frame, shape, longest = FAMILIES[request.param]
    folder = save_own(classifier(request.param, **shape), tmp_path_factory.mktemp("own"), frame)
    return load(TextModel, folder), read_again(folder), longest


def plainly(model: TextModel, theirs: Any, text: str) -> list[float]:
    """The probabilities by transformers alone."""
    return [
        float(share) for share in their_logits(theirs, model.read(text).ids.tolist()).softmax(0)
    ]


def their_logits(theirs: Any, ids: list[int]) -> torch.Tensor:
    types = [[0] * (len(ids) - 1) + [2]] if "XLNet" in type(theirs).__name__ else None
    more = {} if types is None else {"token_type_ids": torch.tensor(types)}
    with torch.no_grad():
        logits: torch.Tensor = theirs(input_ids=torch.tensor([ids]), **more).logits
    return logits[0]


def said(prediction: Any) -> list[float]:
    shares = {score.name.index: score.probability for score in prediction.scores}
    return [shares[index] for index in range(len(shares))]


def test_texts_alone_and_together_are_classified_as_by_transformers(
    brought: tuple[TextModel, Any, int],
) -> None:
    model, theirs, _ = brought
    together = classify_texts(model, TEXTS)
    for text, found in zip(TEXTS, together, strict=True):
        expected = plainly(model, theirs, text)
        np.testing.assert_allclose(said(found), expected, atol=1e-5)
        np.testing.assert_allclose(said(classify_text(model, text)), expected, atol=1e-5)


def test_every_position_is_read_and_none_beyond(brought: tuple[TextModel, Any, int]) -> None:
    model, theirs, longest = brought
    assert model.reader.longest == longest
    long = "good film " * 400
    found = classify_text(model, long)
    assert len(model.read(long)) == longest
    assert found.left == 800 + len(model.read("good")) - 1 - longest
    np.testing.assert_allclose(said(found), plainly(model, theirs, long), atol=1e-4)


def test_leaving_one_out_and_the_gradients_path_end_in_their_scores(
    brought: tuple[TextModel, Any, int],
) -> None:
    """What the values must be, worked out with transformers alone."""
    model, theirs, _ = brought
    reading = model.read("it is not bad")
    places = [place for place in range(len(reading)) if reading.words[place] >= 0]

    def logit(ids: list[int]) -> float:
        return float(their_logits(theirs, ids)[2])

    ids = reading.ids.tolist()
    whole = logit(ids)
    found = explain_text(model, reading, "leave-one-out", "yes")
    expected = [whole - logit(ids[:place] + ids[place + 1 :]) for place in places]
    np.testing.assert_allclose(found.values[places], expected, atol=1e-4)
    path = explain_text(
        model, reading, "integrated-gradients", "yes", max_steps=4000, tolerance=0.001
    )
    blanked = [model.prepared.blank if reading.words[i] >= 0 else ids[i] for i in range(len(ids))]
    assert path.baseline_score == pytest.approx(logit(blanked), abs=1e-4)
    assert path.values.sum() == pytest.approx(whole - logit(blanked), rel=0.02, abs=1e-3)


def test_every_method_that_is_offered_works(brought: tuple[TextModel, Any, int]) -> None:
    model, _, _ = brought
    for info in text_method_infos(model):
        found = explain_text(model, TEXT, info.name, "yes")
        assert np.isfinite(found.values).all()
        assert np.abs(found.values).max() > 0


@pytest.fixture(scope="module")
def without_pad(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A decoder whose tokenizer has no padding, and whose id 0 is a word."""
    words = ["!", "good", "bad", "film", "a", "<unk>"]
    shape = {"vocab_size": 6, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 32}
    model = classifier("GPT2", **shape, eos_token_id=5, bos_token_id=5)
    return save_own(model, tmp_path_factory.mktemp("own"), "none", words)


def test_a_word_with_the_id_0_is_no_padding_and_no_blank(without_pad: str) -> None:
    model, theirs = load(TextModel, without_pad), read_again(without_pad)
    texts = ["a good film !", "a good film", "! !", "bad"]
    for text, found in zip(texts, classify_texts(model, texts), strict=True):
        np.testing.assert_allclose(said(found), plainly(model, theirs, text), atol=1e-5)
    assert model.prepared.blank == 5
    values = explain_text(model, texts[0], "leave-one-out", "yes").values
    assert np.abs(values[3]) > 1e-3


def test_a_decoder_that_takes_a_word_for_padding_is_refused(
    without_pad: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "own"
    read_again(without_pad).save_pretrained(folder)
    for file in Path(without_pad).glob("tok*"):
        (folder / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"pad_token_id": 0}))
    assert main(["classify", "--text", "good", "--model", str(folder)]) == 2
    told = capsys.readouterr().err
    assert 'takes "!" (id 0), which texts have, for padding' in told
    assert "Traceback" not in told


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_read_as_float32(dtype: torch.dtype, tmp_path: Path) -> None:
    folder = save_own(classifier("Bert", **SMALL), tmp_path / "bert")
    read_again(folder).to(dtype).save_pretrained(folder)
    assert json.loads((tmp_path / "bert/config.json").read_text())["dtype"] == str(dtype)[6:]
    model, theirs = load(TextModel, folder), read_again(folder)
    assert {p.dtype for p in model.prepared.network.parameters()} == {torch.float32}
    np.testing.assert_allclose(
        said(classify_text(model, TEXT)), plainly(model, theirs, TEXT), atol=1e-6
    )
    for info in text_method_infos(model):
        assert np.abs(explain_text(model, TEXT, info.name, "yes").values).max() > 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_language_model_in_half_precision_is_read_as_float32(
    dtype: torch.dtype, tmp_path: Path
) -> None:
    import transformers

    config = transformers.LlamaConfig(**SMALL, num_key_value_heads=1)
    folder = save_own(transformers.LlamaForCausalLM(config).to(dtype), tmp_path / "own", "none")
    model = load(LoadedLanguageModel, folder)
    ids = torch.tensor([[0, 5, 7, 9]])
    theirs = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        logits, _ = model(ids)
        torch.testing.assert_close(logits, theirs(input_ids=ids).logits)
    assert logits.dtype == torch.float32


def refused(folder: str) -> str:
    with pytest.raises(ModelError) as told:
        load(TextModel, folder)
    return str(told.value)


def test_a_model_that_answers_with_no_number_is_refused(tmp_path: Path) -> None:
    folder = save_own(classifier("Bert", **SMALL), tmp_path)
    spoilt = read_again(folder)
    spoilt.classifier.bias.data[1] = torch.nan
    spoilt.save_pretrained(folder)
    assert "no number (NaN or infinity)" in refused(folder)


def test_a_model_whose_code_fails_is_refused(tmp_path: Path) -> None:
    """BART classifies the state of the end mark, which this tokenizer does not put."""
    folder = save_own(classifier("Bart", **TWO_STACKS), tmp_path, "none")
    assert "fails on a text of one word" in refused(folder)


def test_a_model_that_reads_only_its_marks_is_refused(tmp_path: Path) -> None:
    folder = save_own(classifier("Bert", **SMALL | {"max_position_embeddings": 2}), tmp_path)
    assert "reads 2 tokens, of which 2 are marks" in refused(folder)
