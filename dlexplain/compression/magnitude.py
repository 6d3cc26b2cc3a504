"""The smallest weights of the whole network become zero."""

from collections.abc import Sequence
from dataclasses import dataclass

from dlexplain.compression.base import COMPRESSIONS, Compression
from dlexplain.params import choice, number

GRADUAL, LOTTERY = "gradual", "lottery ticket"


@dataclass(frozen=True)
class Params:
    sparsity: float = number(
        0.8,
        "Sparsity",
        low=0.01,
        high=0.999,
        step=0.01,
        help="Part of the weights of all matrices and kernels that become zero.",
    )
    schedule: str = choice(
        "at once",
        "When",
        ("at once", GRADUAL),
        help="At once, before the training on; or gradually in its course, s(1 - (1 - t)³) at its "
        "part t (Zhu and Gupta 2017).",
    )
    rewind: str = choice(
        "no",
        "Rewind",
        ("no", LOTTERY),
        help="Lottery ticket: the weights that stay go back to what they were before the parent's "
        "training, and learn anew (Frankle and Carbin 2019).",
    )


def unfit(params: Params, epochs: int, begun: str) -> Sequence[str]:
    """What does not go together, a sentence each."""
    wrong = []
    if params.schedule == GRADUAL and not epochs:
        wrong.append("compression: schedule is gradual, in the course of a training; epochs is 0")
    if params.rewind == LOTTERY and not epochs:
        wrong.append("compression: a lottery ticket's weights must learn anew; epochs is 0")
    if params.rewind == LOTTERY and params.schedule == GRADUAL:
        wrong.append("compression: a lottery ticket is drawn at once; schedule is gradual")
    if params.rewind == LOTTERY and begun:
        wrong.append(f"compression: a lottery ticket needs fresh first weights; {begun}")
    return wrong


COMPRESSIONS.add(
    "magnitude",
    Compression(
        name="magnitude",
        title="Magnitude pruning",
        Params=Params,
        description="The weights of least magnitude in the whole network become zero and stay so. "
        "The file keeps the zeros, so it gets smaller only zipped, and dense kernels multiply them "
        "like any number: nothing gets faster by it.",
        paper="Han et al. 2015, https://arxiv.org/abs/1506.02626; Zhu and Gupta 2017, "
        "https://arxiv.org/abs/1710.01878; Frankle and Carbin 2019, "
        "https://arxiv.org/abs/1803.03635",
        module="dlexplain.compression.modules.magnitude:Magnitude",
        strength="sparsity",
        unfit=unfit,
        ends=lambda params: params.schedule == GRADUAL,
    ),
)
