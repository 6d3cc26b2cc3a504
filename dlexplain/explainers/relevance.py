"""Rules of layer-wise relevance propagation for one linear layer, y = W x + b.

Each gives the layer's own y, whose gradient G_y = R_y / y autograd takes back as G_x = R_x / x, so
that relevance is x · G_x: what moves, adds up or averages values needs no rule then. z is what the
rule shares the relevance by, ε the stabiliser, which has the sign of z.

Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance
Propagation", 2015, https://doi.org/10.1371/journal.pone.0130140; Montavon et al., "Layer-Wise
Relevance Propagation: An Overview", 2019, https://doi.org/10.1007/978-3-030-28954-6_10.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

STABILISER = 1e-6
"""ε where it is no parameter of the rule."""
Run = Callable[[Tensor, Tensor, Tensor | None], Tensor]


@dataclass(frozen=True, eq=False)
class Layer:
    """A call of a linear layer.

    run  (x, weight, bias) -> y, a convolution or a matrix product
    """

    x: Tensor
    weight: Tensor
    bias: Tensor | None
    run: Run

    def output(self) -> Tensor:
        return self.run(self.x, self.weight, self.bias)


LayerRule = Callable[[Layer], Tensor]


def epsilon_rule(layer: Layer, epsilon: float) -> Tensor:
    """R_i = x_i Σ_j w_ij R_j / (y_j + ε sign y_j); with ε = 0 the rule LRP-0."""
    y = layer.output()
    return shared_by(y, y, epsilon)


def z_plus_rule(layer: Layer) -> Tensor:
    """R_i = Σ_j (x_i w_ij)⁺ R_j / (Σ_k (x_k w_kj)⁺ + b_j⁺), also called α = 1, β = 0."""
    w, b = layer.weight, layer.bias
    positive = _by_sign(
        layer, w.clamp(min=0), w.clamp(max=0), None if b is None else b.clamp(min=0)
    )
    return shared_by(layer.output(), positive, STABILISER)


def gamma_rule(layer: Layer, gamma: float) -> Tensor:
    """R_i = Σ_j z_ij R_j / Σ_k z_kj, where z_ij = x_i w_ij, and those of the sign of y_j count
    1 + γ times; so it holds for negative inputs and outputs as well (Andéol et al. 2021,
    https://arxiv.org/abs/2107.01208)."""
    w, b = layer.weight, layer.bias
    up, down = w + gamma * w.clamp(min=0), w + gamma * w.clamp(max=0)
    more = None if b is None else b + gamma * b.clamp(min=0)
    less = None if b is None else b + gamma * b.clamp(max=0)
    y = layer.output()
    of_its_sign = torch.where(
        y > 0, _by_sign(layer, up, down, more), _by_sign(layer, down, up, less)
    )
    return shared_by(y, of_its_sign, STABILISER)


@dataclass(frozen=True, eq=False)
class Box:
    """Inputs of a layer at the box's corners, each of the shape of x or broadcast to it.

    lowest, highest  what the layer reads where all pixels are at their lowest or highest
    from_lowest, from_highest  x twice: the relevance that goes back to either is that of
                     x - lowest or x - highest
    """

    lowest: Tensor
    highest: Tensor
    from_lowest: Tensor
    from_highest: Tensor


def box_rule(layer: Layer, box: Box) -> Tensor:
    """R_i = Σ_j z_ij R_j / Σ_k z_kj with z_ij = x_i w_ij - l_i w_ij⁺ - h_i w_ij⁻, for inputs
    between l and h (Montavon et al. 2017, https://doi.org/10.1016/j.patcog.2016.11.008)."""
    w = layer.weight
    z = layer.run(box.from_lowest - box.lowest, w.clamp(min=0), None) + layer.run(
        box.from_highest - box.highest, w.clamp(max=0), None
    )
    return shared_by(layer.output(), z, STABILISER)


def _by_sign(layer: Layer, weight: Tensor, opposite: Tensor, bias: Tensor | None) -> Tensor:
    """The positive inputs by `weight`, the negative ones by `opposite`."""
    found = layer.run(layer.x.clamp(min=0), weight, bias)
    if bool((layer.x < 0).any()):  # seldom: most layers follow a ReLU
        found = found + layer.run(layer.x.clamp(max=0), opposite, None)
    return found


def shared_by(y: Tensor, z: Tensor, epsilon: float) -> Tensor:
    """The numbers of y; its relevance goes back to what z was computed from, by z's parts."""
    ratio = (y / stabilised(z, epsilon)).detach()
    shared = z * ratio
    return y.detach() + (shared - shared.detach())


def stabilised(z: Tensor, epsilon: float) -> Tensor:
    """z + ε sign z, the sign of 0 being positive; 1 where that is 0."""
    moved = z + torch.where(z < 0, -epsilon, epsilon)
    return torch.where(moved == 0, 1.0, moved)
