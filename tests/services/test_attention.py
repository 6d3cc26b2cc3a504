"""Attention's sums against hand-computed values and the model's own output."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

import dlexplain as dx
from dlexplain.errors import Incompatible, ParamError, TextError
from dlexplain.evaluation.ranks import spearman
from dlexplain.networks.modules.text_shapes import Attends
from dlexplain.results import AttentionMaps, TextAttribution, TokenWeights
from dlexplain.services.loading import load
from dlexplain.services.texts.attention import (
    Windows,
    agreement,
    attention,
    compared,
    maps_from,
    reading_maps,
    rollout,
    text_windows,
    told_classes,
)
from dlexplain.services.texts.attention_facts import (
    head_facts,
    one_head,
    overlaid,
    weights_without_marks,
    without_marks,
)
from dlexplain.services.texts.models import TextModel
from dlexplain.trained.catalogue import entries

FILM = "A gripping film that never feels long."
NAMES = ("sst2-minilm", "sst2-transformer", "sst2-lstm-attention")


def maps(weights: object, words: list[int] | None = None, tokens: str = "") -> AttentionMaps:
    """(layers, heads, queries, tokens) of made-up attention."""
    array = np.asarray(weights, np.float32)
    count = array.shape[3]
    numbers = list(range(count)) if words is None else words
    names = tuple(tokens or "abcdefghijklmnopqrstuvwxyz"[:count])
    return AttentionMaps("made up", "a text", names, np.array(numbers), array)


@pytest.fixture(scope="module")
def minilm() -> TextModel:
    return load(TextModel, "sst2-minilm")


@pytest.mark.parametrize("name", NAMES)
def test_rows_sum_to_one_and_equal_the_models_own_output(name: str) -> None:
    model = load(TextModel, name)
    reading = model.read(FILM)
    ids = torch.from_numpy(reading.ids)[None]
    found = reading_maps(model, reading)
    np.testing.assert_allclose(found.weights.sum(-1), 1, atol=1e-5)
    with torch.inference_mode():
        own = model.prepared.network.attention(ids)  # type: ignore[operator]
    if name == "sst2-lstm-attention":
        own = [own[:, None, None]]  # its pooling's weights, (batch, time)
    np.testing.assert_allclose(found.weights, torch.cat(own).numpy(), atol=1e-6)


def test_rollout_of_two_layers_by_hand() -> None:
    first, second = [[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.0, 1.0]]
    # (A1 + I) / 2 = [[1, 0], [.25, .75]] and (A2 + I) / 2 = [[.5, .5], [0, 1]]
    by_hand = [[0.625, 0.375], [0.25, 0.75]]
    found = rollout(maps([[first], [second]]))
    np.testing.assert_allclose(found.weights, by_hand)
    np.testing.assert_allclose(
        rollout(maps([[first], [second]]), 1).weights, [[1, 0], [0.25, 0.75]]
    )
    assert found.title == "rollout of layers 1 to 2"


def test_rollout_takes_the_mean_of_heads() -> None:
    looks = np.eye(3)[[1, 2, 0]]
    found = rollout(maps([[looks, np.eye(3)]]))
    np.testing.assert_allclose(found.weights, (looks + 3 * np.eye(3)) / 4)


def test_entropy_and_distance_by_hand() -> None:
    count = 8
    uniform, own = np.full((count, count), 1 / count), np.eye(count)
    facts = head_facts(maps([[uniform, own]]))
    np.testing.assert_allclose(facts.entropy, [[np.log2(count), 0]], atol=1e-6)
    apart = np.abs(np.arange(count)[:, None] - np.arange(count)[None])
    np.testing.assert_allclose(facts.distance, [[apart.mean(), 0]], rtol=1e-6)
    assert facts.kinds.tolist() == [["broad", "itself"]]


def test_heads_are_recognised_by_where_they_look() -> None:
    count = 8
    before, after = np.eye(count, k=-1), np.eye(count, k=1)
    before[0, 0] = after[-1, -1] = 1
    first, mark, even = np.zeros((3, count, count))
    first[:, 1], mark[:, 0], even[:, [2, 4, 6]] = 1, 0.9, 1 / 3
    mark[:, 1:] = 0.1 / 7
    words = [-1, *range(count - 1)]
    facts = head_facts(maps([[before, after, first, mark, even]], words))
    assert facts.kinds.tolist() == [["previous", "next", "first", "marks", "mixed"]]
    np.testing.assert_allclose(facts.shares["previous"][0, 0], 7 / 8)
    np.testing.assert_allclose(facts.shares["marks"][0, 3], 0.9, rtol=1e-6)


def test_punctuation_counts_as_a_separator() -> None:
    count = 6
    stops = np.zeros((count, count))
    stops[:, 5] = 1
    assert head_facts(maps([[stops]], tokens="abcde.")).kinds.tolist() == [["marks"]]
    assert head_facts(maps([[stops]], tokens="abcdef")).kinds.tolist() == [["mixed"]]


def test_a_kind_that_the_text_makes_likely_is_no_kind() -> None:
    # Of four tokens three are marks: three quarters of attention on them is what chance gives.
    facts = head_facts(maps([[np.full((4, 4), 0.25)]], [-1, 0, -1, -1]))
    assert facts.kinds.tolist() == [["broad"]]


def test_minilms_head_for_the_token_before_is_found(minilm: TextModel) -> None:
    facts = head_facts(reading_maps(minilm, minilm.read(FILM)))
    assert facts.kinds[0, 2] == "previous"
    assert facts.shares["previous"][0, 2] > 0.85


def test_hidden_marks_leave_rows_that_sum_to_one() -> None:
    weights = np.array([[[[0.5, 0.25, 0.25], [0.2, 0.6, 0.2], [1.0, 0.0, 0.0]]]])
    found = without_marks(maps(weights, [-1, 0, 1]))
    # The last token looked only at the mark, so it is shown as looking everywhere.
    np.testing.assert_allclose(found.weights[0, 0], [[0.75, 0.25], [0.5, 0.5]])
    assert found.tokens == found.queries == ("b", "c")
    one = weights_without_marks(one_head(maps(weights, [-1, 0, 1]), (0, 0)), np.array([-1, 0, 1]))
    np.testing.assert_array_equal(one.weights, found.weights[0, 0])
    assert one.queries == one.tokens == ("b", "c")


def test_marks_of_a_pooling_are_hidden_as_keys_only() -> None:
    found = without_marks(maps([[[[0.5, 0.1, 0.4]]]], [-1, 0, 1]))
    np.testing.assert_allclose(found.weights, [[[[0.2, 0.8]]]])
    assert found.queries == ("the whole text",)
    facts = head_facts(found)
    assert np.isnan(facts.distance).all()
    np.testing.assert_allclose(facts.entropy, 0.721928, rtol=1e-5)  # of 0.2 and 0.8


def test_heads_overlaid_by_hand() -> None:
    one, two = np.eye(2), np.full((2, 2), 0.5)
    found = maps([[one], [two]])
    mean, largest = (overlaid(found, [(0, 0), (1, 0)], largest) for largest in (False, True))
    np.testing.assert_allclose(mean.weights, [[0.75, 0.25], [0.25, 0.75]])
    np.testing.assert_allclose(largest.weights, [[1, 0.5], [0.5, 1]])
    assert (mean.title, largest.title) == ("mean of heads 1.1, 2.1", "largest of heads 1.1, 2.1")


def test_spearman_equals_scipys_and_equal_values_have_none() -> None:
    a, b = np.random.default_rng(0).integers(0, 5, (2, 30)).astype(float)
    assert spearman(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert np.isnan(spearman(a, np.ones(30)))
    assert np.isnan(spearman(a[:1], b[:1]))


def test_a_text_that_fits_is_one_window_with_the_same_maps(minilm: TextModel) -> None:
    windows = text_windows(minilm, FILM)
    assert len(windows) == 1
    np.testing.assert_array_equal(
        attention(minilm, FILM).weights, reading_maps(minilm, minilm.read(FILM)).weights
    )


def test_windows_overlap_by_half_and_miss_nothing(minilm: TextModel) -> None:
    text = " ".join(f"word{place}" for place in range(200))
    windows = text_windows(minilm, text)
    found = [windows.get(number) for number in range(1, len(windows) + 1)]
    assert all(len(window.reading) == 128 for window in found)
    assert all(window.reading.tokens[:1] == ("[CLS]",) for window in found)
    assert all(window.reading.tokens[-1:] == ("[SEP]",) for window in found)
    assert found[0].first == 1
    assert found[-1].last == found[0].total == (~windows.whole.special).sum()
    for before, after in itertools.pairwise(found[:-1]):
        assert after.first == before.first + 63  # half of 128 less two marks
    assert found[-1].first <= found[-2].last + 1
    body = [word for window in found for word in window.reading.words if word >= 0]
    assert set(body) == set(range(200))


def test_a_window_is_the_models_own_attention_of_these_tokens(minilm: TextModel) -> None:
    text = "a long and winding film . " * 40
    window = text_windows(minilm, text).get(2)
    found = attention(minilm, text, window=2)
    with torch.inference_mode():
        own = minilm.prepared.network.attention(torch.from_numpy(window.reading.ids)[None])  # type: ignore[operator]
    np.testing.assert_allclose(found.weights, torch.cat(own).numpy(), atol=1e-6)
    assert found.tokens == window.reading.tokens


@pytest.mark.parametrize("count", [1, 2, 3, 125, 126, 127, 128, 300])
def test_windows_of_any_length_end_with_the_text(minilm: TextModel, count: int) -> None:
    whole = replace(minilm.reader, longest=10_000).read("film " * count)
    windows = Windows(whole, 128)
    assert len(windows) == (1 if count <= 126 else -(-(count - 126) // 63) + 1)
    last = windows.get(len(windows))
    assert (last.last, last.total) == (count, count)


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_window_that_is_not_there_is_told(minilm: TextModel, number: int) -> None:
    with pytest.raises(ParamError, match=f"window {number} is not there; the text has 1"):
        attention(minilm, FILM, window=number)


def test_bad_texts_and_models_are_told() -> None:
    with pytest.raises(TextError, match="only blanks"):
        attention("sst2-transformer", "   ")
    with pytest.raises(Incompatible, match="no attention"):
        attention("sst2-cnn", FILM)
    with pytest.raises(dx.DlexplainError, match='unknown text classifier "nobody"'):
        attention("nobody", FILM)


def test_agreement_ranks_the_tokens_of_the_text(minilm: TextModel) -> None:
    reading = minilm.read(FILM)
    whole = reading_maps(minilm, reading)
    attributions = compared(minilm, reading)
    found = agreement(minilm, whole, attributions, (0, 2))
    assert found.rows == (
        "Layer 1, head 3",
        "Mean of the last layer",
        "Rollout",
        "Input × Gradient",
    )
    assert found.methods == ("Input × Gradient", "Leave one out")
    assert found.tokens == 8
    assert found.chance == pytest.approx(1.96 / np.sqrt(7))
    own = slice(1, -1)  # without [CLS] and [SEP]
    received = whole.weights[0, 2].mean(0)[own]  # MiniLM reads the mean of all states
    size = np.abs(attributions[1].values)[own]
    assert found.values[0, 1] == pytest.approx(spearmanr(received, size).statistic)
    last = whole.weights[-1].mean((0, 1))[own]
    assert found.values[1, 1] == pytest.approx(spearmanr(last, size).statistic)
    assert found.values[3, 0] == pytest.approx(1)


def test_a_pooling_is_compared_once() -> None:
    model = load(TextModel, "sst2-lstm-attention")
    reading = model.read(FILM)
    found = agreement(model, reading_maps(model, reading), compared(model, reading), (0, 0))
    assert found.rows == ("Attention", "Input × Gradient")


def test_too_short_a_text_has_no_agreement() -> None:
    model = load(TextModel, "sst2-transformer")
    reading = model.read("good")
    found = agreement(model, reading_maps(model, reading), compared(model, reading), (0, 0))
    assert found.tokens == 1
    assert np.isnan(found.values).all()
    assert found.chance == np.inf
    assert found.to_dict()["chance"] is None


def test_what_the_classes_are_told_leaves_out_the_networks_own_mark() -> None:
    # Pooling "first": the row of the mark goes on, and the mark itself is no token of the text.
    from dlexplain.networks.base import TextShape
    from dlexplain.networks.modules.text_transformer import TextTransformer
    from dlexplain.networks.text_transformer import Params

    model = load(TextModel, "sst2-transformer")
    network = TextTransformer(
        TextShape(50, 2, 20), Params(width=8, heads=2, layers=2, pooling="first")
    ).eval()  # fmt: skip
    prepared = replace(model.prepared, network=network, reads="first")
    own = replace(model, prepared=prepared)
    reading = own.read("a b c")
    with torch.inference_mode():
        layers = network.attention(torch.tensor([[5, 6, 7]]))
    found = maps_from(own, reading, [layer[0] for layer in layers])
    assert found.tokens == ("[first]", "a", "b", "c")
    assert found.words.tolist() == [-1, 0, 1, 2]
    told = told_classes(own, found.weights[0, 0])
    np.testing.assert_allclose(told, found.weights[0, 0, 0, 1:])


def test_the_models_listed_are_those_that_attend() -> None:
    listed = {entry.name for entry in entries("classify-text", shows="attention")}
    for model in entries("classify-text"):
        if model.source == "zoo":
            attends = isinstance(load(TextModel, model.name).prepared.network, Attends)
            assert (model.name in listed) == attends, model.name
    assert entries("classify-text", shows="attention")[0].name == "sst2-minilm"


def test_python_gives_the_same_and_draws_itself() -> None:
    found = dx.attention("sst2-transformer", FILM)
    assert isinstance(found, dx.AttentionMaps)
    assert found.weights.shape == (1, 4, 8, 8)
    assert len(found.plot().layout.images) == 1
    assert isinstance(one_head(found, (0, 1)), TokenWeights)
    assert not found.weights.flags.writeable


def test_compared_are_attributions_of_the_window(minilm: TextModel) -> None:
    reading = text_windows(minilm, FILM).get(1).reading
    for found in compared(minilm, reading):
        assert isinstance(found, TextAttribution)
        assert found.tokens == reading.tokens
