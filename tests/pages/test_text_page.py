"""The text page: it predicts, explains, changes words, compares, and says what is wrong."""

import re
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.figures.coloured_text import STRONGEST
from dlexplain.services.loading import load
from dlexplain.services.texts.explain import precision_warning
from dlexplain.services.texts.models import TextModel

TEXT = str(Path(__file__).parents[2] / "pages/explain/2_text.py")
SENTENCE = "A dull, predictable script."


def text_page(**query: str) -> AppTest:
    page = AppTest.from_file(TEXT, default_timeout=60)
    for key, value in {"classifier": "sst2-cnn", **query}.items():
        page.query_params[key] = value
    return page.run()


def finished(page: AppTest, key: str = "answers-0", seconds: float = 60) -> AppTest:
    stop = time.monotonic() + seconds
    while page.session_state[key].active:
        assert time.monotonic() < stop, "the jobs did not end"
        time.sleep(0.1)
    return page.run()


def html(page: AppTest) -> str:
    return " ".join(str(element.proto.body) for element in page.get("html"))


def coloured(page: AppTest) -> list[str]:
    """The texts whose tokens are coloured, as HTML."""
    bodies = [str(element.proto.body) for element in page.get("html")]
    return [body for body in bodies if 'id="settings"' not in body]  # which a link leads to


def subheaders(page: AppTest) -> list[str]:
    return [element.value for element in page.subheader]


def test_it_predicts_and_explains_at_once() -> None:
    page = finished(text_page(text=SENTENCE, by="leave-one-out,shap-partition"))
    assert not page.exception
    assert subheaders(page)[0].startswith("negative")
    shown = html(page)
    assert 'title="dull: +' in shown
    assert "rgba(178,24,43" in shown  # dull speaks for negative
    assert any("completeness error 0.0%" in caption.value for caption in page.caption)
    way = next(c.value for c in page.caption if c.value.startswith("From "))
    assert re.match(r"From [+−]\d\.\d\d without its words to [+−]\d\.\d\d logits, ", way)
    assert page.query_params["text"] == SENTENCE


def test_of_the_methods_in_an_address_those_that_suit_are_kept() -> None:
    page = text_page(
        classifier="sst2-transformer", text=SENTENCE, by="leave-one-out,deeplift,input-x-gradient"
    )
    assert page.multiselect(key="by").value == ["leave-one-out", "input-x-gradient"]
    (warning,) = [w.value for w in page.warning if "address" in w.value]
    assert "not here: deeplift; the methods that this model allows are" in warning


def test_two_models_are_put_side_by_side() -> None:
    page = text_page(text=SENTENCE, beside="sst2-transformer", by="leave-one-out")
    page = finished(finished(page), "answers-1")
    assert not page.exception
    assert len(coloured(page)) == 2


def test_a_word_is_dropped_and_the_class_turns() -> None:
    page = finished(text_page(text="a dull film", by="leave-one-out"))
    words = next(group for group in page.button_group if "dull" in group.options)
    page = finished(words.set_value([1]).run(), "answers-after")
    assert not page.exception
    assert any("The class turns to **positive**" in text.value for text in page.markdown)
    assert 'title="dull' in html(page)


def test_words_that_occur_twice_are_told_apart() -> None:
    from dlexplain.ui.texts.changes import distinct

    labels = distinct(["dull", ",", "dull"])
    assert len(set(labels)) == 3
    assert [label.rstrip("\N{ZERO WIDTH SPACE}") for label in labels] == ["dull", ",", "dull"]


def test_the_fewest_words_are_searched_for() -> None:
    page = finished(text_page(text="a dull, dull film", by="leave-one-out"))
    button = next(b for b in page.button if "fewest" in b.label)
    page = button.click().run()
    stop = time.monotonic() + 30
    while page.session_state["turning"].active:
        assert time.monotonic() < stop
        time.sleep(0.05)
    page = page.run()
    assert any("dull" in box.value and "No smaller set" in box.value for box in page.success)


def test_two_texts_are_compared() -> None:
    page = text_page(mode="two", text="a dull film", other="a lovely film", by="leave-one-out")
    page = finished(finished(page, "two-0"), "two-1")
    assert not page.exception
    assert [text.partition(",")[0] for text in subheaders(page)] == ["negative", "positive", "Why?"]


def test_of_two_texts_and_tables_a_second_model_says_where_it_is_compared() -> None:
    page = text_page(mode="two", text="a dull film", other="fun", by="leave-one-out",
                     beside="sst2-transformer")  # fmt: skip
    assert any("is compared under One text only" in caption.value for caption in page.caption)


