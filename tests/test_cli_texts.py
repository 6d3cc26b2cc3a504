"""The command line with texts: output, exit status, and one sentence for every wrong call."""

import json
from pathlib import Path

import pytest

import dlexplain as dx
from dlexplain.cli import explaining, explaining_texts, forecasting
from dlexplain.services.texts.explain import precision_warning
from dlexplain.ui import question as pictures
from dlexplain.ui.forecast import why as forecasts
from dlexplain.ui.texts import question as texts
from tests.test_cli import run

MODEL = ("--model", "sst2-cnn")
TEXT = "a dull, lovely film"


def test_a_text_is_classified_in_words_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, words, _ = run(capsys, "classify", "--text", "a dull film", *MODEL)
    assert status == 0
    assert words.splitlines()[1].split()[1] == "negative"
    status, text, _ = run(capsys, "classify", "--text", "a dull film", *MODEL, "--json")
    (found,) = json.loads(text)
    assert [p["label"] for p in found["predictions"]] == ["negative", "positive"]
    assert sum(p["probability"] for p in found["predictions"]) == pytest.approx(1)


def test_a_text_is_explained_as_python_does(capsys: pytest.CaptureFixture[str]) -> None:
    call = ("explain", "--text", TEXT, "--method", "leave-one-out", *MODEL)
    status, text, _ = run(capsys, *call, "--target", "positive", "--json")
    assert status == 0
    found = json.loads(text)
    ours = dx.explain(dx.load("sst2-cnn"), TEXT, "leave-one-out", "positive")
    assert found["values"] == pytest.approx(ours.values.tolist())
    assert [TEXT[a:b] for a, b in found["offsets"] if a < b] == ["a", "dull", ",", "lovely", "film"]
    status, words, _ = run(capsys, *call)
    assert status == 0
    assert "dull" in words


def test_a_csv_of_texts_is_classified_and_gaps_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text('id;text\n1;"a dull film"\n2;\n3;great fun\n')
    status, text, told = run(capsys, "classify", "--texts", str(file), *MODEL, "--json")
    assert status == 1
    assert [p["text"] for p in json.loads(text)] == ["a dull film", "great fun"]
    assert "row 2: the text is empty" in told


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n", 'there is no column "text"; there are a, b'),
        (b"", "the file is empty"),
        (b"text\nna\xefve\n", "line 2 is not UTF-8 (byte 0xef)"),
        (b"MZ\x00\x01", "the file is no CSV"),
        (b"text\n", "a heading and no rows"),
    ],
)
def test_bad_csvs_get_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    status, _, told = run(capsys, "classify", "--texts", str(file), "--column", "text", *MODEL)
    assert status == 2
    assert said in told
    assert len(told.splitlines()) == 1


def test_a_text_in_colours_is_kept_as_a_page(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "why.html"
    text = "a <b>splendid</b> film"
    call = ("explain", "--text", text, "--method", "leave-one-out", "--out", str(file), *MODEL)
    assert run(capsys, *call)[0] == 0
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    said = ("positive rather than negative", "negative rather than positive")
    assert any(f"<h1>Leave one out: {why}</h1>" in page for why in said)
    assert ">splendid</span>" in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("classify",), "one of the three"),
        (("classify", "cat.jpg", "--text", "x"), "one of the three"),
        (("explain", "--method", "lime"), "one of the three"),
        (("explain",), "one of the three"),
        (("explain", "--text", "", *MODEL), "the text is empty"),
        (("classify", "--text", "x", "--model", str(Path(__file__).parent)), "no config.json"),
        (("classify", "--text", "x", "--model", __file__), "that could be a text classifier"),
        (("explain", "--text", " ", "--method", "lime", *MODEL), "only blanks"),
        (("explain", "--text", "x", "--method", "lyme", *MODEL), "unknown method for a text"),
        (("explain", "--text", "x", "--method", "lime", "--model", "x"), "unknown text classifier"),
        (("explain", "--text", "x", "--method", "lime", "--out", "x.npz", *MODEL), ".html"),
        (("explain", "--text", "x", "--method", "lime", "--png", "x.png", *MODEL), "for pictures"),
    ],
)
def test_wrong_calls_get_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    status, _, told = run(capsys, *arguments)
    assert status == 2
    assert said in told


def test_without_a_method_it_is_the_pages_first(capsys: pytest.CaptureFixture[str]) -> None:
    status, text, _ = run(capsys, "explain", "--text", TEXT, *MODEL, "--json")
    assert status == 0
    assert json.loads(text)["method"] == texts.FIRST_METHODS[0] == explaining_texts.DEFAULT_METHOD
    assert pictures.FIRST_METHODS[0] == explaining.DEFAULT_METHOD
    assert forecasts.FIRST[0] == forecasting.DEFAULT_METHOD


STEERING = "a\x01b\x07 good\x1b[31mfilm"
SHOWN = "a␁b␇ good␛[31mfilm"


def test_control_characters_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text(f"text\n{STEERING}\n")
    for given in (("--text", STEERING), ("--texts", str(file))):
        status, words, _ = run(capsys, "classify", *given, *MODEL)
        assert status == 0
        assert words.splitlines()[0] == SHOWN
    _, words, _ = run(capsys, "explain", "--text", STEERING, "--method", "leave-one-out", *MODEL)
    _, more, _ = run(capsys, "generate", "--prompt", STEERING, "--count", "2")
    assert SHOWN in more
    assert not {"\x01", "\x07", "\x1b"} & set(words + more)
    _, text, _ = run(capsys, "classify", "--text", STEERING, *MODEL, "--json")
    assert json.loads(text)[0]["text"] == STEERING
    _, _, told = run(capsys, "classify", "--text", "x", "--model", "\x1b[2J")
    assert 'unknown text classifier "␛[2J"' in told


def test_a_number_of_classes_begins_at_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(capsys, "classify", "--text", TEXT, "--top", "0")
    assert ended.value.code == 2
    assert '"0" is no whole number from 1' in capsys.readouterr().err


def test_a_slower_precision_is_told_on_stderr_before_the_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call = ("explain", "--text", TEXT, "--method", "lime", "--set", "samples=10", *MODEL)
    said = precision_warning(dx.load(MODEL[-1]), "lime", {"precision": "bf16"})
    status, _, told = run(capsys, *call, "--set", "precision=bf16")
    assert (status, told) == (0, f"dlexplain: {said}\n" if said else "")
    assert run(capsys, *call, "--set", "precision=float32")[2] == ""
