"""Data sets of pairs: Multi30k's layout, dates, a TSV, and what is wrong with them."""

import datetime
import gzip
from pathlib import Path

import pytest

from dlexplain.data.base import DATA, silent
from dlexplain.data.pair_codec import train_codec
from dlexplain.data.pairs import PairData, Pairs, clean, split_by_source
from dlexplain.data.sets import dates, multi30k, tsv_pairs
from dlexplain.data.tokenisers import EOS
from dlexplain.errors import DataError
from dlexplain.params import parse


def write(path: Path, lines: list[str]) -> None:
    content = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def multi30k_folder(folder: Path, ending: str = ".gz", train: int = 5) -> Path:
    """As the source has it, German and French."""
    for name, count in (("train", train), ("val", 2), ("test_2016_flickr", 3)):
        for language in ("en", "de", "fr"):
            lines = [f"{name} {language} {n}." for n in range(count)]
            write(folder / f"{name}.{language}{ending}", lines)
    return folder


def load(name: str, folder: Path = Path("nowhere"), **params: object) -> PairData:
    found = DATA[name].load(parse(DATA[name].Params, params), folder, silent)  # type: ignore[arg-type]
    assert isinstance(found, PairData)
    return found


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("target", ["de", "fr"])
def test_multi30k_in_the_sources_layout(tmp_path: Path, ending: str, target: str) -> None:
    folder = multi30k_folder(tmp_path, ending)
    found = load("multi30k", path=str(folder), target=target)
    assert found.train.source[1] == "train en 1."
    assert found.train.target[1] == f"train {target} 1."
    assert [len(p) for p in (found.train, found.validation, found.test)] == [5, 2, 3]
    assert found.languages == ("en", target)
    assert found.notes == ()


def test_multi30k_in_the_datas_folder_is_not_fetched(tmp_path: Path) -> None:
    folder = tmp_path / "multi30k"
    params = multi30k.Params()
    assert not multi30k.status(params, tmp_path).there
    folder.mkdir()
    multi30k_folder(folder)
    assert multi30k.status(params, tmp_path).there
    assert len(load("multi30k", tmp_path).train) == 5


def test_wrong_multi30k(tmp_path: Path) -> None:
    folder = multi30k_folder(tmp_path)
    write(folder / "val.de.gz", ["one"])
    with pytest.raises(DataError, match="has 2 lines and .*val.de.gz 1; aligned files"):
        load("multi30k", path=str(folder))
    (folder / "val.fr.gz").unlink()
    with pytest.raises(DataError, match="has no val.fr or valid.fr"):
        load("multi30k", path=str(folder), target="fr")
    content = (folder / "train.de.gz").read_bytes()
    (folder / "train.de.gz").write_bytes(content[:-9])
    with pytest.raises(DataError, match="train.de.gz cannot be read"):
        load("multi30k", path=str(folder))
    (folder / "train.de.gz").write_bytes(gzip.compress(b"\xff\n" * 5))
    with pytest.raises(DataError, match="is not UTF-8 text"):
        load("multi30k", path=str(folder))
    with pytest.raises(DataError, match="is no folder"):
        load("multi30k", path=str(folder / "train.en.gz"))


def test_lines_with_an_empty_side_are_skipped_and_said(tmp_path: Path) -> None:
    folder = multi30k_folder(tmp_path)
    write(folder / "train.de.gz", ["a", "", " ", "d", "e"])
    found = load("multi30k", path=str(folder))
    assert found.train.target == ("a", "d", "e")
    assert found.train.source == ("train en 0.", "train en 3.", "train en 4.")
    assert found.notes == ("2 of 5 lines of train.en.gz had an empty side",)


def test_dates_are_the_same_each_time_and_no_day_is_in_two_parts() -> None:
    found = load("dates", count=3000, held_out=200)
    again = load("dates", count=3000, held_out=200)
    assert (found.digest, found.train.source) == (again.digest, again.train.source)
    assert load("dates", count=3000, held_out=200, seed=1).digest != found.digest
    days = [set(part.target) for part in (found.train, found.validation, found.test)]
    assert [len(part) for part in days] == [3000, 200, 200]
    assert not (days[0] & days[1] or days[0] & days[2] or days[1] & days[2])


def test_dates_say_their_day() -> None:
    for text, iso in zip(*vars(load("dates", count=500).train).values(), strict=True):
        day = datetime.date.fromisoformat(iso)
        assert str(day.year) in text
        assert day.strftime("%b").lower() in text.lower()
        for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"):
            if any(word.startswith(name) for word in text.lower().split()):
                assert day.strftime("%a").lower() == name


def test_more_dates_than_days() -> None:
    found = load("dates", count=80_000, held_out=20)
    assert len(found.train) == 80_000
    assert not set(found.train.target) & set(found.test.target)


def test_ordinals() -> None:
    found = [dates.ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 30, 31)]
    assert found == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "13th",
        "21st",
        "22nd",
        "23rd",
        "30th",
        "31st",
    ]


def test_a_tsv_of_pairs(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    lines = [f"a {n}\tb {n}" for n in range(20)]
    write(path, [*lines, "a 3\tanother", "no tab", "too\tmany\ttabs", "\tempty", ""])
    found = load("tsv-pairs", path=str(path), validation=0.2, test=0.1)
    assert found.notes == ("4 of 25 lines were skipped: not source<TAB>target",)
    parts = (found.train, found.validation, found.test)
    assert sum(map(len, parts)) == 21
    assert [len(set(part.source)) for part in parts] == [14, 4, 2]
    assert sum("a 3" in part.source for part in parts) == 1


def test_wrong_tsvs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="path is empty"):
        load("tsv-pairs")
    with pytest.raises(DataError, match="is no file; give the path of a text file"):
        load("tsv-pairs", path=str(tmp_path))
    write(tmp_path / "a.tsv", ["x", "y"])
    with pytest.raises(DataError, match="has no line of source<TAB>target"):
        load("tsv-pairs", path=str(tmp_path / "a.tsv"))
    write(tmp_path / "a.tsv", ["x\ty"] * 5)
    with pytest.raises(DataError, match="1 different sources are too few"):
        load("tsv-pairs", path=str(tmp_path / "a.tsv"))
    (tmp_path / "a.tsv").write_bytes(b"\x89PNG\xff\xfe\t\xff")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        load("tsv-pairs", path=str(tmp_path / "a.tsv"))
    status = tsv_pairs.status(tsv_pairs.Params(), tmp_path)
    assert not status.there


def test_each_part_has_a_pair_even_of_three() -> None:
    pairs, skipped = clean([("a", "1"), ("b", "2"), ("c", "3"), (" ", "4")])
    assert (pairs, skipped) != (Pairs((), ()), 0)
    assert skipped == 1
    assert [len(part) for part in split_by_source(pairs, 0.4, 0.4)] == [1, 1, 1]


def test_bytes_are_joined_to_their_character_or_told_by_number() -> None:
    text = "a dog 好 😀"
    codec = train_codec(Pairs((text,), ("ein Hund",)), "bpe", 300, joint=False, longest=99)
    ids = codec.source.encode(text).ids
    _, pieces = codec.pieces([], ids)
    assert len(pieces) == len(ids)
    assert "".join(pieces) == text
    target = codec.target.encode("好!").ids  # none of its bytes was joined with another
    assert codec.pieces(target, [])[0] == ["", "", "好", "!"]
    assert codec.pieces([*target[:2], EOS], [])[0] == ["<E5>", "<A5>", "(end)"]
    assert codec.pieces([target[1], *target], [])[0] == ["<A5>", "", "", "好", "!"]
