"""The film on a run's page."""

from streamlit.testing.v1 import AppTest

from tests.pages.test_train_pages import opened, pressed, texts
from tests.trained import digits_run, filmed_run


def pressed_button(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception, page.exception
    return page


def test_a_run_that_kept_nothing_says_how_to_keep() -> None:
    page = pressed(opened("2_runs.py", run=digits_run()), "Film")
    assert any("--set keep_every=1" in info.value for info in page.info)


def test_the_film_is_made_and_looked_through() -> None:
    page = pressed(opened("2_runs.py", run=filmed_run()), "Film")
    assert "Of this run 4 sets of weights were kept" in texts(page)
    pressed_button(page, "Make the film")
    page.run()
    assert "the map" in texts(page).lower()
    slider = page.select_slider(key=f"film-epoch-{filmed_run()}")
    assert slider.value == 3
    slider.set_value(0).run()
    assert not page.exception, page.exception
    assert "Before the first step" in texts(page)
    page.toggle(key="film-play").set_value(True).run()
    assert not page.exception, page.exception
