"""The commands compression, export and exports."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

import dlexplain.services.compress.measuring as service
import dlexplain.services.compress.shipped as shipping
from dlexplain.cli import main
from dlexplain.results.compression import Compression
from tests.compressed import table


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What the service was asked, which answers at once."""
    given: list[tuple[object, ...]] = []

    def measured(*arguments: object) -> Compression:
        given.append(arguments)
        return replace(table(), notes=("a note",))

    monkeypatch.setattr(service, "measure_compression", measured)
    return given


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main([*map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_a_table_is_printed_and_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, asked: list[tuple[object, ...]]
) -> None:
    files = {"--csv": tmp_path / "a.csv", "--html": tmp_path / "a.html"}
    more = [str(word) for pair in files.items() for word in pair]
    status, text, _ = called(capsys, "compression", "digits-cnn", "x", "--turns", 3, *more)
    assert status == 0
    assert asked[0][:4] == ("digits-cnn", ["x"], 3, 64)
    lines = text.splitlines()
    assert lines[0].startswith(
        "digits-cnn: a picture of 1 × 8 × 8 an example, 15 turns; a processor"
    )
    assert lines[1].split()[:2] == ["Model", "Accuracy"]
    assert lines[4].startswith("channels 0.5") and "4 [3.6–4.4]" in lines[4]
    assert "front by latency: low-rank 0.5, channels 0.5, original; knee: channels 0.5" in text
    assert lines[-1] == "a note"
    with files["--csv"].open() as file:
        rows = list(csv.DictReader(file))
    assert [row["how"] for row in rows] == ["", "magnitude 0.8", "channels 0.5", "low-rank 0.5"]
    assert float(rows[2]["single_faster"]) == 4.0
    assert "plotly" in files["--html"].read_text()
    status, text, _ = called(capsys, "compression", "digits-cnn", "--json")
    found = json.loads(text)
    assert status == 0 and found["fronts"]["size"]["knee"] == "bbbb2222"
    assert asked[1][1] is None


def test_ship_puts_it_beside_the_model(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    asked: list[tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shipping, "_zoo_file", lambda model: tmp_path / f"{model}.json")
    status, text, _ = called(capsys, "compression", "digits-cnn", "--ship")
    assert status == 0 and f"shipped: {tmp_path / 'digits-cnn.json'}" in text
    shipped = shipping.shipped("digits-cnn")
    assert shipped is not None and shipped.knee("latency") == "bbbb2222"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compression", "nobody", "digits-cnn"], 'unknown model "nobody"'),
        (["compression", "digits-cnn", "--by", "speed"], '--by is "speed"; latency, best batch'),
        (["compression", "digits-cnn", "digits-cnn", "--turns", "0"], "turns is 0"),
        (
            ["compression", "digits-cnn", "x", "--sweep", "low-rank"],
            "--sweep makes versions of one",
        ),
        (["compression", "digits-cnn", "--sweep", "low-rnk"], 'did you mean "low-rank"'),
        (["compression", "digits-cnn", "--sweep", "low-rank:7"], 'energy is "7"'),
        (["export", "digits-cnn", "x.zip"], 'the file is "x.zip"'),
    ],
)
def test_wrong_calls_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    status, _, errors = called(capsys, *arguments)
    assert (status, len(errors.splitlines())) == (2, 1)
    assert told in errors


def test_export_and_its_list(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, text, _ = called(capsys, "export", "digits-cnn", tmp_path / "folder")
    assert status == 0 and "says exactly what the model says on 8 inputs" in text
    status, text, _ = called(capsys, "exports", "--model", "digits-cnn")
    heads, first = text.splitlines()[:2]
    assert (status, heads[:5]) == (0, "Model") and str(tmp_path / "folder") in first
    assert first.index("safetensors") == heads.index("Format")
    status, text, _ = called(capsys, "exports", "--json")
    assert json.loads(text)[0]["path"] == str(tmp_path / "folder")
    assert (
        "nothing was exported yet of mnist-cnn"
        in called(capsys, "exports", "--model", "mnist-cnn")[1]
    )
    status, _, told = called(capsys, "exports", "--model", "nobody")
    assert status == 2 and 'unknown model "nobody"' in told
