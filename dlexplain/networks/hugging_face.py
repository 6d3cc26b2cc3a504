"""The user's own backbone in Hugging Face's form, with a head for the run's classes."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture

NAME = "hugging-face"
FILE = "backbone.json"
"""Its config, and how its library prepares a picture or a text; kept beside a run's weights."""
TOKENISER = "own"
"""What a text run's tokeniser is called that is its backbone's."""


@dataclass(frozen=True)
class Params:
    """None: everything is the backbone's."""


ARCHITECTURES.add(
    NAME,
    Architecture(
        name=NAME,
        title="Your own backbone",
        tasks=("classify-image", "classify-text"),
        Params=Params,
        description="A classifier of transformers from a folder or the hub, with a new head where "
        "the classes are others; pictures and texts are prepared as its own library does it.",
        paper="https://arxiv.org/abs/1910.03771",
        module="dlexplain.networks.modules.backbone:build",
        file=FILE,
    ),
)
