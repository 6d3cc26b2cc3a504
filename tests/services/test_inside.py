"""Inside recurrent models: the network's own gates, and units that follow a property."""

import numpy as np
import pytest
import torch

from dlexplain.errors import BadInput, Incompatible, UnknownName
from dlexplain.networks.modules.rnn_lm import RecurrentLM
from dlexplain.services.writing.inside import MOST, find_units, look_inside
from dlexplain.services.writing.properties import PROPERTIES
from tests.writers import TEXT, writer

PARTS = {
    "rnn": {"hidden"},
    "lstm": {"hidden", "cell", "candidate", "input", "forget", "output"},
    "gru": {"hidden", "candidate", "reset", "update"},
}


@pytest.mark.parametrize("kind", PARTS)
def test_gates_are_those_of_the_network(kind: str) -> None:
    model = writer(kind)
    assert isinstance(model.network, RecurrentLM)
    found = look_inside(model, TEXT)
    ids = model.codec.encode(TEXT)
    with torch.no_grad():
        steps = model.network.inside(model.ids(ids))
    assert "".join(found.tokens) == TEXT
    assert len(found.layers) == len(steps)
    for layer, expected in zip(found.layers, steps, strict=True):
        assert set(layer) == PARTS[kind]
        every = {"hidden": expected.states, **expected.gates}
        for name, values in layer.items():
            np.testing.assert_allclose(values, every[name][0, 1:].numpy(), rtol=1e-6)


def test_a_transformer_has_no_such_thing() -> None:
    with pytest.raises(Incompatible, match="transformer is no recurrent network"):
        look_inside(writer("transformer"), TEXT)


def test_the_beginning_of_a_long_text_is_looked_into() -> None:
    assert len(look_inside(writer("rnn"), TEXT * 40).tokens) == MOST


@pytest.mark.parametrize(
    ("name", "tokens", "expected"),
    [
        ("line", ["the", " cat", "\n", "sat", "\nit"], [3, 7, 0, 3, 2]),
        ("quotes", ['"', "no", '"', " he", " “", "yes", "”", " it's"], [1, 1, 0, 0, 1, 1, 0, 0]),
        ("brackets", ["a", " (b", " [c", "]", ")", ")", "d"], [0, 1, 2, 1, 0, 0, 0]),
        ("word", ["th", "e", " ca", "t", ".", " x1"], [2, 3, 2, 3, 0, 2]),
    ],
)
def test_properties_by_hand(name: str, tokens: list[str], expected: list[float]) -> None:
    assert PROPERTIES[name].of(tokens).tolist() == expected


def test_units_that_follow_a_property_are_found() -> None:
    tokens = tuple(['a "b c" d e '][0]) * 8
    quoted = PROPERTIES["quotes"].of(tokens)
    noise = np.random.default_rng(0).normal(size=(len(tokens), 5)).astype(np.float32)
    values = noise.copy()
    values[:, 3] = 2 * quoted - 7
    values[:, 1] = -quoted + 0.3 * noise[:, 1]
    values[:, 4] = 0.25
    found = find_units(values, tokens, "quotes")
    assert found.units[:2].tolist() == [3, 1]
    assert found.units[-1] == 4
    for unit, correlation in zip(found.units[:-1], found.correlations[:-1], strict=True):
        expected = np.corrcoef(values[:, unit], quoted)[0, 1]
        assert correlation == pytest.approx(expected, abs=1e-6)
    assert found.correlations[-1] == 0


def test_chance_is_what_shifted_texts_give() -> None:
    """Noise stays about chance; a unit that is the property is far above it."""
    rng = np.random.default_rng(1)
    tokens = tuple(" ".join("x" * int(n) for n in rng.integers(1, 9, 60)))
    noise = rng.normal(size=(len(tokens), 20)).astype(np.float32)
    found = find_units(noise, tokens, "word")
    assert 0 < found.chance < 0.4
    assert abs(found.correlations[0]) < 1.5 * found.chance
    known = np.concatenate([noise, PROPERTIES["word"].of(tokens)[:, None]], axis=1)
    assert find_units(known, tokens, "word").correlations[0] == pytest.approx(1)


def test_what_a_text_lacks_is_said() -> None:
    values = np.zeros((5, 2), np.float32)
    with pytest.raises(BadInput, match='has nothing between quotation marks such as "this"; no'):
        find_units(values, tuple("abcde"), "quotes")
    with pytest.raises(UnknownName, match='unknown property "colour"; known: line, quotes'):
        find_units(values, tuple("abcde"), "colour")
