"""A translator's test on the page: the alignment of the sentence that is chosen, and the table."""

from streamlit.testing.v1 import AppTest


def _page() -> None:
    import numpy as np

    from dlexplain.results import Alignment, TranslationTest
    from dlexplain.ui.tested import show

    weights = np.eye(2, dtype=np.float32)
    alignments = tuple(Alignment(weights, (w, "(end)"), (w, "(end)")) for w in ("Hund", "Katze"))
    show(
        TranslationTest(
            ("dog", "cat", "cow"), ("Hund", "Katze", "Kuh"), ("Hund", "Katze", "Ochse"),
            alignments, ("en", "de"),
        )
    )  # fmt: skip


def test_sentences_and_alignments() -> None:
    page = AppTest.from_function(_page, default_timeout=60).run()
    assert not page.exception
    assert page.selectbox[0].options == ["dog", "cat"]
    table = page.dataframe[0].value
    assert table["de, written"].tolist() == ["Hund", "Katze", "Ochse"]
    assert table["de, reference"].tolist() == ["Hund", "Katze", "Kuh"]
    assert "3 sentences" in page.caption[-1].value
    assert "2 are the reference" in page.caption[-1].value
    page.selectbox[0].select_index(1).run()
    assert not page.exception
