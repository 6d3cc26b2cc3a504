"""Readers of what was kept in the home folder, or comes along, and was damaged since."""

import contextlib
import io
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import dlexplain.figures.reports  # noqa: F401, registers them
from dlexplain.errors import DlexplainError
from dlexplain.execution import alerts, delivery, ended, journal, paths, telling
from dlexplain.execution.files import whole_lines
from dlexplain.execution.rows import read_row
from dlexplain.execution.schema import ADDED, COLUMNS
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States
from dlexplain.explainers.batching import _read_chunks
from dlexplain.results import ClassName
from dlexplain.results.compression import Compression
from dlexplain.results.defences import DefenceResult
from dlexplain.results.model_comparison import ComparedExample, ModelComparison
from dlexplain.results.reliability import ClassifierCalibration, OutOfDistribution
from dlexplain.results.robustness import Robustness
from dlexplain.results.shortcuts import ShortcutTest
from dlexplain.results.smoothing import Certificate, CertifiedAccuracy
from dlexplain.results.trust import TrustTable
from dlexplain.services.attack.robustness_store import RobustnessStore
from dlexplain.services.comparing.store import ComparisonStore
from dlexplain.services.compress.store import CompressionStore
from dlexplain.services.kept import ANSWERS, QUESTION, unfinished
from dlexplain.services.many.store import ManyStore
from dlexplain.services.pictures.folder_store import _read_line
from dlexplain.services.privacy.shipped import read_trade
from dlexplain.services.quality.trust_table import Judged
from dlexplain.services.reporting import store as reports
from dlexplain.services.shipped_results import read_one
from dlexplain.services.sweeps.spec import sweep_spec
from dlexplain.services.sweeps.store import SweepFiles
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.compression_runs import compressed_layers
from dlexplain.services.training.presets import PRESETS
from dlexplain.services.training.runs import run as run_now
from dlexplain.services.training.test_results import card, results_of
from dlexplain.settings import read_chosen, settings
from dlexplain.trained.folder import Trained
from dlexplain.trained.zoo import _entry as zoo_entry
from dlexplain.trained.zoo_cards import _read as zoo_card_of
from dlexplain.trained.zoo_cards import trained_in
from tests.compressed import table
from tests.finished import finished_run
from tests.reports import picture_report, text_report
from tests.security.mutations import (
    changed_bytes,
    changed_json,
    changed_json_files,
    json_bytes,
)
from tests.security.readers.base import Reader, laid, reader

SPEC = PRESETS["digits-cnn"].spec


@reader("spec of a run")
def _(folder: Path) -> Reader:
    def read(content: bytes, folder: Path) -> None:
        complete(RunSpec.from_json(content.decode("utf-8", "replace")))

    seeds = [json.loads(PRESETS[name].spec.to_json()) for name in ("digits-cnn", "sst2-cnn")]
    return Reader(changed_json_files(*seeds), read, 2.0)


@reader("report")
def _(folder: Path) -> Reader:
    def read(content: bytes, folder: Path) -> None:
        kept = reports.keep(text_report())
        laid(paths.report_folder(settings().home, kept.id), "report.json", content)
        try:
            reports.open_report(kept.id)
        finally:
            reports.delete_report(kept.id)

    made = (text_report(), picture_report(1, side=8))
    return Reader(changed_json_files(*(one.to_dict() for one in made)), read)


@reader("entry of a report")
def _(folder: Path) -> Reader:
    def read(content: bytes, folder: Path) -> None:
        kept = reports.keep(text_report())
        place = paths.report_folder(settings().home, kept.id)
        laid(place, paths.report_entry(place).name, content)
        try:
            reports.kept_reports()
            reports.damaged_reports()
            reports.open_report(kept.id)
        finally:
            reports.delete_report(kept.id)

    kept = reports.keep(text_report())
    seed = kept.to_dict()
    reports.delete_report(kept.id)
    return Reader(changed_json_files(seed), read)


