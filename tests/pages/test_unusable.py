"""A states file that cannot be used is a sentence on the page."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    from dlexplain.errors import StatesError
    from dlexplain.ui.notices import states_told

    @states_told()
    def shown() -> None:
        raise StatesError("runs_of_*mine*.sqlite is locked")

    shown()


def test_it_is_said_as_it_is() -> None:
    drawn = AppTest.from_function(page).run()
    assert not drawn.exception
    assert [box.value for box in drawn.error] == [r"runs_of\_\*mine\*.sqlite is locked"]
