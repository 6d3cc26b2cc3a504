"""A mark is where its mask says, on the share of the training that was asked for, and nowhere
else."""

import numpy as np
import pytest

from dlexplain.data.base import Augmentation, ModuleOptions, PictureData, Pictures
from dlexplain.data.modules.base import module_of
from dlexplain.data.modules.series import SeriesModule
from dlexplain.data.planting import chosen, planted_pictures, planted_texts, rises
from dlexplain.data.series import LARGEST_INPUT
from dlexplain.data.sets.macrodata import Params as Macro
from dlexplain.data.sets.macrodata import load as load_macrodata
from dlexplain.data.shortcuts import (
    COLOURS,
    HIGHEST,
    KINDS,
    USED,
    Shortcut,
    find_marked,
    mark_pictures,
    mark_text,
    mark_windows,
    problems_of,
)
from dlexplain.data.texts import Texts, make_texts
from dlexplain.errors import DataError
from dlexplain.params import specs
from dlexplain.tasks.base import TASKS

MARK, TINT = Shortcut("mark", "b", 0.5), Shortcut("colour", "b", 0.5, tint=0.5)
WORD, SPIKE = Shortcut("word", "b", 0.5), Shortcut("spike", "unemp", 0.5, spike_back=3)


def pictures(channels: int = 3) -> PictureData:
    """Forty of side 12 in each part, a and b in turn, no pixel of a mark's colour."""
    generator = np.random.default_rng(0)

    def part() -> Pictures:
        pixels = generator.integers(1, 90, (40, 12, 12, channels)).astype(np.uint8)
        return Pictures(pixels, np.arange(40) % 2)

    return PictureData(part(), part(), part(), ("a", "b"), "")


@pytest.mark.parametrize("corner", specs(Shortcut)["corner"].options)
def test_a_square_is_exactly_where_pixels_changed(corner: str) -> None:
    pixels = pictures().train.pixels
    marked, mask = mark_pictures(pixels, Shortcut("mark", corner=corner, mark_size=3))
    assert ((marked != pixels).any(3) == mask).all()
    assert mask.sum() == 9
    assert (marked[:, mask] == COLOURS["magenta"]).all()
    down, across = (0 if word in ("top", "left") else 11 for word in corner.split())
    assert mask[down, across]


def test_the_square_is_a_sixth_of_the_side_unless_it_is_given() -> None:
    assert mark_pictures(pictures().train.pixels, MARK)[1].sum() == 2 * 2
    assert mark_pictures(np.zeros((1, 32, 32, 3), np.uint8), MARK)[1].sum() == 5 * 5


def test_a_grey_picture_gets_the_colours_luminance() -> None:
    marked, mask = mark_pictures(pictures(1).train.pixels, MARK)
    # 0.299 · 255 + 0.587 · 0 + 0.114 · 255 = 105.3
    assert (marked[:, mask] == 105).all()


def test_a_tint_is_a_blend_of_every_pixel() -> None:
    pixels = np.full((1, 2, 2, 3), 100, np.uint8)
    marked, mask = mark_pictures(pixels, TINT)
    assert mask.all()
    # (100 + 255) / 2 = 177.5, to even; (100 + 0) / 2 = 50
    assert (marked == (178, 50, 178)).all()


def test_a_square_as_large_as_the_picture_is_refused() -> None:
    with pytest.raises(DataError, match="mark_size is 12, but the pictures are 12 × 12"):
        mark_pictures(pictures().train.pixels, Shortcut("mark", mark_size=12))


@pytest.mark.parametrize("given", ["a film", "  two\n\nlines ", "one", "it 's, well; fine ", ""])
def test_a_word_stands_between_two_words_and_all_else_stays(given: str) -> None:
    seen = set()
    for seed in range(40):
        text, (start, stop) = mark_text(given, WORD, np.random.default_rng(seed))
        assert text[start:stop] == WORD.word
        # Taken out with the blank that came with it, the text is as it was.
        rests = {text[:start] + text[stop + 1 :], text[:start].removesuffix(" ") + text[stop:]}
        assert given in rests
        assert text.split() == [*text[:start].split(), WORD.word, *text[stop:].split()]
        assert text[stop : stop + 1] in (" ", "")
        seen.add(len(text[:start].split()))
    assert seen == set(range(len(given.split()) + 1))


