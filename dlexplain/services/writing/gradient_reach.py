"""How far back a language model's gradient reaches: the vanishing gradient, measured on a text.

Bengio et al., "Learning Long-Term Dependencies with Gradient Descent is Difficult", 1994,
https://doi.org/10.1109/72.279181: through h_t = f(W h_(t-1) + ...) the gradient is multiplied by
f' W at each step back, so it shrinks, or grows, as a power of the distance. An LSTM's cell goes on
by its forget gate alone. Each window of tokens is read from the state before it, which changes
nothing in the gradient at the window's own tokens.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.errors import BadInput
from dlexplain.explainers.progress import Progress
from dlexplain.explainers.source_tokens import reach
from dlexplain.networks.modules.language import State
from dlexplain.results import GradientReach
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.reading import begun, state_after, tokens_of

LAGS, POSITIONS, FEWEST = 60, 32, 8
TOGETHER = 16
"""Windows that are read at once."""


def gradient_reach(
    model: LoadedLanguageModel,
    text: str,
    lags: int = LAGS,
    positions: int = POSITIONS,
    progress: Progress | None = None,
) -> GradientReach:
    """The norm of d log p(token t) / d embedding of token t - k for k = 1, ..., lags.

    The mean over at most `positions` places t, spread evenly over the text's beginning of 2000
    tokens; where it has fewer than twice `lags`, lags go up to half of them. Raises BadInput for a
    text of fewer than 8 tokens.
    """
    ids, _ = tokens_of(model, text)
    if len(ids) < FEWEST:
        raise BadInput(f"the text has {len(ids)} tokens; at least {FEWEST} are needed to look back")
    progress = progress or Progress()
    lags = min(lags, len(ids) // 2)
    places = np.unique(np.linspace(lags, len(ids), positions).astype(np.int64))
    progress.plan(len(places))
    # The token t of the text is whole[:, t], t = 1, 2, ...
    whole, state = begun(model, ids, progress)
    sums, read = np.zeros(lags), 0
    waiting: list[tuple[State | None, int]] = []
    for t in places.tolist():
        state = state_after(model, whole[:, read : t - lags], state, progress)
        read = t - lags
        waiting.append((state, t))
        if len(waiting) == TOGETHER or t == places[-1]:
            sums += _sum(model, whole, waiting, lags)
            progress.advance(len(waiting))
            waiting = []
    strange = sum(model.codec.is_unfamiliar(ids))
    return GradientReach(
        model.name, model.title, sums / len(places), len(places), len(ids), strange
    )


def _sum(
    model: LoadedLanguageModel,
    whole: Tensor,
    windows: Sequence[tuple[State | None, int]],
    lags: int,
) -> NDArray[np.float64]:
    """(lags,) over some windows; together where their states are of one shape."""
    total = np.zeros(lags)
    for group in _alike(windows):
        state = _stacked([state for state, _ in group])
        tokens = torch.cat([whole[:, t - lags : t] for _, t in group])
        targets = torch.cat([whole[0, t : t + 1] for _, t in group])

        def score(
            vectors: Tensor,
            tokens: Tensor = tokens,
            state: State | None = state,
            targets: Tensor = targets,
        ) -> Tensor:
            with model.reading(vectors), model.last_only():
                logits, _ = model(tokens, state)
            return logits[:, -1].float().log_softmax(-1).gather(1, targets[:, None])[:, 0]

        with torch.no_grad():
            vectors = model.embedding(tokens)
        total += reach(score, vectors, model.lock).sum(axis=0)
    return total


def _alike(
    windows: Sequence[tuple[State | None, int]],
) -> list[list[tuple[State | None, int]]]:
    """Grouped by the shape of their states: a Transformer's grow until its context is full."""
    groups: dict[object, list[tuple[State | None, int]]] = {}
    for window in windows:
        state = window[0]
        shape = None if state is None else tuple(part.shape for part in state)
        groups.setdefault(shape, []).append(window)
    return list(groups.values())


def _stacked(states: Sequence[State | None]) -> State | None:
    whole = [state for state in states if state is not None]
    if not whole:
        return None
    return tuple(torch.cat(parts) for parts in zip(*whole, strict=True))
