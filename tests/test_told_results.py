"""Runs, folders and networks in a sentence."""

from dataclasses import replace
from pathlib import Path

import pytest

from dlexplain.results import ClassName, ClassScore, ExplainedFolder, Layer, Layers, PictureAnswer
from dlexplain.results.run_words import run_verdict, runs_verdict
from tests.sweeping import BASE, KEY, record

ENDED = replace(
    record("a1", BASE, "", "finished"), name="first", seconds=61.0, ended=5.0, best=0.9,
    metrics={"test/accuracy": 0.75, KEY: 0.9},
)  # fmt: skip
LATER = replace(ENDED, id="b2", name="second", ended=6.0, metrics={KEY: 0.9})


def test_what_became_of_a_run() -> None:
    told = run_verdict(ENDED)
    assert told.startswith("first has finished after 1 min 1 s: test accuracy 75.0% [")
    assert told.endswith("n = 359.")
    assert "validation accuracy 90.0%" in run_verdict(LATER) and "n = 143" in run_verdict(LATER)
    assert run_verdict(replace(ENDED, state="running")) == ""
    stopped = replace(ENDED, state="cancelled", epoch=3, best=None, metrics={})
    assert run_verdict(stopped) == "first was stopped in epoch 3 of 9."
    assert run_verdict(replace(stopped, state="failed")) == "first failed in epoch 3 of 9."


def test_what_became_of_all_runs() -> None:
    running = record("c3", BASE, "")
    told = runs_verdict([ENDED, LATER, running])
    assert told.startswith("3 runs, 1 of them at work; the last to finish is second. Validation")
    assert runs_verdict([running]) == "One run, which is at work; none has finished yet."


LABELS = [ClassName(place, "", name) for place, name in enumerate(("cat", "dog"))]


def answered(*said: tuple[int, float, int | None]) -> ExplainedFolder:
    """(class, its probability, the truth) of each picture."""
    answers = tuple(
        PictureAnswer(
            place, f"{place}.png", (8, 8), "", ClassScore(LABELS[at], share), 0.5,
            None if truth is None else LABELS[truth],
        )
        for place, (at, share, truth) in enumerate(said)
    )  # fmt: skip
    return ExplainedFolder(
        "folder", "net", "saliency", "Saliency", {}, True, "logits", Path(),
        lambda _: (_ for _ in ()).throw(AssertionError), answers=answers, total=len(answers),
    )  # fmt: skip


def test_many_pictures_in_a_sentence() -> None:
    assert answered().told == ""
    told = answered((0, 0.9, 0), (1, 0.8, 1), (1, 0.7, 0), (0, 0.6, None)).told
    assert told.startswith("net gets 2 of 3 pictures right: 66.7% [") and "n = 3." in told
    assert (
        answered((1, 0.9, None), (1, 0.4, None), (0, 0.45, None)).told
        == "Of 3 pictures net says dog most often, of 2; of 2 it is less than half sure."
    )
    each = answered((1, 0.9, None), (0, 0.4, None)).told
    assert (
        each == "net says a different class for each of 2 pictures; of 1 it is less than half sure."
    )


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (0, "net has 2 layers and 30 parameters."),
        (
            300,
            "net has 2 layers and 30 parameters; most of the work is done by b, 75% of the 400 "
            "multiply-adds that a picture takes.",
        ),
    ],
)
def test_a_network_in_a_sentence(work: int, told: str) -> None:
    layers = tuple(
        Layer(name, "Conv2d", "", (1, 4, 4), (1, 4, 4), 15, adds, ("picture",))
        for name, adds in (("a", work // 3), ("b", work))
    )
    assert Layers("net", (1, 4, 4), layers).told == told
