"""Attention, its gradients, and what several layers of it amount to, of texts and of pictures."""

import torch
import torch.nn.functional as F
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.explainers.batching import Target
from dlexplain.explainers.patches import patches_of
from dlexplain.explainers.prepare import PreparedModel
from dlexplain.explainers.text_model import PreparedText


def check_attends(prepared: PreparedText | PreparedModel) -> None:
    """Raises Incompatible."""
    if isinstance(prepared, PreparedModel):
        patches_of(prepared)
    elif not prepared.attends:
        raise Incompatible(
            "the model has no attention that can be shown: from each token to each, layer by layer"
        )


def attention(prepared: PreparedText | PreparedModel, inputs: Tensor) -> list[Tensor]:
    """Of each layer (heads, queries, keys), for one input: (1, time) ids or a picture; in this
    model's turn."""
    check_attends(prepared)
    with prepared.lock.turn(), torch.inference_mode():
        _, weights = prepared.attend(inputs)
    return [layer[0] for layer in weights]


def attention_gradients(
    prepared: PreparedText | PreparedModel, inputs: Tensor, target: Target
) -> tuple[list[Tensor], list[Tensor]]:
    """The same, and the gradients of the target's score by these weights."""
    check_attends(prepared)
    with prepared.lock.turn(), torch.enable_grad():
        logits, weights = prepared.attend(inputs)
        gradients = torch.autograd.grad(target.score(logits).sum(), weights)
    return [layer[0].detach() for layer in weights], [layer[0] for layer in gradients]


def rollout(layers: list[Tensor]) -> Tensor:
    """(queries, keys) from (heads, queries, keys) of each layer, the first layer first.

    Heads are averaged; half of what a token is stays its own by the residual connection:
    R = Π_l (A_l + I) / 2. Rows sum to 1. Abnar and Zuidema, "Quantifying Attention Flow in
    Transformers", 2020, https://arxiv.org/abs/2005.00928.
    """
    heads = [layer.mean(0) for layer in layers]
    if is_pooling(layers):
        return heads[0]
    joined = torch.eye(heads[0].shape[-1], device=heads[0].device)
    for mixed in heads:
        own = torch.eye(mixed.shape[-1], device=mixed.device)
        joined = (mixed + own) / 2 @ joined
    return joined


def relevance(layers: list[Tensor], gradients: list[Tensor]) -> Tensor:
    """(queries, keys): R = Π_l (I + E_heads[max(0, A_l ⊙ ∂f/∂A_l)]), less the identity.

    Chefer, Gur, Wolf, "Generic Attention-model Explainability", 2021,
    https://arxiv.org/abs/2103.15679, its rule for self-attention.
    """
    parts = [(a * g).clamp_min(0).mean(0) for a, g in zip(layers, gradients, strict=True)]
    if is_pooling(layers):
        return parts[0]
    own = torch.eye(parts[0].shape[-1], device=parts[0].device)
    joined = own
    for part in parts:
        joined = joined + part @ joined
    return joined - own


def is_pooling(layers: list[Tensor]) -> bool:
    """Whether one learnt query, rather than each token, looks."""
    return len(layers) == 1 and layers[0].shape[1] == 1 < layers[0].shape[2]


def read_out(prepared: PreparedText | PreparedModel, joined: Tensor) -> Tensor:
    """(queries, keys) -> the rows that go on to the classes, averaged; without tokens that stand
    for nothing of the input.

    Of a text (tokens,); of a picture (1, height, width), enlarged from its patches.
    """
    if isinstance(prepared, PreparedModel):
        patches = patches_of(prepared)
        return on_picture(prepared, patches.grid(joined[patches.read.to(joined.device)].mean(0)))
    marks = int(prepared.network.marks)  # type: ignore[arg-type]
    reads = prepared.reads
    if isinstance(reads, int):
        rows = joined[reads : reads + 1]
    else:
        rows = {"first": joined[:1], "last": joined[-1:], "mean": joined}[reads]
    return rows.mean(0)[marks:]


def on_picture(prepared: PreparedModel, grid: Tensor) -> Tensor:
    """(side, side) of patches -> (1, height, width), bilinear."""
    size = tuple(prepared.input_shape[-2:])
    return F.interpolate(grid[None, None], size=size, mode="bilinear", align_corners=False)[0]