def _sweep(file: Callable[[Path, str], Path]) -> Callable[[Path], Reader]:
    def made(folder: Path) -> Reader:
        home = folder / "sweeps-home"
        spec = sweep_spec(SPEC, ["width=8,16,32"], trials=3)
        files = SweepFiles(home, "abcd1234")
        if not file(home, files.id).exists():
            files = SweepFiles.make(home, "abcd1234", spec)
            files.write_trials(())
        seed = json.loads(file(home, files.id).read_text())
        seed = {"trials": [_TRIAL]} if seed == {"trials": []} else seed

        def read(content: bytes, folder: Path) -> None:
            shutil.copytree(home, folder / "home")
            damaged = SweepFiles(folder / "home", "abcd1234")
            file(folder / "home", damaged.id).write_bytes(content)
            found = damaged.sweep()
            _ = found.best_words, found.active

        return Reader(changed_json_files(seed), read)

    return made


_TRIAL: dict[str, Any] = {
    "number": 0, "params": {"model.width": 8}, "state": "finished", "values": [0.9],
    "curve": [0.5, 0.9], "test": {"test/accuracy": 0.9}, "run": "abcd1234", "why": "",
    "began": 1.0, "ended": 2.0,
}  # fmt: skip
reader("spec of a sweep")(_sweep(paths.sweep_spec_file))
reader("state of a sweep")(_sweep(paths.sweep_state_file))
reader("budget of a sweep")(_sweep(paths.sweep_budget_file))
reader("trials of a sweep")(_sweep(paths.sweep_trials_file))


# What a run leaves


def _row() -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {
        "number": 1, "id": "abcd1234", "name": "x", "tags": "a,b", "spec": SPEC.to_json(),
        "state": "finished", "device": "cpu", "created": 1.0, "why": "", "spent": 0.0, "host": "h",
        "wish": "", "tracking": "", "progress": json.dumps({"metrics": {"test/accuracy": 0.5}}),
        **ADDED,
    }  # fmt: skip
    return row


@reader("row of a run")
def _(folder: Path) -> Reader:
    def read(content: Any, folder: Path) -> None:
        if isinstance(content, dict):  # as SQLite gives it
            read_row(content)

    return Reader(changed_json([_row()]), read)


@reader("copies of rows, the states being lost")
def _(folder: Path) -> Reader:
    def read(content: bytes, folder: Path) -> None:
        sound = {"row": _row() | {"id": "sound123"}, "changes": [[1.0, "finished", "", ""]]}
        for run, told in (("abcd1234", content), ("sound123", json_bytes(sound))):
            file = paths.row_file(folder, run)
            laid(file.parent, file.name, told)
        paths.states_file(folder).write_bytes(b"not a database at all" * 50)
        found = [row.id for row in States(paths.states_file(folder)).all()]
        assert "sound123" in found

    seed = {"row": _row(), "changes": [[1.0, "queued", "", ""], [2.0, "finished", "", "done"]]}
    return Reader(changed_json_files(seed), read, 0.5)


@reader("states of runs")
def _(folder: Path) -> Reader:
    file = folder / "seed-home" / "runs.sqlite"
    if not file.exists():
        file.parent.mkdir()
        states = States(file)
        for _n in range(3):
            states.add(SPEC)
    import sqlite3

    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    seed = file.read_bytes()

    def read(content: bytes, folder: Path) -> None:
        states = States(laid(folder, "runs.sqlite", content))
        states.all()
        states.damaged()
        states.counts()
        states.reap()
        states.add(SPEC)

    return Reader(changed_bytes([seed]), read, 0.5)


