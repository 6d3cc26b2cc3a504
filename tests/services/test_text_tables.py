"""A table of texts, classified: what comes back has every column that went in."""

import csv
import io

import pytest

from dlexplain.errors import DataError
from dlexplain.services.loading import load
from dlexplain.services.texts.models import TextModel
from dlexplain.services.texts.tables import explain_texts, other_columns, read_text_column

TABLE = b"id;text;class;note\n7;a good film;x;=1+1\n8;;y;left out\n9;dull;z;last\n"


def test_the_download_keeps_the_table_s_other_columns() -> None:
    column, texts = read_text_column(TABLE)
    beside = other_columns(TABLE, column)
    assert beside == {
        "id": ["7", "8", "9"], "class": ["x", "y", "z"], "note": ["=1+1", "left out", "last"],
    }  # fmt: skip
    found = explain_texts(load(TextModel, "sst2-cnn"), texts, "input-x-gradient", beside=beside)
    rows = list(csv.DictReader(io.StringIO(found.to_csv().decode("utf-8-sig"))))
    assert list(rows[0]) == [
        "row", "text", "id", "class (given)", "note", "class", "probability", "words",
    ]  # fmt: skip
    assert [(r["row"], r["id"], r["class (given)"], r["text"]) for r in rows] == [
        ("1", "7", "x", "a good film"), ("3", "9", "z", "dull"),
    ]  # fmt: skip
    assert rows[0]["note"] == "'=1+1"  # a spreadsheet would run it
    assert [r["class"] for r in rows] == [p.scores[0].name.label for p in found.predictions]


def test_a_table_of_texts_alone_has_our_columns() -> None:
    found = explain_texts(load(TextModel, "sst2-cnn"), ["good"], "input-x-gradient")
    heading = found.to_csv().decode("utf-8-sig").splitlines()[0]
    assert heading == "row,text,class,probability,words"


def test_a_row_that_the_method_does_not_take_costs_none_of_the_others() -> None:
    model, long = load(TextModel, "sst2-cnn"), " ".join(["film"] * 20)
    found = explain_texts(model, ["a fine film", long], "shapley-values")
    assert found.rows == (1,)
    assert "Row 2 was left out: 20 parts have" in found.skipped[0]
    with pytest.raises(
        DataError, match="none of the rows can be explained by shapley-values: Row 1"
    ):
        explain_texts(model, [long], "shapley-values")
