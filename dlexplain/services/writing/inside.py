"""Inside a recurrent language model: its units and gates over time, and what they follow.

Karpathy et al., "Visualizing and Understanding Recurrent Networks", 2016,
https://arxiv.org/abs/1506.02078.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.errors import BadInput, Incompatible, UnknownName, known_names
from dlexplain.networks.modules.rnn_lm import RecurrentLM
from dlexplain.results import Inside, UnitSearch
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.properties import PROPERTIES
from dlexplain.services.writing.reading import tokens_of

MOST = 400
"""Tokens that are looked into, the text's first."""
SHIFTS = 200
CONSTANT = 1e-9


def look_inside(model: LoadedLanguageModel, text: str) -> Inside:
    """Each layer's states and gates after each token; raises Incompatible or BadInput."""
    network = model.network
    if not isinstance(network, RecurrentLM):
        raise Incompatible(
            f"{model.name} is no recurrent network: it has no hidden units and gates that go from "
            "token to token"
        )
    ids, _ = tokens_of(model, text, MOST)
    with model.lock.turn(), torch.no_grad():
        steps = network.inside(model.ids(ids))
    layers = [
        {
            # Without the start, which stands before the text.
            name: tensor[0, 1:].float().cpu().numpy()
            for name, tensor in {"hidden": layer.states, **layer.gates}.items()
        }
        for layer in steps
    ]
    return Inside(model.name, network.cell, tuple(model.codec.pieces(ids)), tuple(layers))


def find_units(values: NDArray[np.float32], tokens: tuple[str, ...], name: str) -> UnitSearch:
    """Units whose values (tokens, units) go up and down with a property of the text, best first.

    Pearson's correlation over time. As neighbours in time are alike, chance is judged by the
    property shifted along the text, round its end. Raises UnknownName, or BadInput where the text
    does not have the property.
    """
    if name not in PROPERTIES:
        raise UnknownName(f'unknown property "{name}"; {known_names(name, PROPERTIES)}')
    found = PROPERTIES[name].of(tokens)
    if len(found) < 3 or float(found.std()) < CONSTANT:
        raise BadInput(f"{PROPERTIES[name].lacking}; no unit can be seen to follow it")
    units = _standard(values.astype(np.float64))
    count = len(found)
    correlations = _standard(found[:, None].astype(np.float64))[:, 0] @ units / count
    order = np.argsort(-np.abs(correlations), kind="stable")
    return UnitSearch(
        PROPERTIES[name].title,
        found,
        order,
        correlations[order],
        _chance(found.astype(np.float64), units),
    )


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(time, units) with mean 0 and variance 1 over time; what never changes becomes 0."""
    spread = values.std(axis=0)
    found: NDArray[np.float64] = values - values.mean(axis=0)
    return found / np.where(spread < CONSTANT, np.inf, spread)


def _chance(found: NDArray[np.float64], units: NDArray[np.float64]) -> float:
    """The largest |correlation| of any unit that 95 of 100 shifts stay below."""
    count = len(found)
    shifts = np.unique(np.linspace(1, count - 1, min(SHIFTS, count - 1)).astype(int))
    moved = _standard(np.stack([np.roll(found, shift) for shift in shifts], axis=1))
    return float(np.percentile(np.abs(moved.T @ units / count).max(axis=1), 95))
