"""Language models, ready for use: trained here, or a user's in Hugging Face's form."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from dlexplain.data.text_codec import TextCodec, load_codec
from dlexplain.data.tokenisers import FILE
from dlexplain.errors import DataError, TextError, WeightsError
from dlexplain.explainers.fair_lock import FairLock
from dlexplain.explainers.recurrence import differentiable
from dlexplain.networks.modules.device import describe_device
from dlexplain.networks.modules.hugging_face import HuggingFaceLM
from dlexplain.networks.modules.language import State
from dlexplain.services.loading import card_read, placed
from dlexplain.services.texts.own_reading import read_model
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.folder import Trained
from dlexplain.trained.hugging_face import foreign_model
from dlexplain.trained.networks import load_network


@dataclass(frozen=True, eq=False)
class LoadedLanguageModel:
    """A language model ready to write and to be explained; `load` makes it.

    network      forward(tokens (batch, time), state) -> logits, state; eval mode, frozen
    embedding    its layer that turns tokens into vectors
    head         its layer from states (batch, time, size) to logits; None where it cannot be told
    fingerprint  digest of architecture and weights
    lock    where all who use the model take turns
    """

    tasks: ClassVar[tuple[str, ...]] = ("language-model",)
    modality: ClassVar[str] = "next-token"
    name: str
    title: str
    network: nn.Module
    embedding: nn.Module
    head: nn.Module | None
    codec: TextCodec
    device: torch.device
    fingerprint: str
    lock: FairLock = field(default_factory=FairLock)

    @classmethod
    def of(cls, entry: ModelEntry) -> "LoadedLanguageModel":
        """The network takes and gives a state that is a tuple of tensors, the batch first, such as
        keys and values; its tokeniser goes into a TextCodec."""
        own = isinstance(entry.origin, str)
        return _from_hugging_face(entry.name) if own else _from_training(entry.trained)

    @property
    def device_text(self) -> str:
        """The device in words."""
        return describe_device(self.device)

    def ids(self, tokens: list[int]) -> Tensor:
        """(1, opening + tokens) on the model's device; the opening, mostly one token, first.

        Raises TextError where the model knows nothing that begins a text.
        """
        if not self.codec.opening:
            raise TextError(
                f"{self.name} knows no token that begins a text (BOS or EOS), so its first token "
                "follows nothing and has no probability; writing on from a prompt is possible"
            )
        return torch.tensor([[*self.codec.opening, *tokens]], device=self.device)

    def __call__(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Logits (batch, time, vocabulary) and the state to go on with; the caller has its turn."""
        logits, after = self.network(tokens, state)
        return logits, after

    @contextmanager
    def last_only(self) -> Iterator[None]:
        """Inside it, logits are (batch, 1, vocabulary), of the last step only: the output layer is
        most of the work where the vocabulary is large. The caller has the model's turn."""
        if self.head is None:
            yield
            return

        def cut(_module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
            states, *rest = given
            return (states[:, -1:], *rest)

        hook = self.head.register_forward_pre_hook(cut)
        try:
            yield
        finally:
            hook.remove()

    @contextmanager
    def reading(self, vectors: Tensor) -> Iterator[None]:
        """Inside it, the network reads `vectors` (batch, time, size) in place of its tokens'
        embeddings. The caller has the model's turn."""
        hook = self.embedding.register_forward_hook(lambda _module, _given, _found: vectors)
        try:
            with differentiable():
                yield
        finally:
            hook.remove()


def _from_hugging_face(name: str) -> LoadedLanguageModel:
    """A user's, from a folder or the hub."""
    with foreign_model(name):
        own = read_model(name, "language-model")
        network = HuggingFaceLM(own.model, own.longest)
        codec = TextCodec(own.tokeniser, "own", own.start, own.frame.before, own.ends, own.special)
        return prepared(name, Path(name).name, network, network.embedding, network.output, codec)


def _from_training(model: Trained) -> LoadedLanguageModel:
    """The zoo's or a finished run."""
    network: Any = load_network(model)
    facts, files = model.facts, model.files
    with card_read(model):
        try:
            codec = load_codec(files[FILE], str(facts["tokeniser"]), int(facts["start"]))
        except DataError as error:
            raise WeightsError(f"the {FILE} of {model.owner} is damaged: {error}") from error
    return prepared(model.name, model.title, network, network.embedding, network.output, codec)


def prepared(
    name: str,
    title: str,
    network: nn.Module,
    embedding: nn.Module,
    head: nn.Module | None,
    codec: TextCodec,
) -> LoadedLanguageModel:
    """A network put on the settings' device, frozen."""
    ready = placed(network)
    return LoadedLanguageModel(
        name, title, ready.network, embedding, head, codec, ready.device, ready.fingerprint
    )
