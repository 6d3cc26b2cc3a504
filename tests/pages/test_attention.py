"""The page on attention: what it draws, what it remembers, and what it says to bad input."""

import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.results import Agreement
from dlexplain.ui.attention.measured import _verdict
from dlexplain.ui.attention.tokens import _span
from dlexplain.ui.words import tokens_told
from tests.services.test_text_models import folder  # noqa: F401, a Hugging Face classifier

PAGE = str(Path(__file__).parents[2] / "pages/explain/3_attention.py")
FILM = "A gripping film that never feels long."
QUICK = "sst2-transformer"
"""One layer of four heads, without marks."""


def page(**query: str) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def measured(app: AppTest, seconds: float = 60) -> AppTest:
    """Run again until the measure is there, as the page's fragment does by itself."""
    stop = time.monotonic() + seconds
    while app.session_state["attention-measured"].active:
        assert time.monotonic() < stop, "the measure did not end"
        time.sleep(0.05)
    return app.run()


def words(app: AppTest) -> str:
    found = [*app.caption, *app.markdown, *app.subheader, *app.info, *app.warning, *app.error]
    return " ".join(element.value.replace("\\", "") for element in found)


def test_the_first_visit_shows_all_heads_of_minilm_and_measures() -> None:
    app = measured(page())
    assert not app.exception
    assert app.session_state["attending"] == "sst2-minilm"
    assert (
        "6 layers × 12 heads, 13 tokens and 2 special tokens. 6.12 is short for layer 6, head 12."
        in (words(app))
    )
    assert "the mean of what its last layer holds at all tokens" in words(app)
    (row, *_), said = app.table[0].value.index, words(app)
    assert f"{row} is the head chosen in the view **One head**" in said
    assert "correlation of 13 tokens" in said
    assert "look **at the token before**" in words(app)
    assert "Attention is not by itself an explanation" in words(app)
    (table,) = app.table
    assert list(table.value.columns) == ["Input × Gradient", "Leave one out"]
    assert list(table.value.index)[1:] == [
        "Mean of the last layer", "Rollout", "Input × Gradient, to compare",
    ]  # fmt: skip
    assert table.value.iloc[3, 0] == "–"
    assert table.value.iloc[3, 1] != "–"


@pytest.mark.parametrize("view", ["all", "head", "overlaid", "rollout", "numbers"])
@pytest.mark.parametrize("model", [QUICK, "sst2-lstm-attention", "sst2-minilm"])
def test_every_view_of_every_model_draws(model: str, view: str) -> None:
    app = page(attending=model, attention=view, text=FILM)
    assert not app.exception
    assert not app.error
    assert app.query_params["attention"] == view


def test_the_address_reproduces_head_focus_and_hidden_marks() -> None:
    app = page(
        attending="sst2-minilm", attention="head", layer="2", head="9", focus="4", text=FILM,
        marks="hidden",
    )  # fmt: skip
    assert not app.exception
    assert app.slider(key="layer").value == 2
    assert app.selectbox(key="head").value == 9
    assert app.session_state["focus"] == 3  # [CLS], A, gripping, film
    html = " ".join(element.proto.body for element in app.get("html"))
    assert "Where “film” looks" in html
    assert "[CLS]" not in html
    app.toggle(key="marks").set_value(False).run()
    html = " ".join(element.proto.body for element in app.get("html"))
    assert "Where “film” looks" in html
    assert "[CLS]" in html


def test_another_model_keeps_what_it_has_and_clamps_the_rest() -> None:
    app = page(attending="sst2-minilm", attention="head", layer="6", head="12", text=FILM)
    app.selectbox(key="attending").set_value(QUICK).run()
    assert not app.exception
    assert (app.session_state["layer"], app.session_state["head"]) == (1, 4)
    assert app.toggle(key="marks").disabled


def test_a_long_text_is_read_in_windows_and_the_page_says_so() -> None:
    app = page(attending=QUICK, text="good film . " * 60, window="2")
    assert not app.exception
    assert "The text has 180 tokens" in words(app)
    assert "window 2 of 2, its tokens 53 to 180" in words(app)
    assert app.slider(key="window").value == 2


def test_fifty_thousand_words_are_read() -> None:
    app = page(attending=QUICK)
    app.text_area(key="text").set_value("a fine film " * 17_000).run()
    assert not app.exception
    assert not app.error
    assert "The text has 51,000 tokens" in words(app)


