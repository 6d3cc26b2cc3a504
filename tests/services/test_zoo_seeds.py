"""A card's seeds: what goes in, what is refused, how it is told, and what damage takes away."""

import json
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import t

from dlexplain.cli import main
from dlexplain.errors import DlexplainError
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.results.zoo_cards import SeedScores
from dlexplain.services.training import runs as service
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.zoo import publish
from dlexplain.services.zoo_seeds import add_seeds
from dlexplain.settings import settings
from dlexplain.trained.zoo_cards import score_table, zoo_card, zoo_cards
from tests.finished import states
from tests.trained import digits_run

NAME, KEY, FAMILY = "digits-small", "test/accuracy", "seeds-of-a-test"


def _family(seeds: tuple[int, ...], family: str, **changed: Any) -> list[str]:
    """Trained, as `launch_seeds` would."""
    spec = replace(RunSpec.from_dict(service.run(digits_run()).spec), name="seeds", **changed)
    queue = inline_queue(settings().home)
    return [queue.submit(replace(spec, seed=seed), family).id for seed in seeds]


@pytest.fixture(scope="module")
def family() -> list[str]:
    return _family((2, 0, 1), FAMILY)


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo of one model, of the same spec."""
    publish(digits_run(), NAME, lambda text: None, tmp_path)
    monkeypatch.setattr(paths, "zoo_folder", lambda: tmp_path)
    return tmp_path / NAME


def test_a_card_holds_each_seeds_score_with_mean_deviation_and_interval(
    zoo: Path, family: list[str]
) -> None:
    assert zoo_card(NAME).seeds is None and zoo_card(NAME).over_seeds(KEY) == ""
    before = json.loads(paths.card_in(zoo).read_text())
    found = add_seeds(NAME, FAMILY).found
    by_seed = {int(r.flat["seed"]): r.metrics[KEY] for r in map(service.run, family)}
    values = [by_seed[seed] for seed in (0, 1, 2)]
    score = found.scores[KEY]
    assert (found.seeds, found.shipped, score.n) == ((0, 1, 2), 0, 3)
    assert score.values == pytest.approx(values)
    mean, sd = statistics.mean(values), statistics.stdev(values)
    half = t.ppf(0.975, 2) * sd / 3**0.5
    assert (score.mean, score.sd) == pytest.approx((mean, sd))
    assert (score.low, score.high) == pytest.approx((mean - half, mean + half))
    card = zoo_card(NAME)
    assert card.seeds == found  # as it was read back
    here = f"{card.metrics[KEY]:.1%} here; over 3 seeds {mean:.1%} ± {100 * sd:.1f} "
    within = f"(95% interval {100 * score.low:.1f} to {100 * score.high:.1f})"
    assert card.over_seeds(KEY) == here + within
    assert found.again(KEY) == by_seed[0]
    assert found.short(KEY) == (
        f"{mean:.1%} ± {100 * sd:.1f} [{100 * score.low:.1f}–{100 * score.high:.1f}]"
    )
    assert f"; over 3 seeds {mean:.1%} ± " in score_table([card])
    assert card.to_dict()["seeds"]["seeds"] == [0, 1, 2]
    after = json.loads(paths.card_in(zoo).read_text())
    assert {key: value for key, value in after.items() if key != "seeds"} == before


def test_the_command_puts_them_in_and_tells_them(
    zoo: Path, family: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = states().add(RunSpec.from_dict(service.run(family[0]).spec), family=FAMILY).id
    try:
        assert main(["zoo", "seeds", NAME, "--family", FAMILY]) == 0
    finally:
        states().move(waiting, "cancelled", "a test")
        states().delete(waiting)
    said = capsys.readouterr()
    assert said.err == f"dlexplain: run {waiting} is queued and left out\n"
    assert "trained with seeds 0, 1, 2; here is seed 0" in said.out
    assert main(["zoo", "show", NAME]) == 0
    assert zoo_card(NAME).over_seeds(KEY) in capsys.readouterr().out
    assert main(["zoo", "seeds", NAME]) == 2
    assert "takes a name and a family" in capsys.readouterr().err


def test_what_is_no_repetition_of_the_training_is_refused(zoo: Path, family: list[str]) -> None:
    before = paths.card_in(zoo).read_bytes()

    def refused(words: str, family: str, name: str = NAME) -> None:
        with pytest.raises(DlexplainError, match=words) as told:
            add_seeds(name, family)
        assert "\n" not in str(told.value)
        assert paths.card_in(zoo).read_bytes() == before

    refused('unknown zoo model "nosuch"; known: digits-small', FAMILY, "nosuch")
    refused('no run is of family "nosuch"; known: .*' + FAMILY, "nosuch")
    refused("no run is of family", "")
    _family((1, 2), "two")
    refused("2 of the 2 runs of family two are finished; a card takes 3", "two")
    _family((1,), "two")
    refused("seed 1 is in the family twice", "two")
    _family((5, 6, 7), "others")
    refused("no run of seed 0, with which digits-small was trained", "others")
    training = {**service.run(family[0]).spec["training"], "epochs": 2}
    _family((0, 1, 2), "shorter", training=training)
    refused(
        "training.epochs is 2 in run .* and 3 in the card of digits-small; the seeds", "shorter"
    )


def test_a_shipped_seed_that_scores_otherwise_is_another_training(
    zoo: Path, family: list[str]
) -> None:
    card = json.loads(paths.card_in(zoo).read_text())
    card["trained"]["metrics"][KEY] -= 0.05
    paths.card_in(zoo).write_text(json.dumps(card))
    with pytest.raises(DlexplainError, match="seed 0 has test/accuracy 0.*another training than"):
        add_seeds(NAME, FAMILY)


def _set(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda seeds: seeds.__setitem__(key, value)


def _score(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda seeds: seeds["scores"][0].__setitem__(key, value)


DAMAGE: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no seeds": (_set("seeds", None), "seeds is None"),
    "one seed": (_set("seeds", [0]), r"seeds is \[0\]"),
    "seeds of words": (_set("seeds", ["a", "b", "c"]), "seeds is"),
    "a seed twice": (_set("seeds", [0, 1, 1]), "each named once"),
    "another shipped": (_set("shipped", 1), "the shipped seed is 1, the model's 0"),
    "shipped is none": (_set("shipped", 9), "the shipped one among them"),
    "no scores": (_set("scores", []), "there are no scores"),
    "scores of words": (_set("scores", ["a"]), "a score has no metric"),
    "too few values": (_score("values", [0.5]), "has 1 values of 3 seeds"),
    "no mean": (_score("mean", None), "are no numbers"),
    "a mean of others": (_score("mean", 0.5), "are not those of its values"),
    "a deviation of others": (_score("sd", 0.5), "are not those of its values"),
    "an interval aside": (_score("low_95", -1.0), "are not those of its values"),
    "a metric of others": (_score("metric", "test/bleu"), "test/bleu is no metric of the model"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_seeds_are_one_sentence_and_take_nothing_else_away(
    zoo: Path, family: list[str], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_seeds(NAME, FAMILY)
    card = json.loads(paths.card_in(zoo).read_text())
    damage, words = DAMAGE[kind]
    damage(card["seeds"])
    paths.card_in(zoo).write_text(json.dumps(card))
    (found,) = zoo_cards()
    assert found.seeds is None and found.headline[0] == KEY and found.over_seeds(KEY) == ""
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(found.seeds_problem)
    assert found.seeds_problem.startswith(f"the seeds in the card of zoo model {NAME} are damaged")
    assert main(["zoo"]) == 0
    said = capsys.readouterr()
    assert NAME in said.out and said.err == f"dlexplain: {found.seeds_problem}\n"


def test_a_card_with_anything_else_in_their_place(zoo: Path) -> None:
    card = json.loads(paths.card_in(zoo).read_text())
    paths.card_in(zoo).write_text(json.dumps({**card, "seeds": [1]}))
    assert zoo_card(NAME).seeds_problem.endswith("are damaged: it is no JSON object")


def test_numbers_that_are_no_parts_have_the_digits_of_their_deviation() -> None:
    def told(*values: float) -> str:
        mean, sd = statistics.mean(values), statistics.stdev(values)
        half = t.ppf(0.975, len(values) - 1) * sd / len(values) ** 0.5
        numbers = {"mean": mean, "sd": sd, "low_95": mean - half, "high_95": mean + half}
        score = {"metric": "test/mase", "values": [*values], **numbers}
        given = {"shipped": 0, "seeds": [*range(len(values))], "scores": [score]}
        return SeedScores.from_dict(given).of_runs("test/mase")

    assert told(0.80, 0.82, 0.84) == "0.820 ± 0.020 (95% interval 0.770 to 0.870)"
    assert told(80, 120, 100) == "100 ± 20 (95% interval 50 to 150)"
    assert told(1.0, 1.0, 1.0) == "1.000 ± 0.000 (95% interval 1.000 to 1.000)"
    assert told(-0.2, 0.2, 0.0) == "0.00 ± 0.20 (95% interval −0.50 to 0.50)"
