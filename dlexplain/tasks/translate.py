"""Translation: teacher forcing with label smoothing; beam search and BLEU in the test.

Label smoothing as Szegedy et al., "Rethinking the Inception Architecture", 2016,
https://arxiv.org/abs/1512.00567; BLEU of Papineni et al. 2002 by sacrebleu (Post 2018,
https://arxiv.org/abs/1804.08771), on texts as people write them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlexplain.networks.base import PairShape
from dlexplain.params import choice, flag, number
from dlexplain.tasks.base import TASKS, Arrays, TaskSpec


@dataclass(frozen=True)
class Params:
    """How texts become tokens, what is minimised, and how the test searches."""

    tokens: str = choice(
        "bpe",
        "Tokens",
        ("bpe", "word", "character"),
        help="Byte pairs (Sennrich et al. 2016), words, or characters.",
    )
    vocabulary: int = number(8000, "Vocabulary", low=50, high=50_000, help="Tokens at most.")
    joint: bool = flag(
        True, "One vocabulary", help="For both sides, whose embeddings are then shared."
    )
    longest: int = number(100, "Longest, tokens", low=4, high=1000, help="What is longer is cut.")
    label_smoothing: float = number(
        0.1, "Label smoothing", low=0.0, high=0.9, step=0.05, help="Share spread over all tokens."
    )
    beam: int = number(5, "Beam width", low=1, high=32, help="Of the test; 1 is greedy.")
    length_penalty: float = number(
        1.0, "Length penalty", low=0.0, high=3.0, step=0.1, help="Larger favours longer ones."
    )


def _shape(facts: Mapping[str, Any], params: Params) -> PairShape:
    return PairShape(facts["source_vocabulary"], facts["target_vocabulary"], facts["joint"])


def _signature(arrays: Arrays) -> dict[str, Any]:
    """How BLEU was counted."""
    from sacrebleu.metrics.bleu import BLEU  # only a finished test needs it

    metric = BLEU()
    metric.corpus_score(["a"], [["a"]])
    return {"bleu": str(metric.get_signature())}


TASKS.add(
    "translate",
    TaskSpec(
        name="translate",
        title="Translation",
        modality="text",
        Params=Params,
        description="Write a text's translation, token by token.",
        monitor="validation/loss",
        mode="min",
        shape=_shape,
        module="dlexplain.tasks.modules.translate:Translate",
        noun="translator",
        first=("multi30k-transformer", "multi30k-gru-attention", "dates-gru-attention"),
        headline="test/bleu",
        details=_signature,
    ),
)
