"""Small language models with random weights, loaded as the zoo's are."""

from typing import Any

import torch
from torch import nn

from dlexplain.data.corpora import line_words, start_of
from dlexplain.data.text_codec import TextCodec
from dlexplain.networks.base import ARCHITECTURES, LanguageShape
from dlexplain.params import parse
from dlexplain.services.writing.models import LoadedLanguageModel, prepared

WORDS = "the cat sat on a mat and saw one small dog run to it while she slept"
TEXT = (
    "the cat sat on a mat\nand saw one small dog run to it\n"
    "while she slept on the mat and the dog saw it\n"
)
KINDS: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn", "embedding": 8, "units": 8, "layers": 2},
    "lstm": {"cell": "lstm", "embedding": 8, "units": 8, "layers": 2},
    "gru": {"cell": "gru", "embedding": 8, "units": 8, "layers": 1},
    "transformer": {"layers": 2, "size": 8, "heads": 2, "context": 6},
}


def codec() -> TextCodec:
    tokeniser = line_words(WORDS)
    return TextCodec(tokeniser, "lines", start_of(tokeniser))


def writer(kind: str) -> LoadedLanguageModel:
    """Its weights are large enough for tokens to be far from equally likely."""
    torch.manual_seed(4)
    known = ARCHITECTURES["transformer-lm" if kind == "transformer" else "rnn-lm"]
    words = codec().tokeniser.get_vocab_size()
    network: Any = known.build(LanguageShape(words), parse(known.Params, KINDS[kind]))
    for parameter in network.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=0.6)
    network = network.double()
    return prepared(kind, kind, network, network.embedding, network.output, codec())
