"""A chart's menu: files that are made when they are asked for."""

import sys

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.ui import charts


def page() -> None:
    import plotly.graph_objects as go

    from dlexplain.ui.charts import chart

    chart(go.Figure({"type": "bar", "y": [1, 2]}), "Two bars, of one")


def test_a_chart_offers_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = []
    monkeypatch.setattr(charts, "download", lambda *given: offered.append(given))
    before = "matplotlib" in sys.modules
    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception and len(app.get("plotly_chart")) == 1
    assert before or "matplotlib" not in sys.modules
    assert [(label, name) for label, _, name, *_ in offered] == [
        ("SVG", "Two-bars-of-one.svg"),
        ("PDF", "Two-bars-of-one.pdf"),
        ("PNG, 300 dpi", "Two-bars-of-one.png"),
    ]
    begins = (b"<?xml", b"%PDF", b"\x89PNG")
    for (_, make, *_), begin in zip(offered, begins, strict=True):
        assert make().startswith(begin)


def sent() -> None:
    import plotly.graph_objects as go
    import streamlit as st

    from dlexplain.ui.charts import chart
    from dlexplain.ui.live import following

    with following():
        chart(go.Figure({"type": "bar", "y": [1, 2]}), "bars")
        st.text(f"the words, after {len(st.session_state.get('sent', []))} charts")
        plain = st.plotly_chart

        def seen(*given: object, **more: object) -> object:
            st.session_state.setdefault("sent", []).append("a chart")
            return plain(*given, **more)  # type: ignore[arg-type]

        st.plotly_chart = seen  # type: ignore[assignment]
    st.plotly_chart = plain


def test_a_visits_first_charts_are_sent_after_the_words() -> None:
    app = AppTest.from_function(sent, default_timeout=60).run()
    assert not app.exception
    assert app.text[0].value == "the words, after 0 charts"
    assert app.session_state["sent"] == ["a chart"]  # which came behind the script
    assert len(app.get("plotly_chart")) == 1
    again = app.run()
    assert len(again.get("plotly_chart")) == 1
    assert again.session_state["sent"] == ["a chart"]  # this one came in its place at once


def test_two_charts_of_one_page_have_menus_of_their_own() -> None:
    def both() -> None:
        import plotly.graph_objects as go

        from dlexplain.ui.charts import chart

        chart(go.Figure({"y": [1, 2]}), "one")
        chart(go.Figure({"y": [1, 2]}), "two")

    app = AppTest.from_function(both, default_timeout=60).run()
    assert not app.exception
    assert len(app.get("download_button")) == 6
