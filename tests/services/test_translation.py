"""Translating: candidates against teacher forcing, attention against the model's own output,
influences against their definitions."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from dlexplain.errors import ParamError, TextError, UnknownName
from dlexplain.networks.modules.translator import BOS, EOS
from dlexplain.results import CrossAttention, SourceInfluence, Translation
from dlexplain.services.loading import load
from dlexplain.services.translation.card import translator_card
from dlexplain.services.translation.models import LoadedTranslator
from dlexplain.services.translation.translating import cross_attention, translate
from dlexplain.services.translation.why import Why, agreement, every_influence, why_written
from dlexplain.tasks.base import TASKS
from dlexplain.tasks.modules.decoding import greedy, length_norm
from dlexplain.trained.catalogue import default, entries, find
from dlexplain.ui.translation.choice import DATES, SENTENCES, examples
from tests.translators import LONGEST, translator_run

TEXT = "A snowy dog is waiting in the park."
KINDS = ("transformer-translator", "gru-attention", "dates")


def model_of(kind: str) -> LoadedTranslator:
    return load(
        LoadedTranslator, "dates-gru-attention" if kind == "dates" else translator_run(kind)
    )


def asked(kind: str, beam: int = 5) -> tuple[LoadedTranslator, Translation]:
    model = model_of(kind)
    return model, translate(model, DATES[0] if kind == "dates" else TEXT, beam)


def log_p(model: LoadedTranslator, source: list[int], target: list[int]) -> np.ndarray:
    """(tokens,) of each, asked directly."""
    given = torch.tensor([[BOS, *target]])
    with torch.no_grad():
        found = model.network(torch.tensor([source]), given[:, :-1])[0].log_softmax(-1)
    return found[range(len(target)), target].numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_candidates_have_the_scores_of_teacher_forcing(kind: str) -> None:
    model, found = asked(kind)
    assert len(found.candidates) >= 2
    for one in found.candidates:
        direct = log_p(model, list(found.ids), list(one.ids))
        np.testing.assert_allclose(one.token_log_probabilities, direct, rtol=1e-3, atol=1e-4)
        assert one.log_probability == pytest.approx(float(direct.sum()), rel=1e-3, abs=1e-4)
        norm = length_norm(len(one.ids), found.length_penalty)
        assert one.score == pytest.approx(one.log_probability / norm)
        assert one.text == model.texts.text(one.ids)
        assert len(one.tokens) == len(one.words) == len(one.ids)
    scores = [one.score for one in found.candidates]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("kind", KINDS)
def test_width_one_is_greedy(kind: str) -> None:
    model, found = asked(kind, beam=1)
    source = torch.tensor([found.ids])
    written = greedy(model.translator, source, model.limit(source))
    assert [one.ids for one in found.candidates] == [tuple(written[0].tolist())]


def test_the_zoos_dates_are_translated() -> None:
    for text, day in (("Sunday, 3 May 1987", "1987-05-03"), ("Tue Dec 31 1999", "1999-12-31")):
        assert translate("dates-gru-attention", text).best.text == day


@pytest.mark.parametrize("kind", KINDS)
def test_attention_is_the_models_own_and_its_rows_sum_to_one(kind: str) -> None:
    model, found = asked(kind)
    for place in (0, 1):
        attention = cross_attention(model, found, place)
        one = found.candidates[place]
        shape = (3, 2) if kind == "transformer-translator" else (1, 1)
        assert attention.weights.shape == (*shape, len(one.ids), len(found.ids))
        np.testing.assert_allclose(attention.weights.sum(-1), 1, atol=1e-5)
        with torch.no_grad():
            given = torch.tensor([found.ids]), torch.tensor([[BOS, *one.ids[:-1]]])
            own = model.network.alignment(*given)[0].numpy()
        shown = attention.alignment(attention.usual)
        np.testing.assert_allclose(shown.weights, own, atol=1e-6)
        assert (shown.rows, shown.columns) == (one.tokens, found.tokens)
        mean = attention.alignment()
        np.testing.assert_allclose(mean.weights, attention.weights.mean((0, 1)), atol=1e-7)
        last = attention.alignment(layer=-1 % shape[0], head=shape[1] - 1).weights
        np.testing.assert_array_equal(last, attention.weights[-1, -1])


def test_joined_rows_still_sum_to_one_and_columns_keep_their_sum() -> None:
    weights = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.0, 0.0, 1.0]], np.float32)
    joined = CrossAttention(
        weights[None, None], 0, (" Hu", "nd", "(end)"), ("do", "g", "(end)"),
        np.array([0, 0, -1]), np.array([0, 0, -1]),
    ).of_words()  # fmt: skip
    assert (joined.rows, joined.columns) == (("Hund", "(end)"), ("dog", "(end)"))
    np.testing.assert_allclose(joined.weights[0, 0], [[0.55, 0.45], [0, 1]], atol=1e-7)


def test_subwords_are_joined_to_the_words_of_the_text() -> None:
    model, found = asked("transformer-translator")
    why = why_written(model, found, 0)
    for influence in why.influences:
        words = influence.of_words()
        assert " ".join(words.tokens) == "A snowy dog is waiting in the park . (end)"
        assert float(words.values.sum()) == pytest.approx(float(influence.values.sum()), abs=1e-5)
    assert len(why.influences[0].tokens) > len(words.tokens)


@pytest.mark.parametrize("kind", KINDS)
def test_leave_one_out_is_the_direct_recomputation(kind: str) -> None:
    model, found = asked(kind)
    ids, one = list(found.ids), found.best
    every = every_influence(model, found)
    whole = log_p(model, ids, list(one.ids))
    for place in range(len(ids) - 1):
        without = log_p(model, ids[:place] + ids[place + 1 :], list(one.ids))
        np.testing.assert_allclose(every.removal[:, place], whole - without, rtol=1e-3, atol=1e-4)
    assert ids[-1] == EOS
    assert not every.removal[:, -1].any()
    np.testing.assert_array_equal(
        why_written(model, found, 1).influences[2].values, every.removal[1]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_the_slope_of_the_score(kind: str) -> None:
    """x . d log p / dx is what log p changes by, to first order, where a vector grows a little."""
    model, found = asked(kind)
    ids, one, small = list(found.ids), found.best, 1e-2
    every = every_influence(model, found)
    table = model.network.source_embedding
    for place in (0, 2, len(ids) - 1):
        moved = []
        for factor in (1 + small, 1 - small):
            calls: list[int] = []

            def longer(_m: object, _g: object, out: torch.Tensor, factor: float = factor,
                       calls: list[int] = calls, place: int = place) -> torch.Tensor:  # fmt: skip
                calls.append(1)
                if len(calls) > 1:  # of the target
                    return out
                out = out.clone()
                out[:, place] *= factor
                return out

            hook = table.register_forward_hook(longer)
            moved.append(log_p(model, ids, list(one.ids)))
            hook.remove()
        slope = (moved[0] - moved[1]) / (2 * small)
        np.testing.assert_allclose(every.gradient[:, place], slope, rtol=0.05, atol=2e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_integrated_gradients_are_complete(kind: str) -> None:
    model, found = asked(kind)
    one = found.best
    place = int(one.token_log_probabilities.argmin())
    first = why_written(model, found, place).influences[0]
    table = model.network.source_embedding
    calls: list[int] = []

    def nothing(_m: object, _g: object, out: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 1:
            out = out.clone()
            out[:, :-1] = 0
        return out

    hook = table.register_forward_hook(nothing)
    empty = float(log_p(model, list(found.ids), list(one.ids))[place])
    hook.remove()
    whole = float(log_p(model, list(found.ids), list(one.ids))[place])
    assert float(first.values.sum()) == pytest.approx(whole - empty, rel=0.01, abs=1e-4)
    assert first.completeness_error is not None and first.completeness_error < 0.01
    assert first.values[-1] == 0  # the end is no word
    assert first.log_probability == pytest.approx(whole, rel=1e-4, abs=1e-5)
    assert not table._forward_hooks


def test_agreement_is_spearmans_of_each_row_without_the_end() -> None:
    model, found = asked("transformer-translator")
    why = why_written(model, found, 1)
    alignment = cross_attention(model, found).alignment(0, 1)
    told = agreement(why, alignment)
    assert told.methods == ("Integrated Gradients", "Input × Gradient", "Leave one out")
    for column, influence in enumerate(why.influences):
        expected = spearmanr(alignment.weights[1, :-1], np.abs(influence.values[:-1])).statistic
        assert told.values[0, column] == pytest.approx(expected)
    rows = [
        spearmanr(alignment.weights[t, :-1], np.abs(why.every.gradient[t, :-1])).statistic
        for t in range(len(alignment.rows))
    ]
    assert told.values[1, 1] == pytest.approx(np.mean(rows))
    assert np.isnan(told.values[1, 0])
    assert told.values[2, 2] == pytest.approx(1)
    assert told.tokens == len(found.ids) - 1


def test_attention_that_does_what_removal_does_agrees_fully() -> None:
    model, found = asked("gru-attention")
    why = why_written(model, found, 0)
    sizes = np.abs(why.every.removal)
    perfect = cross_attention(model, found).alignment()
    told = agreement(why, type(perfect)(sizes, perfect.rows, perfect.columns))
    assert told.values[:, 2].tolist() == pytest.approx([1, 1, 1])


def test_results_are_numbers_in_json() -> None:
    model, found = asked("gru-attention")
    told = found.to_dict()
    assert told["translation"] == found.best.text
    assert told["candidates"][0]["score"] == found.best.score
    influence: SourceInfluence = why_written(model, found, 0).influences[0]
    assert influence.to_dict()["values"] == influence.values.tolist()
    assert isinstance(why_written(model, found, 0), Why)


def test_the_same_request_is_answered_from_memory() -> None:
    model, found = asked("gru-attention")
    assert translate(model, TEXT) is found
    assert every_influence(model, found) is every_influence(model, found)
    assert load(LoadedTranslator, model.name) is model


@pytest.mark.parametrize("kind", ["gru-attention", "transformer-translator"])
def test_several_users_at_once_get_what_one_gets(kind: str) -> None:
    """Vectors are put in by a hook on the network's table, which all share."""
    model = model_of(kind)
    found = translate(model, "A dog waits.", beam=2)
    places = [0, 1] * 4
    expected = [why_written(model, found, place).influences[0].values for place in (0, 1)]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda place: why_written(model, found, place), places))
    for place, why in zip(places, told, strict=True):
        np.testing.assert_allclose(why.influences[0].values, expected[place], atol=1e-5)