def _line_files() -> Mapping[str, tuple[Any, Callable[[Path, bytes], object]]]:
    point = {"step": 12, "at": 1.5, "values": {"train/loss": 0.25}}
    run = "abcd1234"
    row = replace(read_row(_row() | {"state": "running"}), pid=1, born=1.0)

    def put(file: Path, content: bytes) -> None:
        laid(file.parent, file.name, content)

    def journal_of(home: Path, content: bytes) -> None:
        put(paths.journal_file(home, run), content + b"\n" + json_bytes(point) + b"\n")
        assert journal.history(home, run, "train/loss")

    def end(home: Path, content: bytes) -> None:
        put(paths.ended_file(home, run), content)
        ended.how_it_ended(home, row)

    def told(home: Path, content: bytes) -> None:
        put(paths.told_file(home, run), content)
        telling._read_told(home, run, "uri")

    def answer(home: Path, content: bytes) -> None:
        put(paths.tracker_file(home), content)
        delivery.last_answer(home, "uri")

    def alert(home: Path, content: bytes) -> None:
        put(paths.alerts_file(home), content)
        alerts.alert_problem(home)

    def waits(home: Path, content: bytes) -> None:
        put(paths.alerts_folder(home) / "a.json", content)
        for file in alerts._waiting(home):
            with mock.patch.object(alerts, "send", side_effect=OSError("nobody is asked")):
                alerts._try(home, "http://localhost:1", file, (5.0,))

    def chosen(home: Path, content: bytes) -> None:
        put(home / "settings.json", content)
        read_chosen(home)

    def chunks(home: Path, content: bytes) -> None:
        _read_chunks(laid(home, "chunks.json", content))

    ended_as = {"pid": 1, "born": 1.0, "state": "finished", "why": "", "at": 5.0}
    return {
        "journal": (point, journal_of),
        "end of a run": (ended_as, end),
        "what MLflow was told": (asdict(telling.Told("uri")), told),
        "MLflow's answer": (asdict(delivery.Answer("uri")), answer),
        "alert": ({"host": "", "run": "a", "why": "b"}, alert),
        "alert that waits": ({"payload": {"run": "a"}, "tries": 0, "again": 1.0}, waits),
        "what was chosen": ({"ray": "192.0.2.1:6379"}, chosen),
        "chunks": ({"a/b/c": 8}, chunks),
    }


def _line(name: str) -> Callable[[Path], Reader]:
    def made(folder: Path) -> Reader:
        seed, act = _line_files()[name]

        def read(content: bytes, folder: Path) -> None:
            act(folder, content)

        return Reader(changed_json_files(seed), read, 0.6, ())

    return made


for _name in _line_files():
    reader(_name)(_line(_name))


@reader("results of a run")
def _(folder: Path) -> Reader:
    run = finished_run()
    file = paths.results_file(settings().home, run)
    out = io.BytesIO()
    arrays = {
        "confusion": np.eye(6, dtype=np.int64), "samples_pixels": np.zeros((6, 8, 8, 1), np.uint8),
        "samples_labels": np.arange(6), "samples_predicted": np.arange(6),
        "samples_probabilities": np.ones(6) / 6,
    }  # fmt: skip
    np.savez(out, **arrays)
    seeds = [file.read_bytes(), out.getvalue()]

    def read(content: bytes, folder: Path) -> None:
        file.write_bytes(content)
        from dlexplain.services.pictures.sources import kept_pictures

        kept_pictures(run)
        record = run_now(run)
        for one in (results_of, compressed_layers, card):
            with contextlib.suppress(DlexplainError):
                one(record)

    return Reader(changed_bytes(seeds), read)


# What comes along, or was measured here


ZOO = paths.zoo_folder()


def _shipped(name: str, kind: Any, *seeds: Any) -> None:
    def made(folder: Path) -> Reader:
        def read(content: bytes, folder: Path) -> None:
            read_one(laid(folder, "x.json", content), kind.from_dict)

        return Reader(changed_json_files(*seeds), read, 0.6, ())

    reader(f"result: {name}")(made)


def _first(pattern: str) -> Any:
    """The smallest that comes along."""
    files = sorted(ZOO.glob(pattern), key=lambda file: file.stat().st_size)
    return json.loads(files[0].read_text())


_shipped("trust", TrustTable, _first("*/trust.json"))
_shipped("robustness", Robustness, _first("*/robustness.json"))
_shipped("calibration", ClassifierCalibration, _first("*/calibration.json"))
_shipped("out of distribution", OutOfDistribution, _first("*/out_of_distribution.json"))
_shipped("smoothing", CertifiedAccuracy, _first("*/smoothing.json"))
_shipped("shortcut", ShortcutTest, _first("_shortcuts/*.json"))
_shipped("compression", Compression, table().to_dict())
_shipped("comparison", ModelComparison, _first("_compared/*.json"))
_shipped("defence", DefenceResult, _first("_registered/*.defence.json"))


