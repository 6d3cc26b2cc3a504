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


def test_two_charts_of_one_page_have_menus_of_their_own() -> None:
    def both() -> None:
        import plotly.graph_objects as go

        from dlexplain.ui.charts import chart

        chart(go.Figure({"y": [1, 2]}), "one")
        chart(go.Figure({"y": [1, 2]}), "two")

    app = AppTest.from_function(both, default_timeout=60).run()
    assert not app.exception
    assert len(app.get("download_button")) == 6
