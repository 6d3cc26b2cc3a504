"""The front page's examples: they are what the models say now, and a damaged one is left out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dlexplain.errors import BadInput
from dlexplain.execution import paths
from dlexplain.results.gallery import KINDS, GalleryExample
from dlexplain.results.gallery_words import TITLES, answer
from dlexplain.services import gallery

KNOWN = {one.kind: one for one in gallery.examples()}


def test_every_kind_comes_along_with_its_pictures_and_a_sentence() -> None:
    assert tuple(KNOWN) == KINDS == tuple(TITLES)
    for one in KNOWN.values():
        assert all(len(gallery.picture_of(name)) > 1000 for name in one.pictures)
        assert answer(one).endswith(".")
        assert GalleryExample.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    together = sum(file.stat().st_size for file in paths.gallery_file().parent.iterdir())
    assert together < 500_000  # the page brings all of it


@pytest.mark.parametrize(
    ("model", "fingerprint"),
    sorted({pair for one in KNOWN.values() for pair in one.models.items()}),
)
def test_they_were_made_by_the_models_as_they_are(model: str, fingerprint: str) -> None:
    assert gallery.fingerprint_of(model) == fingerprint


def test_made_again_they_are_the_same(tmp_path: Path) -> None:
    for make in (gallery.text, gallery.attention):
        kept, now = KNOWN[make.__name__].facts, make(tmp_path).facts
        assert now.keys() == kept.keys()
        for key in ("text", "label", "tokens", "layer", "head", "where", "unit", "method"):
            assert now.get(key) == kept.get(key)
    words, again = (np.array([v for _, v in one["words"]]) for one in (
        KNOWN["text"].facts, gallery.text(tmp_path).facts))  # fmt: skip
    assert np.abs(words - again).max() < 0.02
    weights, more = (np.array(one["weights"]) for one in (
        KNOWN["attention"].facts, gallery.attention(tmp_path).facts))  # fmt: skip
    assert np.abs(weights - more).max() < 0.01
    assert np.abs(weights.sum(1) - 1).max() < 0.01


def test_what_maps_share_by_hand() -> None:
    first, second = np.zeros((10, 10), np.float32), np.zeros((10, 10), np.float32)
    first[0], second[:5, 0], second[0, :5] = 1, 1, 1  # 10 places; 9, of which 5 are among them
    second[9, 9] = 1
    assert gallery.shared([first, first]) == 1
    assert gallery.shared([first, second]) == pytest.approx(0.5)


def test_a_damaged_list_leaves_the_page_without_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "examples.json"
    monkeypatch.setattr(paths, "gallery_file", lambda: file)
    assert gallery.examples() == ()
    for content in ("", "[1]", "{}", '[{"kind": "picture"}]', "[" * 5000):
        file.write_text(content)
        assert gallery.examples() == ()
    one = KNOWN["text"].to_dict()
    with pytest.raises(BadInput, match='the kind of an example is "film"; picture, text'):
        GalleryExample.from_dict({**one, "kind": "film"})
    with pytest.raises(OSError, match="No such file"):
        gallery.picture_of("../../etc/passwd")


def test_an_example_without_its_pictures_draws_nothing() -> None:
    from dlexplain.ui.gallery import _html

    one = replace(KNOWN["picture"], pictures=("absent.jpg",) * 4)
    assert _html(one) == ""
    assert _html(replace(KNOWN["text"], facts={})) == ""
    assert "superb" in _html(KNOWN["text"])
