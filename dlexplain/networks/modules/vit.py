"""A vision Transformer, with patches made by one linear map or by a few convolutions.

Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
2021, https://arxiv.org/abs/2010.11929; the convolutions before it are those of Xiao et al., "Early
Convolutions Help Transformers See Better", 2021, https://arxiv.org/abs/2106.14881.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.errors import ParamError
from dlexplain.networks.base import PictureShape
from dlexplain.networks.modules.dot_attention import DotAttention
from dlexplain.networks.vit import Params


class Block(nn.Module):
    """x + attention of norm(x), then + MLP of norm of that; (batch, tokens, width) stays."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(params.width)
        self.attention = DotAttention(params.width, params.heads)
        self.mlp_norm = nn.LayerNorm(params.width)
        self.mlp = nn.Sequential(
            nn.Linear(params.width, params.feed_forward),
            nn.GELU(),
            nn.Dropout(params.dropout),
            nn.Linear(params.feed_forward, params.width),
        )
        self.dropout = nn.Dropout(params.dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.attend(x)[0]

    def attend(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The same, and the weights (batch, heads, tokens, tokens), whose rows sum to 1."""
        normed = self.attention_norm(x)
        seen, weights = self.attention.attend(normed, *self.attention.keys_values(normed))
        x = x + self.dropout(seen)
        return x + self.dropout(self.mlp(self.mlp_norm(x))), weights


class VisionTransformer(nn.Module):
    """(batch, channels, side, side) -> (batch, classes) logits.

    Places are learnt for the side it is built for; for another one they are interpolated, as the
    paper does for larger pictures.
    """

    def __init__(self, shape: PictureShape, params: Params) -> None:
        super().__init__()
        if params.width % params.heads:
            raise ParamError(
                f"width {params.width} cannot be shared by {params.heads} heads; a multiple is "
                "accepted"
            )
        if shape.side % params.patch:
            raise ParamError(
                f"pictures of {shape.side} pixels cannot be cut into patches of {params.patch}; a "
                "divisor is accepted"
            )
        self.patch = params.patch
        self.grid = shape.side // params.patch
        self.front = int(params.pooling == "first")  # tokens that are no patches
        self.stem = _stem(shape.channels, params)
        self.class_token = nn.Parameter(0.02 * torch.randn(self.front, params.width))
        self.places = nn.Parameter(0.02 * torch.randn(params.width, self.grid, self.grid))
        self.dropout = nn.Dropout(params.dropout)
        self.blocks = nn.Sequential(*(Block(params) for _ in range(params.layers)))
        self.norm = nn.LayerNorm(params.width)
        self.head = nn.Linear(params.width, shape.classes)

    def forward(self, x: Tensor) -> Tensor:
        return self._read(self.blocks(self._tokens(x)))

    def attend(self, x: Tensor, through: int | None = None) -> tuple[Tensor, list[Tensor]]:
        """The logits, and of each layer (batch, heads, tokens, tokens), row t the weights with
        which t looks; the class token, where there is one, is the first.

        through  as if the network ended after so many layers
        """
        tokens, found = self._tokens(x), []
        for block in list(self.blocks.children())[:through]:
            tokens, weights = cast(Block, block).attend(tokens)
            found.append(weights)
        return self._read(tokens), found

    def _tokens(self, x: Tensor) -> Tensor:
        """(batch, front + patches, width), patches row by row"""
        patches = self.stem(x)  # (batch, width, side / patch, side / patch)
        places: Tensor = self.places
        if patches.shape[-2:] != places.shape[-2:]:
            size = tuple(patches.shape[-2:])
            places = F.interpolate(places[None], size, mode="bicubic", antialias=True)[0]
        tokens = (patches + places).flatten(2).transpose(1, 2)
        front = self.class_token.expand(len(x), -1, -1).to(tokens.dtype)
        return cast(Tensor, self.dropout(torch.cat([front, tokens], dim=1)))

    def _read(self, tokens: Tensor) -> Tensor:
        normed = self.norm(tokens)
        return cast(Tensor, self.head(normed[:, 0] if self.front else normed.mean(1)))


def _stem(channels: int, params: Params) -> nn.Sequential:
    """(batch, channels, side, side) -> (batch, width, side / patch, side / patch)"""
    if params.stem == "patches":
        return nn.Sequential(nn.Conv2d(channels, params.width, params.patch, params.patch))
    halvings = math.log2(params.patch)
    if not halvings.is_integer():
        raise ParamError(
            f"convolutions halve the picture until a patch of {params.patch} pixels is a token; a "
            "power of 2 is accepted"
        )
    layers: list[nn.Module] = []
    last = channels
    for left in range(int(halvings), -1, -1):
        wide = max(params.width // 2**left, 16)
        stride = 1 if last == channels else 2  # the first sees all pixels: pictures are small
        layers += [
            nn.Conv2d(last, wide, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(),
        ]
        last = wide
    return nn.Sequential(*layers, nn.Conv2d(last, params.width, 1))
