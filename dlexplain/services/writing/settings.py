"""How a language model is to write: declared once for the page, the command line and Python."""

from dataclasses import dataclass

from dlexplain.params import choice, number


@dataclass(frozen=True)
class WritingParams:
    """See tasks/sampling for the formulas and their papers."""

    count: int = number(
        100, "Tokens", low=1, high=1000, step=10, help="To write; writing can be stopped before."
    )
    temperature: float = number(
        0.8,
        "Temperature",
        low=0.0,
        high=5.0,
        step=0.1,
        help="Divides the logits: lower is surer, 0 takes the likeliest token each time.",
    )
    top_k: int = number(
        0,
        "Top k",
        low=0,
        high=100_000,
        step=10,
        help="Draws from the k likeliest tokens only; 0 is all.",
    )
    top_p: float = number(
        1.0,
        "Top p",
        low=0.01,
        high=1.0,
        step=0.05,
        help="Draws from the likeliest tokens that together reach this probability; 1 is all.",
    )
    repetition_penalty: float = number(
        1.0,
        "Repetition penalty",
        low=0.1,
        high=10.0,
        step=0.1,
        help="Above 1, tokens that the text has already are less likely; 1 changes nothing.",
    )
    seed: int = number(
        0, "Seed", low=0, high=2**31 - 1, step=1, help="The same seed writes the same text."
    )
    start: str = choice(
        "auto",
        "Begin with BOS",
        ("auto", "yes", "no"),
        help="Whether a token that begins a text (BOS, or EOS where there is none) stands before "
        "the prompt; auto does as the model's tokenizer does, and begins an empty prompt with it.",
    )
