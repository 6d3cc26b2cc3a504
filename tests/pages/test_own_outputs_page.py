"""The text page with models of one's own that say labels by themselves, or a number."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.services.test_own_outputs import TEXT, price, several  # noqa: F401, fixtures

PAGE = str(Path(__file__).parents[2] / "pages/explain/2_text.py")


def opened(name: str) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=120)
    app.query_params["classifier"] = name
    app.query_params["text"] = TEXT
    return app.run()


def test_labels_by_themselves_are_all_said(several: str) -> None:  # noqa: F811
    app = opened(several)
    assert not app.exception
    assert not app.error
    headline = app.subheader[0].value
    assert "rude 9" in headline
    assert "loud 9" in headline


def test_a_number_is_shown_without_a_class_to_choose_or_turn(price: str) -> None:  # noqa: F811
    app = opened(price)
    assert not app.exception
    assert not app.error
    assert app.subheader[0].value.startswith("price ")
    assert "%" not in app.subheader[0].value
    labels = {box.label for box in app.selectbox} | {button.label for button in app.button}
    assert not {"Why this class", "Rather than", "Most trials"} & labels
