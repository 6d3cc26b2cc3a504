"""Ways to ask which earlier tokens moved a token, for pages and listings; no torch here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadingMethod:
    """A method's facts."""

    title: str
    description: str
    paper: str


METHODS = {
    "integrated-gradients": ReadingMethod(
        "Integrated Gradients",
        "Adds up gradients on the way from vectors of zeros to the tokens' own. The values add up "
        "to the difference that the earlier tokens make together.",
        "Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365",
    ),
    "input-x-gradient": ReadingMethod(
        "Input × Gradient",
        "The gradient at the text itself, times each token's vector: quick, and only right where "
        "the network is nearly linear.",
        "Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713",
    ),
    "leave-one-out": ReadingMethod(
        "Leave one out",
        "Reads the text again without each token; what the probability loses is its part.",
        "Li et al. 2016, https://arxiv.org/abs/1612.08220",
    ),
}
