"""The search of runs: words, conditions on fields, and what is said of a wrong one."""

import re
from dataclasses import replace

import pytest

from dlexplain.errors import BadInput
from dlexplain.results import RunRecord
from dlexplain.services.training import runs as service
from dlexplain.services.training.finding import Condition, find_runs, parse_search
from tests.trained import digits_run


@pytest.fixture(scope="module")
def records() -> list[RunRecord]:
    like = service.run(digits_run())

    def made(run: str, accuracy: float | None, epochs: int, **more: object) -> RunRecord:
        found = {"train/loss": 2.0}
        if accuracy is not None:
            found = {"validation/accuracy": accuracy - 0.05, "test/accuracy": accuracy}
        flat = {**like.flat, "training.epochs": epochs, "seed": epochs % 3}
        return replace(like, id=run, metrics=found, flat=flat, **more)  # type: ignore[arg-type]

    first, second, third = [
        made("aa", 0.95, 5, name="Big net", tags=("final", "Keep"), starred=True),
        made("bb", 0.85, 10, name="small one", note="try a lower rate", family="seeds-1"),
        made("cc", None, 2, name="broken", state="failed", archived=True),
    ]
    return [first, second, replace(third, flat={**third.flat, "parent": "zoo"})]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "aa bb cc"),
        ("NET big", "aa"),
        ('"big net"', "aa"),
        ("digits cnn", "aa bb cc"),
        ("data:digits", "aa bb cc"),
        ("data:digit", ""),
        ("data:dig*", "aa bb cc"),
        ("model!=cnn", ""),
        ("accuracy>0.9", "aa"),
        ("accuracy>=0.85", "aa bb"),
        ("accuracy<0.9", "bb"),
        ("validation/accuracy>0.85", "aa"),
        ("accuracy:0.85", "bb"),
        ("state:failed", "cc"),
        ("state!=failed accuracy<=0.95", "aa bb"),
        ("tag:FINAL", "aa"),
        ("tag!=final", "bb cc"),
        ("seed:2", "aa cc"),
        ("seed=2.0 epochs>=5", "aa"),
        ("epochs>=5", "aa bb"),
        ("training.epochs!=5", "bb cc"),
        ("starred:", "aa"),
        ("starred:no", "bb cc"),
        ("archived:", "cc"),
        ("archived:no tag:keep", "aa"),
        ('note:"lower rate"', "bb"),
        ("name:one", "bb"),
        ("family:seeds-*", "bb"),
        ("id:aa", "aa"),
        ("parent:zoo", "cc"),
        ("parent!=zoo", "aa bb"),
        ("loss>1", "cc"),
    ],
)
def test_every_word_and_condition_must_hold(
    records: list[RunRecord], text: str, expected: str
) -> None:
    assert " ".join(record.id for record in find_runs(text, records)) == expected


def test_archived_runs_are_left_out_where_that_is_asked_unless_the_search_names_them(
    records: list[RunRecord],
) -> None:
    assert [r.id for r in find_runs("", records, archived=False)] == ["aa", "bb"]
    assert [r.id for r in find_runs("archived:", records, archived=False)] == ["cc"]


def test_a_search_is_words_and_conditions() -> None:
    assert parse_search('  a  x:1 y>="b c" "d:e" ') == [
        Condition("", "", "a"),
        Condition("x", ":", "1"),
        Condition("y", ">=", "b c"),
        Condition("", "", "d:e"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("accurcy>0.9", 'names a field "accurcy" that no run has; known: id, name, task, .*'
         'did you mean "accuracy"'),
        ("accuracy>high", 'has "accuracy>high"; behind > it takes a number'),
        ("accuracy>", 'has "accuracy>" without a value behind it; accepted are words'),
        (">0.9", 'has ">0.9" without a field before it'),
        ("model>cnn", 'has "model>cnn", but model is a text; it takes : or !='),
        ("starred:maybe", 'has "starred:maybe"; it takes starred: or starred:no'),
        ("starred>1", 'has "starred>1"; it takes starred: or starred:no'),
        ('"open', 'a quote in the search "open has no end'),
    ],
)  # fmt: skip
def test_a_wrong_search_is_told_in_a_sentence(
    records: list[RunRecord], text: str, told: str
) -> None:
    with pytest.raises(BadInput, match=re.sub(r"([()])", r"\\\1", told)):
        find_runs(text, records)


def test_a_short_name_that_two_groups_have_must_be_said_whole(records: list[RunRecord]) -> None:
    both = [replace(r, flat={**r.flat, "model.rate": 1, "data.rate": 2}) for r in records]
    with pytest.raises(BadInput, match="which may be data.rate or model.rate; say which"):
        find_runs("rate:1", both)
    assert len(find_runs("model.rate:1", both)) == 3
