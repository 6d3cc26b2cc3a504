"""What a text classifier's test found, as the run's page draws it."""

from streamlit.testing.v1 import AppTest


def page(mistakes: int) -> None:
    import numpy as np

    from dlexplain.results import TextTest
    from dlexplain.ui.tested import show

    texts = ("a fine film", "not bad")[:mistakes]
    confusion = np.array([[5, 1], [1, 9]])
    truth, said = np.array([0, 1])[:mistakes], np.array([1, 0])[:mistakes]
    share = np.array([0.9, 0.8], np.float32)[:mistakes]
    show(TextTest(("negative", "positive"), confusion, texts, truth, said, share))


def test_mistakes_are_a_table_beside_the_confusion() -> None:
    shown = AppTest.from_function(page, kwargs={"mistakes": 2}, default_timeout=60).run()
    assert not shown.exception
    (table,) = shown.dataframe
    assert table.value["text"].tolist() == ["a fine film", "not bad"]
    assert table.value["actual"].tolist() == ["negative", "positive"]
    assert table.value["predicted"].tolist() == ["positive", "negative"]
    assert [s.value for s in shown.subheader] == ["Confusion", "Worst mistakes"]


def test_a_test_without_mistakes_says_so() -> None:
    shown = AppTest.from_function(page, kwargs={"mistakes": 0}, default_timeout=60).run()
    assert not shown.exception
    assert [s.value for s in shown.success] == ["No mistake in the test."]