@pytest.mark.parametrize(
    ("content", "asked"),
    [(b"a,b\ngood,1\n", True), (b"a,text\n1,good\n", False), (b"a\ngood\n", False)],
)
def test_which_column_has_the_texts_is_asked_where_none_is_called_text(
    content: bytes, asked: bool
) -> None:
    page = text_page(mode="table")
    page.file_uploader(key="text-table").set_value(("t.csv", content, "text/csv")).run()
    assert not page.exception
    told = [info.value for info in page.info]
    assert any("Which column has the texts? There are a, b" in info for info in told) is asked
    assert any(b.label == "Explain 1 text" for b in page.button) is not asked
    if asked:
        page.selectbox(key="text-column").set_value("a").run()
        assert any(button.label == "Explain 1 text" for button in page.button)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" \n ", "only blanks"),
        ("x" * 1_000_001, "1,000,001 characters"),
    ],
)
def test_bad_texts_get_one_sentence(text: str, said: str) -> None:
    page = AppTest.from_file(TEXT, default_timeout=60)
    page.query_params["classifier"] = "sst2-cnn"
    page.session_state["text"] = text
    page.run()
    assert not page.exception
    assert said in page.error[0].value.replace("\\", "")


@pytest.mark.parametrize(
    "text",
    [
        "good " * 50_000,
        "a\x00b\x07 film",
        "فيلم رائع",
        "这部电影很好看",
        "🎬🎉",
        "ξ",
        "\N{ZERO WIDTH SPACE}film",
    ],
)
def test_odd_texts_are_read(text: str) -> None:
    page = AppTest.from_file(TEXT, default_timeout=60)
    page.query_params["classifier"] = "sst2-transformer"
    page.query_params["by"] = "leave-one-out"
    page.session_state["text"] = text
    page = finished(page.run())
    assert not page.exception
    said = " ".join(box.value for box in page.warning)
    if text.startswith("good"):
        assert "were left out" in said
    if not text.isascii() and "film" not in text:
        assert "unknown to this model" in said


def test_an_unknown_model_in_the_address_is_told() -> None:
    page = text_page(classifier="sst3")
    assert 'unknown text classifier "sst3"' in page.warning[0].value
    assert not page.exception


def test_two_texts_are_coloured_on_one_scale() -> None:
    """Leave one out on a model; the largest value of both takes the full colour, once."""
    page = text_page(mode="two", text=SENTENCE, other="It is a film.", by="leave-one-out")
    finished(page, "two-0")
    page = finished(page, "two-1")
    assert not page.exception
    full = [element.count(f"rgba(178,24,43,{STRONGEST})")
            + element.count(f"rgba(33,102,172,{STRONGEST})")
            for element in coloured(page)]  # fmt: skip
    assert sorted(full) == [0, 1]


def test_a_folder_that_is_no_model_is_not_chosen(tmp_path: Path) -> None:
    page = text_page(text=SENTENCE, by="leave-one-out")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "table.csv").write_text("text\n")
    for wrong, why in (
        (str(tmp_path), "a sequence classifier or a token classifier is accepted"),
        (str(tmp_path / "table.csv"), "is a file; the folder of a model is accepted"),
        ("nothing", "no folder on the server and no name on the hub"),
    ):
        page.text_input(key="own-classifier").input(wrong).run()
        assert not page.exception
        assert page.selectbox(key="classifier").value == "sst2-cnn"
        (error,) = page.error
        assert why in error.value.replace("\\", "")


def test_of_two_classes_the_difference_is_explained_or_one_score_alone() -> None:
    page = finished(text_page(text=SENTENCE, by="leave-one-out"))
    rather = page.selectbox(key="rather")
    assert rather.placeholder == "positive, the other class"
    assert any("negative rather than positive" in text.value for text in page.markdown)
    page = finished(rather.set_value("alone").run())
    assert not page.exception
    assert not any("rather than" in text.value for text in page.markdown)
    assert page.query_params["rather"] == ["alone"] or page.query_params["rather"] == "alone"
    page = finished(text_page(text=SENTENCE, by="leave-one-out", rather="alone"))
    assert page.selectbox(key="rather").value == "alone"


def test_a_slower_precision_is_told_where_it_is_chosen() -> None:
    page = AppTest.from_file(TEXT, default_timeout=60)
    page.session_state["params"] = {"sst2-cnn": {"lime": {"precision": "bf16", "samples": 10}}}
    for key, value in {"classifier": "sst2-cnn", "text": SENTENCE, "by": "lime"}.items():
        page.query_params[key] = value
    page = finished(page.run())
    said = precision_warning(load(TextModel, "sst2-cnn"), "lime", {"precision": "bf16"})
    assert [w.value for w in page.warning] == ([said] if said else [])
    assert not page.exception
