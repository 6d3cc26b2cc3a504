"""How one asks which source tokens moved a token written: names for pages; no torch here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TranslationMethod:
    """A method in words."""

    title: str
    description: str
    paper: str


METHODS = {
    "integrated-gradients": TranslationMethod(
        "Integrated Gradients",
        "The gradient of log p, added up on the way from zero vectors to the source's; the values "
        "add up to what the words changed.",
        "https://arxiv.org/abs/1703.01365",
    ),
    "input-x-gradient": TranslationMethod(
        "Input × Gradient",
        "Each token's vector times the gradient of log p there: one pass, and true only near it.",
        "https://arxiv.org/abs/1605.01713",
    ),
    "leave-one-out": TranslationMethod(
        "Leave one out",
        "log p, less log p with the token left out of the source.",
        "https://arxiv.org/abs/1612.08220",
    ),
}
