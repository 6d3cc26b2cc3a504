"""Frozen results: what they compute and how they are written."""

import dataclasses
import io
import json

import numpy as np
import pytest

from dlexplain.results import (
    Attribution,
    ClassName,
    ClassScore,
    Prediction,
    csv_of,
    period_text,
    plot,
)

TABBY, LYNX = ClassName(281, "n02123045", "tabby"), ClassName(287, "n02127052", "lynx")
VALUES = np.array([[[1.0, -2.0]], [[3.0, 0.5]]], dtype=np.float32)  # 2 channels, 1 x 2


def attribution(signed: bool = True) -> Attribution:
    return Attribution(
        method="saliency",
        params={"absolute": not signed},
        values=VALUES,
        signed=signed,
        seconds=0.1,
        evaluations=1,
        target=TABBY,
        contrast=LYNX,
        picture=np.zeros((1, 2, 3), np.uint8),
    )


def test_channels_are_summed_where_signed_else_the_largest_counts() -> None:
    assert attribution(True).heatmap.tolist() == [[4.0, -1.5]]
    assert attribution(False).heatmap.tolist() == [[3.0, 0.5]]


def test_the_question_in_words() -> None:
    assert attribution().class_question == "tabby rather than lynx"
    assert dataclasses.replace(attribution(), contrast=None).class_question == "tabby"


def test_an_npz_gives_back_what_was_written() -> None:
    with np.load(io.BytesIO(attribution().to_npz()), allow_pickle=False) as saved:
        np.testing.assert_array_equal(saved["attribution"], VALUES)
        assert saved["picture"].shape == (1, 2, 3)
        metadata = json.loads(str(saved["metadata"]))
    assert metadata["target"] == {"index": 281, "wnid": "n02123045", "label": "tabby"}
    assert metadata["shape"] == [2, 1, 2]


def test_a_prediction_in_the_promised_form() -> None:
    found = Prediction("a.png", "m", (ClassScore(TABBY, 0.75),)).to_dict()
    assert found == {
        "path": "a.png",
        "model": "m",
        "fit": "crop",
        "predictions": [{"index": 281, "wnid": "n02123045", "label": "tabby", "probability": 0.75}],
    }


def test_results_are_frozen_and_others_have_no_figure() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        attribution().seconds = 2  # type: ignore[misc]
    with pytest.raises(TypeError, match="no figure for int"):
        plot(3)


@pytest.mark.parametrize(
    ("day", "period", "text"),
    [
        ("2007-07-01", 4, "2007Q3"),
        ("2007-12-31", 4, "2007Q4"),
        ("2021-07-31", 12, "2021-07"),
        ("2021-12-31", 1, "2021"),
        ("2021-07-03", 52, "2021-07-03"),
        ("2021-07-03", 0, "2021-07-03"),
    ],
)
def test_periods_are_written_as_people_do(day: str, period: int, text: str) -> None:
    assert period_text(np.datetime64(day), period) == text
    assert period_text(day, period) == text


def test_a_csv_keeps_the_columns_of_all_rows() -> None:
    rows = [{"a": 1}, {"a": 2, "b": "x,y"}, {"c": 3}]
    assert csv_of(rows) == 'a,b,c\n1,,\n2,"x,y",\n,,3\n'
    assert csv_of([]) == "\n"
