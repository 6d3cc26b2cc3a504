"""What a language model's test found, on a page."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    import numpy as np

    from dlexplain.results import LanguageTest
    from dlexplain.ui.tested import show

    show(
        LanguageTest(
            often=np.array([1, 2]),
            counts=np.array([5, 6]),
            perplexities=np.array([9.0, 3.0]),
            text=("the", "cat"),
            surprise=np.array([1.0, 2.0], np.float32),
            samples=("the cat sat", "the end"),
            temperature=0.8,
        )
    )


def test_samples_stand_above_the_figures() -> None:
    app = AppTest.from_function(page).run(timeout=60)
    assert not app.exception
    assert [block.value for block in app.code] == ["the cat sat", "the end"]
    assert [heading.value for heading in app.subheader] == [
        "What it writes", "Rare and frequent tokens", "Surprise along the test text",
    ]  # fmt: skip
    assert "temperature 0.8" in app.caption[0].value
