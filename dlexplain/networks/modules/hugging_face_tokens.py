"""Token classifiers of Hugging Face's transformers, and one of their tokens as a text classifier.

The logits of a token at a fixed place are a function of the whole text, as those of a text
classifier are; so whatever explains a text's class explains a token's label.
"""

from typing import Any

from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.networks.modules.hugging_face_classifier import (
    PAD,
    Frame,
    HuggingFaceClassifier,
    states_read,
)


class HuggingFaceLabeller(HuggingFaceClassifier):
    """(batch, time) ids of texts of one length -> (batch, time, labels) logits.

    model    a `...ForTokenClassification`, loaded with attn_implementation="eager"
    attends  whether it gives the weights of each token for each, (batch, heads, time, time)
    The other parameters are as in HuggingFaceClassifier.
    """

    def __init__(self, model: Any, frame: Frame, padding: int, attends: bool = False) -> None:
        super().__init__(model, frame, padding)
        self.attends = attends

    def forward(self, x: Tensor) -> Tensor:
        lengths = (x != PAD).sum(1)
        if bool((lengths != x.shape[1]).any()):
            raise Incompatible("texts of several lengths are labelled one by one")
        return self._read(x, lengths, self._unused(x))

    def attend(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The logits, and the weights of each layer, as text_shapes.Attends says."""
        found = self._of_vectors(vectors, output_attentions=True)
        return found.logits, list(found.attentions)


class TokenClassifier(nn.Module):
    """A labeller read at one place: (batch, time) ids -> (batch, labels) logits of that token.

    place  the token's, marks included; of a text that is shorter, such as one that a method is
           tried on, the last token is read
    """

    marks = 0

    def __init__(self, network: HuggingFaceLabeller, place: int) -> None:
        super().__init__()
        self.network = network
        self.reads = place

    def forward(self, x: Tensor) -> Tensor:
        return self._of(self.network(x))

    def embed(self, x: Tensor) -> Tensor:
        return self.network.embed(x)

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        return self._of(self.network.read_vectors(vectors, mask))

    def attend(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        """See HuggingFaceLabeller.attends."""
        logits, weights = self.network.attend(vectors, mask)
        return self._of(logits), weights

    def _of(self, logits: Tensor) -> Tensor:
        """(batch, time, labels) -> (batch, labels)"""
        return logits[:, min(self.reads, logits.shape[1] - 1)]


def own_labeller(model: Any, frame: Frame, padding: int) -> HuggingFaceLabeller:
    """Its attention is shown where a token's label is read from that token's state of the last
    layer alone, which is told by gradients; see hugging_face_classifier.own_classifier."""
    plain = HuggingFaceLabeller(model, frame, padding)
    place = len(frame.before) + 1
    told = states_read(plain, lambda logits: logits[0, place, 0])
    attends = told is not None and [i for i, read in enumerate(told) if read] == [place]
    return HuggingFaceLabeller(model, frame, padding, attends)