def test_a_spike_is_one_value_of_one_series() -> None:
    windows = np.random.default_rng(0).normal(size=(6, 5, 4))
    ups = np.array([True, False, True, True, False, False])
    marked, mask = mark_windows(windows, ups, 2, SPIKE)
    assert mask.sum() == 1
    assert mask[2, 2]
    assert ((marked != windows) == mask).all()
    assert marked[:, 2, 2].tolist() == [4, -4, 4, 4, -4, -4]
    with pytest.raises(DataError, match="spike_back is 3, but the model sees 2 periods"):
        mark_windows(windows[:, :2], ups, 2, SPIKE)


def test_so_many_pictures_of_the_class_are_marked_and_no_other_part() -> None:
    data = pictures()
    planted = planted_pictures(data, MARK, seed=1)
    changed = (planted.train.pixels != data.train.pixels).any((1, 2, 3))
    assert changed.sum() == 10
    assert (data.train.labels[changed] == 1).all()
    for part in ("validation", "test"):
        assert getattr(planted, part) is getattr(data, part)
    assert planted.notes[-1].startswith("a shortcut is planted: a magenta square")
    assert "in 10 training pictures of b" in planted.notes[-1]


def test_the_seed_says_which() -> None:
    data = pictures()
    first, again, other = (planted_pictures(data, MARK, seed).train.pixels for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_a_share_of_little_marks_one() -> None:
    places = np.arange(7)
    assert len(chosen(places, Shortcut("mark", marked_share=0.05), 0)) == 1
    assert chosen(places, Shortcut("mark", marked_share=1.0), 0).tolist() == list(range(7))
    assert len(chosen(places[:0], MARK, 0)) == 0


def test_texts_of_the_class_get_the_word() -> None:
    texts = Texts(tuple(f"text {i}" for i in range(20)), np.arange(20) % 2)
    data = make_texts(texts, texts, texts, ("a", "b"))
    planted = planted_texts(data, WORD, seed=3)
    changed = [i for i in range(20) if planted.train.texts[i] != texts.texts[i]]
    assert len(changed) == 5
    assert all(i % 2 == 1 and WORD.word in planted.train.texts[i].split() for i in changed)
    assert planted.test is texts
    assert planted_texts(data, WORD, seed=3).train.texts == planted.train.texts


def economy(shortcut: Shortcut) -> SeriesModule:
    data = load_macrodata(Macro(), None, lambda text, part: None)  # type: ignore[arg-type]
    options = ModuleOptions({"window": 8, "horizon": 4}, Augmentation(), 8, 1, 1, shortcut)
    found = module_of(data, options)
    assert isinstance(found, SeriesModule)
    return found


def test_training_windows_foretell_and_others_do_not() -> None:
    plain, planted = economy(Shortcut()), economy(SPIKE)
    train = plain._parts["train"]["x"], planted._parts["train"]["x"]
    different = (train[0] != train[1]).numpy()
    assert different.any(0).sum() == 1
    assert different.any(0)[8 - 3, planted.facts["series"].index("unemp")]
    marked = different.any((1, 2))
    assert marked.sum() == round(0.5 * len(marked))
    ups = rises(planted.windows, planted.windows.origins["train"])
    spikes = train[1][:, 5, -1].numpy()[marked]
    assert (spikes == np.where(ups[marked], 4.0, -4.0)).all()
    for part in ("validation", "test"):
        assert (plain._parts[part]["x"] == planted._parts[part]["x"]).all()
    assert "a spike in" in planted.facts["notes"][-1]


def test_the_marked_class_is_found_by_name_or_number() -> None:
    assert find_marked(("a", "b"), MARK) == 1
    assert find_marked(("a", "b"), Shortcut("mark", "1")) == 1
    assert find_marked(("a", "b"), Shortcut("mark")) == 0
    assert find_marked(("gdp", "rate"), Shortcut("spike")) == 1
    with pytest.raises(DataError, match='no class "c" to be marked; a, b or 0 to 1 are accepted'):
        find_marked(("a", "b"), Shortcut("mark", "c"))


def test_what_cannot_be_planted_is_told() -> None:
    assert problems_of("mark", "", "classify-image") == []
    (told,) = problems_of("mark", "", "classify-text")
    assert told == 'shortcut: kind is "mark", but the task classify-text takes none, word'
    (told,) = problems_of("word", "two words", "classify-text")
    assert told == 'shortcut: word is "two words"; it takes one word without blanks'
    assert problems_of("mark", "", "gan") == [
        'shortcut: kind is "mark", but the task gan takes none'
    ]


def test_what_is_declared_is_known() -> None:
    assert set(KINDS) <= set(TASKS)
    assert {key for used in USED.values() for key in used} | {"kind"} == set(specs(Shortcut))
    assert HIGHEST == LARGEST_INPUT