@reader("result: privacy")
def _(folder: Path) -> Reader:
    def read(content: bytes, folder: Path) -> None:
        read_trade(laid(folder, "x.json", content))

    return Reader(changed_json_files(_first("_privacy/*.json")), read, 0.5, ())


@reader("card of the zoo")
def _(folder: Path) -> Reader:
    """Of a model that is not so damaged that lists leave it out."""
    whole = ZOO / "digits-cnn"

    def read(content: bytes, folder: Path) -> None:
        laid(folder, "card.json", content)
        shutil.copy(paths.weights_in(whole), folder)
        model = Trained("x", "x", "zoo", folder, paths.weights_in(folder))
        if not model.damage:
            found = zoo_card_of(model)
            _ = found.headline_words, found.to_dict(), zoo_entry(model), trained_in(found)

    return Reader(changed_json_files(json.loads(paths.card_in(whole).read_text())), read)


# Answers that were kept line by line


def _answers() -> Mapping[str, tuple[Any, Callable[[Path], object]]]:
    score = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9}
    return {
        "trust": (
            {"place": 1, "method": "lime", "seconds": 0.5, "evaluations": 3, "values": {"a": 0.5},
             "units": {"a": ""}, "lost": "", "why": {}},
            lambda folder: [Judged.read(line) for line in whole_lines(folder / ANSWERS)[0]],
        ),
        "smoothing": (
            {"place": 1, "label": 2, "plain": 2, "said": 2, "hits": 9, "radius": 0.5},
            lambda folder: [Certificate.read(line) for line in whole_lines(folder / ANSWERS)[0]],
        ),
        "robustness": (
            {"key": "clean", "first": 0, "rows": [[1, 0.5, None]]},
            lambda folder: RobustnessStore(folder).read(),
        ),
        "comparison": (
            {"example": {**dict.fromkeys(_COMPARED, 0.5), "said": ["a", "b"]}, "shown": None},
            lambda folder: ComparisonStore(folder).read(),
        ),
        "compression": (
            {"kind": "look", "model": "x", "speed": score},
            lambda folder: CompressionStore(folder).read(),
        ),
        "many": ({"shard": 1, "sha256": "ab"}, lambda folder: ManyStore(folder).done()),
        "folder": (
            {"place": 0, "name": "a", "size": [1, 2], "digest": "d", "top": [0, 0.5],
             "entropy": 0.1, "truth": 1, "rival": [1, 0.4], "disagreement": 0.1, "note": "",
             "group": 0},
            lambda folder: [_read_line(line, CLASSES) for line in whole_lines(folder / ANSWERS)[0]],
        ),
    }  # fmt: skip


CLASSES = (ClassName(0, "", "a"), ClassName(1, "", "b"))
_COMPARED = [field.name for field in fields(ComparedExample)]


def _answer(name: str) -> Callable[[Path], Reader]:
    def made(folder: Path) -> Reader:
        seed, act = _answers()[name]

        def read(content: bytes, folder: Path) -> None:
            laid(folder, ANSWERS, content.replace(b"\n", b" ") + b"\n")
            act(folder)

        return Reader(changed_json_files(seed), read, 0.6, ())

    return made


for _name in _answers():
    reader(f"answers: {_name}")(_answer(_name))


@reader("question of a job")
def _(folder: Path) -> Reader:
    def read(content: bytes, folder: Path) -> None:
        laid(folder / "a", QUESTION, content)
        laid(folder / "a", ANSWERS, b"{}\n")
        list(unfinished(folder, lambda one: one / "result.json"))
        with contextlib.suppress(DlexplainError):
            RobustnessStore(folder / "a")._question()

    seed = {"question": {"model": "x", "count": 3}, "asked": {"model": "x"}}
    return Reader(changed_json_files(seed), read, 0.6, ())
