"""Attacks on texts: known by hand on a model of words, counted exactly, within their limits."""

from typing import Any

import pytest
import torch

from dlexplain.attacks import ATTACKS, attacks_for
from dlexplain.attacks.methods.character_swaps import KINDS
from dlexplain.attacks.texts import TextVictim, Trial, by_importance
from dlexplain.errors import BadInput, Incompatible, ParamError
from tests.attacks.speakers import Sums, vectors, victim

NAMES = ("character-swaps", "word-deletion", "embedding-substitution")


def run(given: TextVictim, name: str, seed: int = 0, **params: Any) -> Trial:
    attack = attacks_for("text")[name]
    attack.check(given)
    found: Trial = attack.run(given, attack.params(params), torch.Generator().manual_seed(seed))
    return found


def test_every_attack_has_a_modality_and_is_in_one_list() -> None:
    assert set(attacks_for("text")) == set(NAMES)
    assert set(attacks_for("series")) == {"forecast-pgd"}
    kinds = [attacks_for(kind) for kind in ("picture", "text", "series")]
    assert sum(map(len, kinds)) == len(ATTACKS)
    assert all("https://" in attack.paper for attack in ATTACKS.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("budget", [1, 2, 3, 5, 8, 13, 1000])
def test_queries_are_counted_exactly_and_never_beyond_the_budget(name: str, budget: int) -> None:
    speaker = Sums()
    given = victim("a good and great film , truly", budget, speaker=speaker)
    run(given, name)
    assert given.queries == len(speaker.seen) <= budget


def test_words_are_ordered_by_what_their_absence_costs() -> None:
    given = victim("film great good fine")
    assert by_importance(given, given.words, range(4)) == [2, 1, 3, 0]
    assert given.queries == 4


def test_importance_that_the_budget_does_not_reach_comes_last() -> None:
    given = victim("fine film great good", budget=2)
    assert by_importance(given, given.words, range(4)) == [0, 1, 2, 3]
    assert given.queries == 2


def test_the_word_that_decides_is_left_out_first() -> None:
    found = run(victim("a good bad great film"), "word-deletion")
    assert found.fooled
    # 2 - 2 + 1.5 is positive; without "good" it is -0.5.
    assert found.words == ("a", "", "bad", "great", "film")


def test_no_more_words_than_allowed_are_changed() -> None:
    for name in ("word-deletion", "character-swaps", "embedding-substitution"):
        given = victim("good great good great good")
        found = run(given, name, most=2)
        differ = [a != b for a, b in zip(found.words, given.words, strict=True)]
        assert sum(differ) == 2, name
        assert not found.fooled


def test_one_word_stays_when_words_are_left_out() -> None:
    found = run(victim("good great"), "word-deletion", most=10)
    assert [word for word in found.words if word] != []
    with pytest.raises(BadInput, match="the text has 1 word; Word deletion needs 2"):
        run(victim("good"), "word-deletion")


def test_typos_hit_long_words_that_are_no_stop_words() -> None:
    weights = {"because": 3.0, "fun": 2.0, "wonderful": 1.0, "film": 0.1}
    given = victim("because fun wonderful film", speaker=Sums(weights))
    found = run(given, "character-swaps", most=4)
    assert found.words[:2] == ("because", "fun")
    assert found.words[2] != "wonderful"
    assert found.words[2][0] + found.words[2][-1] == "wl"


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_is_the_same_typo(kind: str) -> None:
    found = [run(victim("wonderful film"), "character-swaps", 3, kind=kind) for _ in range(2)]
    assert found[0].words == found[1].words


def test_a_substitute_that_turns_the_class_is_the_most_similar_that_does() -> None:
    # 2 - 1 is positive. "great" (0.5) and "fine" (-0.5) are nearer to good than "bad" (-3).
    weights = {"good": 2.0, "great": 1.5, "fine": 0.5, "bad": -2.0, "film": -1.0, "movie": -1.0}
    given = victim("good film", speaker=Sums(weights))
    found = run(given, "embedding-substitution", similarity=0.9)
    assert found.fooled
    assert found.words == ("fine", "film")


def test_substitutes_are_as_similar_as_asked_and_as_many_words_come_out() -> None:
    given = victim("Good FILM , not great")
    found = run(given, "embedding-substitution", similarity=0.98)
    # cos(10°) = 0.985, cos(20°) = 0.94: "bad" is out of reach of "good".
    assert found.words == ("Great", "MOVIE", ",", "not", "fine")
    assert len(found.words) == len(given.words)
    assert not found.fooled


def test_what_has_no_vector_and_stop_words_are_left_alone() -> None:
    weights = {"not": 3.0, "unknownish": 2.0, "film": 0.0}
    given = victim("not unknownish !", speaker=Sums(weights))
    assert run(given, "embedding-substitution").words == given.words
    assert given.queries == 0


def test_neighbours_by_hand() -> None:
    found = vectors().neighbours("good", 2, 0.9)
    assert [word for word, _ in found] == ["great", "fine"]
    assert [cosine for _, cosine in found] == pytest.approx([0.98481, 0.93969], abs=1e-4)
    assert vectors().neighbours("good", 10, 0.95) == found[:1]
    assert vectors().neighbours("nothere", 10, -1.0) == []


def test_a_target_is_reached() -> None:
    for name in ("word-deletion", "embedding-substitution"):
        found = run(victim("a good bad film", target=0), name, most=1, **(
            {"similarity": 0.9} if name == "embedding-substitution" else {}
        ))  # fmt: skip
        assert found.fooled, name


def test_labels_that_stand_by_themselves_turn_at_a_half() -> None:
    given = TextVictim(Sums(), ("a", "b"), torch.tensor([0.9, 0.8]), 0, None, 10, independent=True)
    assert given._fooled(torch.tensor([0.49, 0.8]))
    assert not given._fooled(torch.tensor([0.6, 0.99]))
    assert given._gain(torch.tensor([0.6, 0.8])) == pytest.approx(0.3)
    lacking = TextVictim(
        Sums(), ("a", "b"), torch.tensor([0.3, 0.2]), 0, None, 10, independent=True
    )
    assert lacking._fooled(torch.tensor([0.5, 0.2]))
    assert lacking._gain(torch.tensor([0.4, 0.2])) == pytest.approx(0.1)


def test_nan_on_the_way_is_no_success() -> None:
    class Broken(Sums):
        def shares(self, texts: Any) -> torch.Tensor:
            found = super().shares(texts)
            return found if texts[0] == ("good", "film") else found * float("nan")

    given = victim("good film", speaker=Broken())
    for name in NAMES:
        found = run(given, name)
        assert not found.fooled
        assert found.words == given.words


def test_what_cannot_be_asked_is_one_sentence() -> None:
    given = victim("good film")
    given.vectors, given.why_none = None, "it reads letters"
    with pytest.raises(Incompatible, match="Embedding substitution needs word vectors: it reads"):
        run(given, "embedding-substitution")
    with pytest.raises(ParamError, match="similarity"):
        run(victim("good film"), "embedding-substitution", similarity=2)
    with pytest.raises(ParamError, match='kind is "slip"'):
        run(victim("good film"), "character-swaps", kind="slip")