@pytest.mark.parametrize("text", ["", "   \n\t"])
def test_nothing_to_read_says_what_to_do(text: str) -> None:
    app = page(attending=QUICK)
    app.text_area(key="text").set_value(text).run()
    assert not app.exception
    assert "Type or choose a sentence above" in app.info[0].value


@pytest.mark.parametrize(
    "text",
    [
        "مرحبا يا صديقي العزيز", "这部电影很好看。", "🙂🙂🙂 🎬", "\x00\x07 ab\x1bc", "\u2603",
        "<b>&amp;</b> **x** :smile:",
    ],
)  # fmt: skip
def test_any_text_draws_or_says_why_not(text: str) -> None:
    # Letters that its words lack are MiniLM's pieces, and the other's unknown word.
    app = page(attending="sst2-minilm" if text.isascii() else QUICK, attention="head", text=text)
    assert not app.exception
    assert len(app.error) <= 1
    assert not app.error or "has no token that the model reads" in app.error[0].value


def test_a_language_never_seen_is_told() -> None:
    app = page(attending=QUICK, text="Dieser Streifen vergeht wie im Fluge")
    assert "of the tokens are unknown to this model" in words(app)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"attending": "sst2-cnn"}, '"sst2-cnn" shows no attention; known: sst2-'),
        ({"attention": "upside-down"}, 'unknown view "upside-down"; known: all, head'),
        ({"layer": "two"}, 'layer is "two"; it takes a whole number'),
        ({"attention": "overlaid", "heads": "9.9"}, 'no head "9.9"; from 1.1 to 6.12'),
    ],
)
def test_a_wrong_address_is_one_sentence(query: dict[str, str], said: str) -> None:
    app = page(text=FILM, **query)
    assert not app.exception
    assert said in " ".join(warning.value for warning in app.warning)


def test_no_head_chosen_says_so() -> None:
    app = page(attending=QUICK, attention="overlaid", text=FILM)
    app.multiselect(key="heads").set_value([]).run()
    assert not app.exception
    assert "Choose at least one head." in words(app)


def test_the_file_has_the_weights_that_are_shown() -> None:
    from dlexplain.ui.texts import cache

    app = page(attending=QUICK, text=FILM)
    assert not app.exception
    weights = cache.maps(QUICK, FILM, 1).weights
    assert weights.shape[:2] == (1, 4)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)


def test_a_users_own_model_is_opened_by_its_folder(folder: Path) -> None:  # noqa: F811
    import transformers

    own = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    app = page(attending=str(folder), text="good film")
    assert not app.exception
    assert not app.error
    layers, heads = own.config.num_hidden_layers, own.config.num_attention_heads
    assert f"{layers} layer" in words(app)
    assert f"× {heads} head" in words(app)
    assert str(folder) in app.session_state["own-classify-text"]


def test_a_folder_may_be_given_on_the_page_itself(folder: Path) -> None:  # noqa: F811
    app = page(attending=QUICK, text="good film")
    app.text_input(key="own-attending").input(str(folder)).run()
    assert not app.exception
    assert app.selectbox(key="attending").value == str(folder)


def test_a_folder_that_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    """And it is not chosen: the page shows the first model."""
    app = page(attending=str(tmp_path), text=FILM)
    assert not app.exception
    assert not app.error
    (told,) = app.warning
    assert str(tmp_path) in told.value
    assert app.selectbox(key="attending").value == "sst2-minilm"


def test_signs_that_cannot_be_seen_have_pictures() -> None:
    assert _span("\x07<\n", 0.5, 1.0, False).endswith(">␇&lt;↵</span></bdi>")
    assert _span(" ", 0.5, 1.0, False).endswith(">␣</span></bdi>")


@pytest.mark.parametrize(
    ("count", "marks", "told"),
    [
        (1, 0, "1 token"),
        (24, 2, "24 tokens and 2 special tokens"),
        (1, 1, "1 token and 1 special token"),
    ],
)
def test_tokens_and_marks_are_counted_in_words(count: int, marks: int, told: str) -> None:
    assert tokens_told(count, marks) == told


def test_too_few_tokens_say_nothing() -> None:
    values = np.array([[1.0, -1.0], [1.0, 0.5]])
    few = Agreement(("Rollout", "a"), ("a", "b"), values, 3)
    assert _verdict(few) == ["With 3 tokens it says nothing: chance gives any order."]
    many = _verdict(Agreement(("Rollout", "a"), ("a", "b"), values, 30))
    assert many[:2] == [
        "Up to ±0.36 is what chance gives.",
        "Beyond chance agree: rollout together with a.",
    ]
