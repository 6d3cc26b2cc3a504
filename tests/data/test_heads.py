"""Data with several labels an example: drawn shapes, digits, and a CSV with several columns."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dlexplain.data.modules
import dlexplain.data.sets  # noqa: F401, these two register
from dlexplain.data.base import (
    DATA,
    UNKNOWN,
    Augmentation,
    ModuleOptions,
    digest_of,
    silent,
)
from dlexplain.data.heads import chosen_heads
from dlexplain.data.modules.base import module_of
from dlexplain.data.sets import shapes
from dlexplain.data.sets.shapes_labelled import COLOURS, HEADS, draw
from dlexplain.data.texts import TextData
from dlexplain.errors import BadInput, DataError
from dlexplain.params import parse


def load(name: str, **params: Any) -> Any:
    return DATA[name].load(parse(DATA[name].Params, params), Path("unused"), silent)


def options(**task: Any) -> ModuleOptions:
    return ModuleOptions(task, Augmentation(), 8, 0, 1)


def test_the_older_shapes_are_drawn_as_ever() -> None:
    found = shapes.draw(40, 16, 0.3, 7)
    assert digest_of(found.pixels, found.labels, found.masks) == "ca518ac9b1f603b3"  # type: ignore[arg-type]


def test_four_labels_are_drawn_apart() -> None:
    found = draw(3000, 16, 0.5, seed=1)
    assert found.heads is not None and found.heads.shape == (3000, 4)
    for place, classes in enumerate(HEADS.values()):
        counts = np.bincount(found.heads[:, place])
        assert len(counts) == len(classes) and counts.max() - counts.min() <= 1
    correlations = np.corrcoef(found.heads.T) - np.eye(4)
    assert np.abs(correlations).max() < 0.06


def test_the_labels_are_what_is_drawn() -> None:
    from scipy import ndimage

    found = draw(60, 64, 0.5, seed=3)
    assert found.heads is not None and found.masks is not None
    colours = np.array(list(COLOURS.values()))
    for pixels, mask, (_, colour, texture, count) in zip(
        found.pixels, found.masks, found.heads, strict=True
    ):
        quarters = mask.reshape(2, 32, 2, 32).sum(axis=(1, 3))  # a shape keeps to one
        assert (quarters > 20).sum() == (quarters > 0).sum() == count + 1
        inside = np.median(pixels[ndimage.binary_erosion(mask)], axis=0)
        assert np.abs(colours - inside).sum(1).argmin() == colour
        ground = pixels[~ndimage.binary_dilation(mask, iterations=2)].astype(float)
        assert (ground.std() < 8) == (HEADS["texture"][texture] == "plain")
        assert np.ptp(ground.mean(0)) < 3  # grey, so it tells no colour


def test_one_label_is_learned_alone_from_the_same_pictures() -> None:
    every = {head: load("shapes-labelled", count=100, side=16, head=head) for head in HEADS}
    first = every["form"]
    for place, (head, data) in enumerate(every.items()):
        assert data.classes == HEADS[head] and data.digest == first.digest
        assert (data.train.pixels == first.train.pixels).all()
        assert (data.test.labels == data.test.heads[:, place]).all()
    assert (every["texture"].test.masks == ~first.test.masks).all()  # the ground tells it


def test_what_is_asked_of_a_digit() -> None:
    data = load("mnist")
    assert data.test.heads is not None
    digits = data.test.labels
    assert (data.test.heads[:, 0] == digits).all()
    for head, right in (("even", digits % 2 == 0), ("larger-than-four", digits > 4)):
        one = load("mnist", head=head)
        assert (one.test.labels == right).all() and one.digest == data.digest
    assert one.classes == ("4 or less", "larger than 4")


def test_a_module_gives_the_heads_that_are_asked_for() -> None:
    data = load("shapes-labelled", count=100, side=16)
    module = module_of(data, options(heads="count, colour"))
    assert list(module.facts["heads"]) == ["count", "colour"]
    assert module.facts["classes"][:4] == ["count: 1", "count: 2", "count: 3", "colour: red"]
    assert "labelled" not in module.facts
    batch = next(iter(module.train_dataloader()))
    seen = module.on_after_batch_transfer(batch, 0)
    assert seen["y"].tolist() == data.train.heads[batch["places"]][:, [3, 1]].tolist()
    assert module_of(data, options()).facts["classes"] == list(HEADS["form"])


@pytest.mark.parametrize(
    ("wanted", "told"),
    [("form, shade", "known: form, colour"), ("form,form", '"form" is named twice')],
)
def test_heads_that_the_data_do_not_have_are_named(wanted: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        chosen_heads(wanted, HEADS)
    assert chosen_heads(" ", HEADS) == tuple(HEADS)


def rows(path: Path, count: int = 60) -> Path:
    """Texts with two labels; every tenth has no mood, every fifteenth no topic, the first none."""
    lines = ["text,mood,topic"]
    for row in range(count):
        mood = "" if row % 10 == 0 else ("glad", "sad")[row % 2]
        topic = "" if row % 15 == 0 else ("sea", "wood", "town")[row % 3]
        lines.append(f"words number {row},{mood},{topic}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_csv_has_several_label_columns(tmp_path: Path) -> None:
    data = load("csv-texts", path=str(rows(tmp_path / "a.csv")), label="mood, topic")
    assert isinstance(data, TextData)
    assert data.heads == {"mood": ("glad", "sad"), "topic": ("sea", "town", "wood")}
    parts = (data.train, data.validation, data.test)
    assert sum(map(len, parts)) == 58  # two have none of the two
    for part in parts:
        assert part.heads is not None
        for text, (mood, topic) in zip(part.texts, part.heads, strict=True):
            row = int(text.rpartition(" ")[2])
            assert mood == (UNKNOWN if row % 10 == 0 else row % 2)
            assert topic == (UNKNOWN if row % 15 == 0 else (0, 2, 1)[row % 3])
    assert data.notes == (
        "2 rows without a text or a label were skipped",
        '4 of 58 texts have no label "mood"; they count for the others only',
        '2 of 58 texts have no label "topic"; they count for the others only',
    )


def test_missing_labels_are_counted_in_the_facts(tmp_path: Path) -> None:
    data = load("csv-texts", path=str(rows(tmp_path / "a.csv")), label="mood,topic")
    how = {"tokeniser": "word", "vocabulary": 50, "lower": True, "longest": 8}
    facts = module_of(data, options(heads="", **how)).facts
    assert {sum(part[head] for part in facts["labelled"].values()) for head in ("mood",)} == {54}
    assert sum(part["topic"] for part in facts["labelled"].values()) == 56
    with pytest.raises(DataError, match="classify-text learns one: name it as head"):
        module_of(data, options(**how))


def test_one_column_of_a_csv_is_learned_alone_on_the_same_split(tmp_path: Path) -> None:
    path = str(rows(tmp_path / "a.csv"))
    data = load("csv-texts", path=path, label="mood,topic")
    alone = load("csv-texts", path=path, label="mood,topic", head="topic")
    assert alone.classes == ("sea", "town", "wood") and alone.digest == data.digest
    assert set(alone.test.texts) <= set(data.test.texts)
    assert UNKNOWN not in alone.train.labels


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"label": "mood,place"}, 'has no column "place"'),
        ({"label": "mood,mood"}, "names a column twice"),
        ({"label": "mood,topic", "head": "place"}, "known: mood, topic"),
    ],
)
def test_columns_that_are_not_there_are_named(
    params: dict[str, str], told: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=told):
        load("csv-texts", path=str(rows(tmp_path / "a.csv")), **params)


def test_every_data_set_of_several_labels_says_which_is_learned_alone() -> None:
    for name, spec in DATA.items():
        if {"multi-task", "multi-task-text"} & set(spec.tasks):
            assert "head" in spec.Params.__dataclass_fields__, name