def test_what_is_longer_is_cut_and_told() -> None:
    model = model_of("gru-attention")
    found = translate(model, "dog " * 50_000, beam=1)
    assert len(found.ids) == LONGEST + 1
    assert found.left == len(model.texts.codec.source.encode("dog " * 50_000).ids) - 1 - LONGEST
    exact = translate(model, "A dog.", beam=1)
    assert (exact.left, exact.unknown) == (0, 0.0)


def test_unknown_tokens_are_counted() -> None:
    dates = model_of("dates")
    assert translate(dates, "3 犬").unknown == pytest.approx(1 / 3)
    assert translate(dates, "犬").unknown == 1
    pairs = model_of("gru-attention")
    assert translate(pairs, "犬").unknown == 1  # three bytes, none of which is a character
    assert translate(pairs, "a 😀").unknown == pytest.approx(4 / 6)


def test_blanks_and_line_breaks_are_one_blank() -> None:
    model = model_of("gru-attention")
    assert translate(model, " A\n\n dog\t. ").ids == translate(model, "A dog .").ids


@pytest.mark.parametrize("kind", ["transformer-translator", "dates"])
@pytest.mark.parametrize(
    "text", ["\x00\x07\x1b", "שלום עולם", "今日は晴れです", "👩‍👩‍👧 🇩🇪", "x", "\u202eabc"]
)
def test_any_text_is_translated_and_asked_about(kind: str, text: str) -> None:
    model = model_of(kind)
    found = translate(model, text, beam=2)
    why = why_written(model, found, 0)
    assert all(np.isfinite(influence.values).all() for influence in why.influences)
    assert agreement(why, cross_attention(model, found).alignment()).tokens == len(found.ids) - 1


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "the text is empty"), (" \n\t ", "only blanks"), ("a\ud800", "half of a character")],
)
def test_what_is_no_text_is_told(text: str, words: str) -> None:
    with pytest.raises(TextError, match=words):
        translate(model_of("gru-attention"), text)


