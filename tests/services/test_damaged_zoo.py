"""A damaged model of the zoo takes none of the others away, and is told once."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dlexplain.cli import main
from dlexplain.errors import WeightsError
from dlexplain.execution import paths
from dlexplain.trained.catalogue import (
    entries,
    find,
    trained,
)
from dlexplain.trained.zoo import damaged_zoo
from dlexplain.trained.zoo_cards import zoo_card, zoo_cards

LISTS = {
    "digits-cnn": ("classify-image",),
    "sst2-cnn": ("classify-text",),
    "shakespeare-lstm": ("language-model",),
    "dates-gru-attention": ("translate",),
    "macrodata-lstm": ("forecast",),
    "mnist-vae": ("autoencode", "vae", "gan"),
}
"""A zoo model of each list, and the tasks of the list."""


def _write(text: str) -> Callable[[Path], None]:
    return lambda folder: paths.card_in(folder).write_text(text) and None


def _set(key: str, value: object) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        card = json.loads(paths.card_in(folder).read_text())
        paths.card_in(folder).write_text(json.dumps({**card, key: value}))

    return act


def _no_weights(folder: Path) -> None:
    paths.weights_in(folder).unlink()


def _link_to_nothing(folder: Path) -> None:
    paths.card_in(folder).unlink()
    paths.card_in(folder).symlink_to(folder / "gone.json")


DAMAGE = {
    "cut": (_write('{"run": "1'), "cannot be read"),
    "a list": (_write("[]"), "is no JSON object"),
    "too deep": (_write('{"facts": ' + "[" * 100_000), "cannot be read"),
    "no text": (
        lambda folder: paths.card_in(folder).write_bytes(b"\xff\xfe\x00"),
        "cannot be read",
    ),
    "no spec": (_set("spec", None), "is damaged"),
    "no facts": (_set("facts", []), "lacks 'facts'"),
    "no headline": (_set("headline", "test/nothing"), '"headline" is null'),
    "metrics of words": (_set("metrics", {"test/accuracy": "good"}), "metrics are no numbers"),
    "no metrics": (_set("metrics", None), "metrics are no numbers"),
    "seconds of words": (_set("training_seconds", "long"), '"training_seconds" is "long"'),
    "no parameters": (_set("parameters", None), '"parameters" is null'),
    "no weights": (_no_weights, "has no model.safetensors"),
    "a link to nothing": (_link_to_nothing, "card.json"),
}


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo of a model for each list, and a second one of pictures."""
    here = tmp_path / "zoo"
    for name in (*LISTS, "mnist-cnn"):
        shutil.copytree(paths.zoo_folder() / name, here / name)
    monkeypatch.setattr(paths, "zoo_folder", lambda: here)
    return here


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("name", LISTS)
def test_a_damaged_one_is_left_out_told_once_and_the_rest_stays(
    zoo: Path, name: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = LISTS[name]
    before = {entry.name for entry in entries(*tasks)}
    damage, words = DAMAGE[kind]
    damage(zoo / name)
    assert before - {entry.name for entry in entries(*tasks)} == {name}
    cards = [card.name for card in zoo_cards()]
    assert cards == sorted({*LISTS, "mnist-cnn"} - {name})
    (told,) = damaged_zoo()
    assert words in told and f"zoo model {name}" in told and "\n" not in told
    for ask in (lambda asked: find(asked, *tasks), zoo_card):  # who asks for it is told why
        with pytest.raises(WeightsError, match=f"zoo model {name}"):
            ask(name)
    assert trained("mnist-cnn").name == "mnist-cnn"
    assert main(["zoo"]) == 0
    said = capsys.readouterr()
    assert f"{len(cards)} models" in said.out
    assert said.err == f"dlexplain: left out: {told}\n"
