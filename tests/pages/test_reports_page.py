"""The page Reports: what it says when there is none, lists, opens, compares, renames, deletes; and
the button that makes one."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.services.reporting import store
from tests.pages.apps import said
from tests.pages.test_pages import ROOT
from tests.reports import EVIL, picture_report, text_report
from tests.trained import digits_run

PAGE = "pages/explain/12_reports.py"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "reports_folder", lambda home: tmp_path / "reports")
    monkeypatch.setattr(store, "report_folder", lambda home, id_: tmp_path / "reports" / id_)


def opened(path: str = PAGE, **query: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page(path)
    page.query_params.update(query)
    page.run()
    assert not page.exception
    return page


def test_an_empty_page_says_how_a_report_is_made() -> None:
    assert "There is no report yet. Press **Report** under an answer" in said(opened())


def test_reports_are_listed_opened_and_held_beside_each_other() -> None:
    first = store.keep(picture_report(side=32, name="a fox"), "the fox")
    second = store.keep(text_report("a film"))
    frame = opened().dataframe[0].value
    assert list(frame["Name"]) == [second.name, "the fox"]
    page = opened(report=first.id)
    assert page.title[0].value == "the fox"
    assert first.answer in said(page) and first.question in said(page)
    assert len(page.get("plotly_chart")) == 1
    labels = [one.proto.label for one in page.get("download_button")]
    assert labels[:3] == ["HTML", "PDF", "Notebook"]
    assert labels[3:] == ["SVG", "PDF", "PNG, 300 dpi"]  # of its chart
    page.selectbox[0].set_value(second.id).run()
    assert not page.exception
    assert page.query_params["beside"] == second.id
    told = said(page).replace("\u2060", "")  # which keeps an address from being a link
    assert first.answer in told and second.answer in told
    assert said(opened(report=first.id, beside=second.id)) == said(page)


def test_what_comes_from_outside_stays_text() -> None:
    entry = store.keep(picture_report(side=32))
    page = opened(report=entry.id)
    for html in page.get("html"):
        assert "<script" not in html.proto.body and "onerror" not in html.proto.body
    told = " ".join(one.value for one in page.markdown)
    assert EVIL.split("<img")[0] not in told  # each sign of it is escaped
    assert EVIL.split(">")[0] in said(page)


def test_a_report_is_renamed_and_deleted() -> None:
    entry = store.keep(text_report("a film"))
    page = opened(report=entry.id)
    page.text_input(key=f"name-{entry.id}").set_value("my film")
    page.button(key="report-save").click().run()
    assert page.title[0].value == "my film"
    page.text_input(key=f"name-{entry.id}").set_value("  ")
    page.button(key="report-save").click().run()
    assert "the name is empty; a name has at least one letter" in said(page)
    page = opened(report=entry.id)
    page.button(key="report-delete").click().run()
    assert store.kept_reports() == () and "There is no report yet" in said(page)


def test_an_address_of_no_report_and_a_damaged_one_are_told(tmp_path: Path) -> None:
    assert "asks for something that is not here: there is no report" in said(opened(report="0" * 8))
    entry = store.keep(text_report("a film"))
    (tmp_path / "reports" / entry.id / "report.json").write_text("{")
    page = opened(report=entry.id)
    assert f"the report {entry.id} is damaged" in said(page)
    (tmp_path / "reports" / entry.id / "entry.json").write_text("{")
    assert f"Left out, since their files are damaged: {entry.id}" in said(opened())


def test_a_runs_page_makes_a_report_and_opens_it() -> None:
    page = opened("pages/train/2_runs.py", run=digits_run())
    next(button for button in page.button if button.label == "Report").click().run()
    assert not page.exception
    (entry,) = store.kept_reports()
    assert entry.kind == "run"
    assert page.query_params["report"] == entry.id
    assert entry.answer in said(page)


def test_a_report_that_cannot_be_kept_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "reports").write_text("no folder")
    page = opened("pages/train/2_runs.py", run=digits_run())
    next(button for button in page.button if button.label == "Report").click().run()
    assert "cannot be written" in said(page) and page.title[0].value.startswith("digits")
