"""Reports of real answers, kept, and notebooks whose cells repeat them."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from PIL import Image

import dlexplain as dx
from dlexplain.errors import BadInput, UnknownName
from dlexplain.execution.paths import report_entry, report_folder, report_in
from dlexplain.results.reports import FORMATS, Report
from dlexplain.results.without import Without
from dlexplain.results.without_words import sentence
from dlexplain.services.quality.badges import picture_badge
from dlexplain.services.reporting import store
from dlexplain.services.reporting.making import make_report
from dlexplain.services.reporting.repeating import series_code, series_command, text_command
from dlexplain.settings import settings
from tests.trained import digits_run

TEXT = 'a warm and clever film, though it\'s "slow"'


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "reports_folder", lambda home: tmp_path / "reports")
    monkeypatch.setattr(store, "report_folder", lambda home, id_: tmp_path / "reports" / id_)


def cells(report: Report) -> list[str]:
    """The code of its notebook, which is one."""
    made = nbformat.reads(FORMATS["ipynb"](report).decode(), as_version=4)
    nbformat.validate(made)
    return [cell.source for cell in made.cells if cell.cell_type == "code"]


def repeated(report: Report) -> Any:
    """What the cells of its notebook find last."""
    names: dict[str, Any] = {}
    for code in cells(report):
        exec(code, names)
    return names["found"]


def test_a_notebook_repeats_a_samples_map() -> None:
    picture = dx.read_sample("coffee")
    found = dx.explain("digits-cnn", picture, "integrated-gradients", steps=4, tolerance=0.0)
    report = dx.report(dx.predict("digits-cnn", picture), found)
    assert "dx.read_sample('coffee')" in cells(report)[1]
    again = repeated(report)
    assert np.array_equal(again.values, found.values) and again.target == found.target


def test_a_report_answers_as_the_page_does() -> None:
    """By what was measured of the answer without the marked parts, where that is there."""
    picture = dx.read_sample("coffee")
    said = dx.predict("digits-cnn", picture)
    found = dx.explain("digits-cnn", picture, "saliency")
    without = Without(found.title, "9", 0.95, 0.1, (), "5", 0.6, 19, 20)
    report = make_report([said, found, without])
    assert report.answer == sentence(without)
    assert make_report([said, found]).answer.startswith("digits-cnn says 9")


def test_a_notebook_holds_a_picture_that_is_no_sample() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    for model in ("digits-cnn", "efficientnet-lite0"):
        found = dx.explain(model, buffer.getvalue(), "saliency", fit="pad")
        report = dx.report(found)
        assert np.array_equal(repeated(report).values, found.values)
        assert "the notebook has it" in "".join(report.about.code)


def test_notebooks_repeat_a_text_and_a_forecast() -> None:
    text = dx.explain("sst2-cnn", TEXT, "leave-one-out")
    said = dx.predict("sst2-cnn", TEXT)
    report = dx.report(text, said)
    assert said.headline in report.answer and report.kind == "text"
    assert np.array_equal(repeated(report).values, text.values)
    series = dx.explain("macrodata-lstm", origin="2005-01", step=2, method="occlusion")
    report = dx.report(dx.forecast("macrodata-lstm", origin="2005-01"), series)
    assert np.array_equal(repeated(report).values, series.values)
    assert report.question.startswith("Which past values moved the forecast of Real GDP")
    assert "--origin 2005-01-01" in series_command(series) and "--horizon 2" in series_command(
        series
    )
    assert f"--text '{TEXT.split(chr(39))[0]}" in text_command(text)


def test_a_table_of_the_users_is_named_by_a_placeholder() -> None:
    from dataclasses import replace

    found = replace(dx.explain("macrodata-lstm"), series="mine.csv")
    assert "'SERIES.csv'" in series_code([found])[1]


def test_a_report_has_what_was_measured_and_where_it_is_from() -> None:
    model, picture = dx.load("digits-cnn"), dx.read_sample("coffee")
    found = dx.explain(model, picture, "saliency")
    badge = picture_badge(model, picture, found)
    quality = dx.quality(model, picture, found, "sparseness")[0]
    report = dx.report(dx.predict(model, picture), found, badge, quality)
    table = next(s for s in report.sections if s.heading == "Can it be believed?").parts[0]
    assert [row[2] for row in table.rows][:3] == [fact.told for fact in badge.facts]  # type: ignore[union-attr]
    about = report.about
    assert about.cards[0].facts["Test"].startswith("accuracy 9")
    assert about.methods[0].paper.startswith("Simonyan") and about.versions["dlexplain"]
    assert about.commands[0].startswith("python -m dlexplain explain PICTURE --model digits-cnn")
    assert "n = " in " ".join(row[2] for row in table.rows)  # type: ignore[union-attr]


def test_a_run_has_its_curves_its_test_and_its_spec() -> None:
    run = digits_run()
    report = dx.report(dx.run(run))
    headings = [section.heading for section in report.sections]
    assert headings == ["How well it does", "Curves", "Its test", "What it was told"]
    assert (
        report.answer.startswith("Test accuracy ")
        and "finished after 3 of 3 epochs" in report.answer
    )
    assert "n = " in report.answer
    assert compile("\n".join(cells(report)), "notebook", "exec")
    spec: dict[str, Any] = {}
    exec("\n".join(cells(report)[:2]), spec)
    assert spec["spec"]["model"] == "cnn" and spec["spec"]["seed"] == 0


def test_files_are_written_by_their_endings(tmp_path: Path) -> None:
    found = dx.explain("sst2-cnn", TEXT, "leave-one-out")
    made = dx.report(found)
    for ending, start in (("html", b"<!doctype html>"), ("pdf", b"%PDF"), ("ipynb", b"{")):
        file = tmp_path / f"report.{ending}"
        assert dx.report(made, to=file) is made
        assert file.read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: dx.report(), "a report of nothing was asked for; it takes explanations"),
        (lambda: dx.report(3), "there is no report of int"),
        (lambda: dx.report(dx.explain("sst2-cnn", "fine", "leave-one-out"), to="a.docx"),
         r'"a.docx" is no file of a report; its name ends in one of .html, .ipynb, .pdf'),
        (lambda: dx.report(dx.explain("sst2-cnn", "fine", "leave-one-out"),
                           dx.explain("sst2-cnn", "bad", "leave-one-out")),
         'a report is of one text; these are of "fine" and of "bad"'),
        (lambda: dx.report(dx.explain("sst2-cnn", "fine", "leave-one-out"), to="/none/a.html"),
         "/none/a.html cannot be written: No such file"),
    ],
)  # fmt: skip
def test_what_cannot_be_reported_is_one_sentence(asked: Callable[[], object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        asked()


def kept(name: str = "") -> store.KeptReport:
    return store.keep(Report("run", "a title", "Is it?", "It is.", ()), name)


def test_reports_are_kept_renamed_opened_and_deleted() -> None:
    first, second = kept(), kept("another")
    assert {one.id for one in store.kept_reports()} == {first.id, second.id}
    assert store.open_report(first.id) == Report("run", "a title", "Is it?", "It is.", ())
    assert store.rename_report(first.id, "  mine\nnow ").name == "mine now"
    assert store.entry_of(first.id).name == "mine now"
    store.delete_report(first.id)
    assert [one.name for one in store.kept_reports()] == ["another"]
    with pytest.raises(UnknownName, match=f'there is no report "{first.id}".*known: {second.id}'):
        store.open_report(first.id)
    for wrong, words in (("", "the name is empty"), ("x" * 121, "has 121 letters; at most 120")):
        with pytest.raises(BadInput, match=words):
            store.rename_report(second.id, wrong)


@pytest.mark.parametrize("wanted", ["..", "../..", "a/b", "", "0123456g"])
def test_an_id_that_is_a_path_deletes_nothing(wanted: str, tmp_path: Path) -> None:
    one = kept()
    with pytest.raises(UnknownName):
        store.delete_report(wanted)
    assert store.kept_reports() == (one,) and tmp_path.is_dir()


def test_a_damaged_or_too_large_report_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = kept(), kept()
    home = settings().home
    folder = store.report_folder(home, one.id)
    report_in(folder).write_text("{")
    with pytest.raises(BadInput, match=f"the report {one.id} is damaged"):
        store.open_report(one.id)
    report_in(folder).write_text(json.dumps({"kind": "run"}))
    with pytest.raises(BadInput, match="this is no report: it lacks"):
        store.open_report(one.id)
    monkeypatch.setattr(store, "MOST_BYTES", 10)
    with pytest.raises(BadInput, match=r"report.json is larger than 0 KB"):
        store.open_report(other.id)
    report_entry(folder).write_text("[" * 100_000)
    assert store.damaged_reports() == (one.id,)
    assert [entry.id for entry in store.kept_reports()] == [other.id]
    store.delete_report(one.id)
    assert store.damaged_reports() == ()


def test_report_folder_is_inside_the_home() -> None:
    assert report_folder(Path("/h"), "a").parent == Path("/h/reports")
