"""How a run learns on from a trained model: which of its weights learn, and how fast; no torch."""

from dataclasses import dataclass

from dlexplain.params import choice, number

HEADED = ("classify-image", "classify-text", "forecast")
"""Tasks whose networks end in a layer of their own for the answer, which may be a fresh one."""
TASKS = (*HEADED, "language-model", "translate")
"""Those whose runs may begin with a trained model of the same task."""
TAKEN = {"classify-text": ("tokeniser", "vocabulary", "lower")}
"""Task parameters that say how texts become ids: a child reads as its parent does."""
FIRST = {
    "classify-text": ("longest",),
    "forecast": ("window",),
    "translate": ("tokens", "vocabulary", "joint", "longest"),
}
"""Further task parameters that are the parent's where nothing is said."""


@dataclass(frozen=True)
class Params:
    """Of a run that begins with the weights of a parent."""

    learns: str = choice(
        "all",
        "What learns",
        ("all", "last layers", "head", "adapters"),
        help="All weights; those of the last layers; the last layer alone; or low-rank adapters "
        "beside every linear layer and convolution, which are added into them in the end (Hu et "
        "al. 2022), and the last layer. What does not learn keeps its weights, and its batch norms "
        "their statistics.",
    )
    layers: int = number(
        2,
        "Last layers",
        low=1,
        high=100,
        help="So many learn, the head among them: last layers.",
        only=("learns", ("last layers",)),
    )
    layer_decay: float = number(
        1.0,
        "Rate a layer",
        low=0.01,
        high=1.0,
        step=0.05,
        help="Each layer learns by this factor more slowly than the one behind it; 1 alike "
        "(Howard and Ruder 2018 took 1/2.6 = 0.385).",
    )
    adapter_rank: int = number(
        8,
        "Adapters' rank",
        low=1,
        high=256,
        help="Of the change of each weight matrix.",
        only=("learns", ("adapters",)),
    )
    adapter_alpha: float = number(
        16.0,
        "Adapters' alpha",
        low=0.1,
        high=1000.0,
        step=1.0,
        help="The change is multiplied by alpha / rank.",
        only=("learns", ("adapters",)),
    )