def test_wrong_requests_are_told() -> None:
    model, found = asked("gru-attention")
    with pytest.raises(ParamError, match="beam is 33; it takes a whole number from 1 to 32"):
        translate(model, TEXT, beam=33)
    with pytest.raises(ParamError, match="length_penalty is -1"):
        translate(model, TEXT, length_penalty=-1)
    with pytest.raises(UnknownName, match="no token 99 in this translation"):
        why_written(model, found, 99)
    with pytest.raises(UnknownName, match='unknown translator "x"; known: .*dates-gru-attention'):
        load(LoadedTranslator, "x")


def test_the_list_has_the_zoo_first_then_runs() -> None:
    run = translator_run("gru-attention")
    listed = entries("translate")
    zoo = [entry.name for entry in listed if entry.source == "zoo"]
    assert (
        zoo[0]
        == default("translate").name
        == next(name for name in TASKS["translate"].first if name in zoo)
    )
    assert [entry.source for entry in listed] == sorted((e.source for e in listed), reverse=True)
    assert find(run).title == f"tiny, BLEU 31.4 (run {run})"
    assert examples(find(run)) == SENTENCES
    assert examples(find("dates-gru-attention")) == DATES
    assert find(run, "translate").trained.name == run


def test_the_card_has_the_test_sets_figures() -> None:
    card = translator_card(find("dates-gru-attention"))
    assert card.metrics["test/bleu"] == pytest.approx(97.78, abs=0.01)
    assert (card.languages, card.longest, card.test) == (("English", "ISO 8601"), 100, 1000)
    assert translator_card(find(translator_run("gru-attention"))).metrics["test/exact"] == 0.125
