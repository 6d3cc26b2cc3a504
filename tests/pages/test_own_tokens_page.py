"""The text page with a token classifier of one's own: labels of all words, and why one has its."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.own import SMALL, labeller, save_own
from tests.pages.test_text_page import finished, html

PAGE = str(Path(__file__).parents[2] / "pages/explain/2_text.py")
ATTENTION = str(Path(__file__).parents[2] / "pages/explain/3_attention.py")
TEXT = "it is not a bad film"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> str:
    labels = {0: "I-<b>PER</b>", 1: "O", 2: "B-<b>PER</b>"}
    model = labeller("Roberta", **SMALL, id2label=labels)
    return save_own(model, tmp_path_factory.mktemp("own"))


def opened(name: str, **query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=120)
    for key, value in {"classifier": name, "text": TEXT, "by": "leave-one-out", **query}.items():
        page.query_params[key] = value
    return page.run()


def test_words_are_labelled_and_one_is_explained(own: str) -> None:
    import dlexplain as dx

    page = finished(opened(own, word="5"))
    assert not page.exception
    assert not page.error
    said = dx.predict(own, TEXT).said
    assert page.subheader[0].value.startswith("bad: ")
    assert said[4].text in page.subheader[0].value
    shown = html(page)
    assert "<b>" not in shown
    assert 'title="not: ' in shown
    assert shown.count("outline:2px") == 2  # in the labels, and in the answer
    assert page.query_params["word"] == "5"
    assert "mode" not in page.query_params
    # Only masking keeps the word's place.
    (way,) = [group for group in page.button_group if "Mask" in group.options]
    assert way.options == ["Mask"]

    words = next(group for group in page.button_group if any("film" in o for o in group.options))
    page = finished(words.set_value(0).run())
    assert not page.exception
    assert page.subheader[0].value.startswith("it: ")
    assert page.query_params["word"] == "1"


def test_a_word_beyond_the_text_is_told(own: str) -> None:
    page = opened(own, word="99")
    assert not page.exception
    assert any('word is "99"; it takes' in w.value for w in page.warning)


def test_it_is_offered_after_the_field_and_not_on_the_attention_page(own: str) -> None:
    page = AppTest.from_file(PAGE, default_timeout=120).run()
    page.text_input(key="own-classifier").input(own).run()
    assert not page.exception
    assert not page.error
    assert page.selectbox(key="classifier").value == own
    attention = AppTest.from_file(ATTENTION, default_timeout=120)
    for key in ("own-classify-text", "own-models-without-attention"):
        attention.session_state[key] = page.session_state[key]
    attention.run()
    assert not attention.exception
    assert own not in attention.selectbox(key="attending").options
