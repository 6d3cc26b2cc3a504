"""A vision Transformer: a picture as a sequence of patches."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import choice, number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    patch: int = number(4, "Patch", low=2, high=32, help="Side in pixels of what makes one token.")
    stem: str = choice(
        "convolutions",
        "Stem",
        ("patches", "convolutions"),
        help="How a patch becomes a token: one linear map of its pixels, as in the paper, or a few "
        "convolutions, with which small data suffice (Xiao et al. 2021).",
    )
    width: int = number(192, "Width", low=16, high=1024, help="Numbers for each token.")
    heads: int = number(3, "Heads", low=1, high=16, help="Of attention; they share the width.")
    layers: int = number(6, "Layers", low=1, high=24, help="On top of each other.")
    feed_forward: int = number(384, "Feed-forward", low=16, high=4096, help="Units in the middle.")
    pooling: str = choice(
        "first",
        "Pooling",
        ("first", "mean"),
        help="What is read in the end: the class token before the patches, or their mean.",
    )
    dropout: float = number(0.0, "Dropout", low=0.0, high=0.9, step=0.1, help="In the layers.")


ARCHITECTURES.add(
    "vit",
    Architecture(
        name="vit",
        title="Vision Transformer",
        tasks=("classify-image",),
        Params=Params,
        description="The picture is cut into patches, and every patch looks at every other.",
        paper="https://arxiv.org/abs/2010.11929",
        module="dlexplain.networks.modules.vit:VisionTransformer",
        shows=("attention", "heads"),
        least=8,
        any_side=True,
    ),
)
