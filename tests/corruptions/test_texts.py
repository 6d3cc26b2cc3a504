"""Noise of texts: known by hand, by seed, nested over severities."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dlexplain.corruptions.base import SEVERITIES
from dlexplain.corruptions.texts import TEXT_CORRUPTIONS, corrupt_text, parts_of
from dlexplain.corruptions.typos import keys_beside, typos_of
from dlexplain.errors import BadInput, ParamError, TextError, UnknownName

NAMES = list(TEXT_CORRUPTIONS)
TEXT = (
    "It's a warm, clever (and funny!) film; nobody would call it a masterpiece, though I do. " * 20
)
DOCS = Path(__file__).parents[2] / "docs" / "corruptions.md"


def test_typos_are_known_by_hand() -> None:
    assert typos_of("abcd", "swap") == ["acbd"]
    assert typos_of("abcd", "delete") == ["acd", "abd"]
    assert typos_of("bass", "key")[:2] == ["bqss", "bsss"]
    assert len(typos_of("abcd", "insert")) == 2 * 26 - 1  # a b before and behind b are the same
    assert keys_beside("s") == "adewxz"
    assert keys_beside("Q") == "aw"
    assert keys_beside("é") == ""
    assert "good" not in typos_of("good", "swap")
    for typo in typos_of("gOod"):
        assert typo[0] == "g"
        assert typo[-1] == "d"


def test_each_tells_its_user_what_it_is() -> None:
    for name, corruption in TEXT_CORRUPTIONS.items():
        assert "Formula: " in corruption.description(), name
        assert "https://" in corruption.paper, name
        assert f"| `{name}` |" in DOCS.read_text(), name
        assert list(corruption.shares) == sorted(corruption.shares), name


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_is_the_same_noise(name: str) -> None:
    for severity in SEVERITIES:
        found = [corrupt_text(TEXT, name, severity, seed) for seed in (1, 1, 2)]
        assert found[0] == found[1] != TEXT
        assert found[0] != found[2] or TEXT_CORRUPTIONS[name].shares[severity - 1] == 1.0


def words(text: str) -> list[str]:
    return [part for part, is_word in parts_of(text) if is_word]


def test_the_share_of_words_with_a_typo_is_as_declared_and_each_is_one_typo() -> None:
    able = [place for place, word in enumerate(words(TEXT)) if len(word) >= 3]
    for severity in SEVERITIES:
        found = words(corrupt_text(TEXT, "typos", severity, 3))
        assert len(found) == len(words(TEXT))
        hit = [at for at, word in enumerate(words(TEXT)) if found[at] != word]
        assert set(hit) <= set(able)
        assert all(found[at] in typos_of(words(TEXT)[at]) for at in hit)
        share = TEXT_CORRUPTIONS["typos"].shares[severity - 1]
        spread = (share * (1 - share) / len(able)) ** 0.5
        assert abs(len(hit) / len(able) - share) < 4 * spread


def test_what_is_hit_at_a_severity_is_hit_at_a_higher_one_too() -> None:
    hits = []
    for severity in SEVERITIES:
        found = parts_of(corrupt_text(TEXT, "typos", severity, 5))
        pairs = zip(found, parts_of(TEXT), strict=True)
        hits.append({at for at, (a, b) in enumerate(pairs) if a != b})
    assert all(low <= high for low, high in pairwise(hits))
    cases = [corrupt_text(TEXT, "letter-case", severity, 5) for severity in SEVERITIES]
    turned = [{at for at, (a, b) in enumerate(zip(one, TEXT, strict=True)) if a != b}
              for one in cases]  # fmt: skip
    assert all(low < high for low, high in pairwise(turned))
    lengths = [len(corrupt_text(TEXT, "dropped-punctuation", s, 5)) for s in SEVERITIES]
    assert lengths == sorted(lengths, reverse=True)


def test_case_changes_nothing_else_and_punctuation_goes_alone() -> None:
    assert corrupt_text(TEXT, "letter-case", 5, 1).lower() == TEXT.lower()
    assert corrupt_text("ß", "letter-case", 5, 0) == "ß"
    without = corrupt_text(TEXT, "dropped-punctuation", 5)
    assert without == re.sub(r"[^\w\s]", "", TEXT)
    assert corrupt_text("...!", "dropped-punctuation", 5) == "...!"


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (("", "typos", 1, 0), TextError, "the text is empty"),
        (("  ", "typos", 1, 0), TextError, "the text is empty"),
        ((b"abc", "typos", 1, 0), TextError, "the text is a bytes"),
        (("a", "typos", 0, 0), ParamError, "severity is 0; a whole number from 1 to 5"),
        (("a", "typos", True, 0), ParamError, "severity is True"),
        (("a", "typos", 1, -1), ParamError, "seed is -1; a whole number from 0"),
        (("a", "fog", 1, 0), UnknownName, 'unknown corruption of texts "fog"'),
    ],
)
def test_what_cannot_be_used_is_one_sentence(asked: Any, error: type[BadInput], said: str) -> None:
    with pytest.raises(error, match=re.escape(said)):
        corrupt_text(*asked)
