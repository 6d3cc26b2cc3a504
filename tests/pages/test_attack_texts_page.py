"""The page Attack for texts and series: answers, marked words, addresses, what is bad."""

import html

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.test_attack_page import PAGE, said
from tests.pages.waiting import ended

TEXT = "A talented cast is wasted on a dull and predictable script."


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=90)
    page.query_params.update(query)
    page.run()
    assert not page.exception
    return page


def text_page(**query: str) -> AppTest:
    asked = {"input": "text", "model": "sst2-cnn", "text": TEXT, **query}
    return ended(opened(**asked), "attack-text", "attack-text-maps")


def series_page(**query: str) -> AppTest:
    asked = {"input": "series", "model": "macrodata-lstm", "series": "example", **query}
    return ended(opened(**asked), "attack-series", "attack-series-maps")


def test_another_input_is_not_asked_for_by_what_the_address_said_of_the_one_before() -> None:
    page = opened(model="digits-cnn")
    page.button_group(key="attack-input").set_value("text").run()
    assert not page.exception and not page.warning
    assert page.query_params["input"] == "text"
    page = ended(page, "attack-text", "attack-text-maps")
    page.button_group(key="attack-input").set_value("series").run()
    assert not page.exception and not page.warning


def test_a_model_of_another_kind_is_one_sentence() -> None:
    page = opened(model="sst2-cnn")
    told = page.warning[0].value.replace("\\", "")
    assert told.endswith('"sst2-cnn" is a text classifier, no picture classifier')


def drawn(page: AppTest) -> str:
    return " ".join(element.proto.body for element in page.get("html"))


def test_a_text_is_attacked_marked_and_explained_before_and_after() -> None:
    page = text_page()
    result = page.session_state["attack-text"].job.result
    assert result.attack == "embedding-substitution"
    assert result.told in said(page).replace("\\", "")
    for change in result.changes:
        assert f">{change.old}</mark>" in drawn(page)
        assert f">{change.new}</mark>" in drawn(page)
    maps = page.session_state["attack-text-maps"].job.result
    assert f"{maps.correlation:.2f}".replace("-", "−") in said(page)
    assert page.query_params["input"] == "text"
    assert page.query_params["method"] == "embedding-substitution"


def test_another_attack_and_a_smaller_number_of_queries() -> None:
    page = text_page(method="word-deletion", queries="5")
    result = page.session_state["attack-text"].job.result
    assert (result.attack, result.budget, result.queries) == ("word-deletion", 5, 5)
    assert page.query_params["queries"] == "5"


def test_what_comes_from_outside_is_shown_literally() -> None:
    page = text_page(text="A <b>dull</b> film, **wasted** and <script>bad</script>.")
    assert page.session_state["attack-text"].job.result.text.startswith("A <b>")
    assert "<b>" not in drawn(page)
    assert "<script>" not in drawn(page)
    assert html.escape("<b>") in drawn(page)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"text": "Awful", "method": "word-deletion"}, "the text has 1 word"),
        ({"text": "   "}, "the text is only blanks"),
    ],
)
def test_bad_texts_are_told(query: dict[str, str], words: str) -> None:
    assert words in said(text_page(**query))


def test_a_right_class_that_the_model_does_not_say_is_told() -> None:
    page = text_page()
    before = page.session_state["attack-text"].job.result.before
    page.selectbox(key="attack-text-label").select(before[1].name.index).run()
    page = ended(page, "attack-text")
    assert "there is nothing to attack" in said(page)


def test_a_forecast_is_moved_and_explained_before_and_after() -> None:
    page = series_page(epsilon="0.2", direction="down", step="2")
    result = page.session_state["attack-series"].job.result
    assert (result.epsilon, result.direction, result.step) == (0.2, "down", 2)
    assert result.shift < 0
    assert result.told in said(page).replace("\\", "")
    assert result.random_told in said(page).replace("\\", "")
    maps = page.session_state["attack-series-maps"].job.result
    assert maps.before.step == 2
    assert f"{maps.correlation:.2f}".replace("-", "−") in said(page)
    assert page.query_params["direction"] == "down"
    assert page.query_params["epsilon"] == "0.2"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"input": "text", "method": "pgd"}, 'unknown attack "pgd"'),
        ({"input": "text", "queries": "0"}, 'queries is "0"; it takes a whole number from 1'),
        ({"input": "series", "epsilon": "9"}, 'epsilon is "9"; it takes a number from'),
        ({"input": "series", "direction": "left"}, 'unknown direction "left"'),
        ({"input": "series", "step": "99"}, 'step is "99"'),
        ({"input": "sound"}, 'unknown kind of input "sound"'),
    ],
)
def test_bad_addresses_are_told(query: dict[str, str], words: str) -> None:
    models = {"text": "sst2-cnn", "series": "macrodata-lstm"}
    page = opened(model=models.get(query["input"], "digits-cnn"), **query)
    assert words in said(page)
