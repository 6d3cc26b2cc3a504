"""The page of translation with a translator of one's own, its prefix, and what is refused."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dlexplain as dx
from tests.own_translators import TASKS, save_translator

PAGE = str(Path(__file__).parents[2] / "pages/explain/5_translation.py")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("own")
    return save_translator(folder, "T5", task_specific_params=TASKS)


def test_it_is_added_translated_with_its_prefix_and_explained(own: str) -> None:
    page = AppTest.from_file(PAGE, default_timeout=120)
    page.query_params["text"] = "bad film"
    page.query_params["beam"] = "1"
    page.run()
    page.text_input(key="own-translation-model").input(own).run()
    assert not page.exception
    assert not page.error
    assert page.selectbox(key="translation-model").value == own
    written = dx.translate(own, "bad film", beam=1)
    assert page.subheader[0].value == written.best.text
    (prefix,) = [field for field in page.text_input if field.label == "Prefix"]
    assert prefix.value == written.prefix == "it is: "
    assert page.query_params["prefix"] == "it is:"
    assert any("it writes at most" in caption.value for caption in page.caption)
    prefix.input("").run()
    assert not page.exception
    assert page.subheader[0].value == dx.translate(own, "bad film", beam=1, prefix="").best.text
    assert page.query_params["prefix"] == "none"


def test_a_prefix_in_the_address_is_read(own: str) -> None:
    page = AppTest.from_file(PAGE, default_timeout=120)
    query = {"model": own, "text": "bad film", "beam": "1", "prefix": "none"}
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    assert page.subheader[0].value == dx.translate(own, "bad film", beam=1, prefix="").best.text


def test_what_does_not_load_is_told_and_not_chosen(tmp_path: Path) -> None:
    page = AppTest.from_file(PAGE, default_timeout=120).run()
    first = page.selectbox(key="translation-model").value
    page.text_input(key="own-translation-model").input(str(tmp_path)).run()
    (error,) = page.error
    assert "has no config.json" in error.value
    assert page.selectbox(key="translation-model").value == first
