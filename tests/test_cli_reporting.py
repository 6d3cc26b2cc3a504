"""The command report, and --report of commands that explain."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dlexplain.__main__ import main
from dlexplain.data.samples import sample_path
from dlexplain.services.reporting import store
from tests.reports import text_report

PICTURE = str(sample_path("coffee"))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "reports_folder", lambda home: tmp_path / "reports")
    monkeypatch.setattr(store, "report_folder", lambda home, id_: tmp_path / "reports" / id_)


def test_explain_writes_reports_of_every_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = {
        "picture.html": ["explain", PICTURE, "--model", "digits-cnn", "--method", "saliency"],
        "text.ipynb": ["explain", "--text", "a film", "--model", "sst2-cnn"],
        "series.pdf": ["explain", "--series", "", "--model", "macrodata-lstm", "--method",
                       "input-x-gradient"],
    }  # fmt: skip
    for name, call in calls.items():
        assert main([*call, "--report", str(tmp_path / name), "--keep-report"]) == 0
        assert (tmp_path / name).stat().st_size > 1000
    assert {one.kind for one in store.kept_reports()} == {"picture", "text", "series"}
    code = json.loads((tmp_path / "text.ipynb").read_text())["cells"]
    assert "text = 'a film'" in [cell["source"] for cell in code]
    capsys.readouterr()
    assert main(["report", "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_kept_report_is_shown_exported_and_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = store.keep(text_report("a film"), "mine")
    assert main(["report", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [entry.to_dict()]
    assert main(["report", "show", entry.id]) == 0
    assert entry.answer in capsys.readouterr().out
    file = tmp_path / "out.html"
    assert main(["report", "export", entry.id, "--to", str(file)]) == 0
    assert capsys.readouterr().out == f"wrote {file}\n"
    assert file.read_bytes().startswith(b"<!doctype html>")
    assert main(["report", "delete", entry.id]) == 0
    assert store.kept_reports() == ()
    capsys.readouterr()
    assert main(["report", "list"]) == 0
    assert "there is no report yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("report show", "report show takes the ID of a report"),
        ("report show 01234567", 'there is no report "01234567"'),
        ("report export 01234567", "report export takes --to FILE"),
        ("report list --to a.pdf", "--to is of export; report list takes none"),
        ("explain --text film --model sst2-cnn --report a.doc", '"a.doc" is no file of a report'),
        ("trust digits-cnn --report a.doc", '"a.doc" is no file of a report'),
        ("compare-models digits-cnn digits-cnn --report a", '"a" is no file of a report'),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], call: str, words: str
) -> None:
    assert main(call.split()) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["html", "pdf"])
def test_the_first_command_of_a_process_knows_every_kind(ending: str, tmp_path: Path) -> None:
    """In this process others have registered them."""
    file = tmp_path / f"why.{ending}"
    command = ["explain", str(sample_path("coffee")), "--model", "digits-cnn", "--method",
               "saliency", "--report", str(file)]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "dlexplain", *command], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert file.stat().st_size > 10_000
