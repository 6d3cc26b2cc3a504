"""Loading a language model by name, once a process, with its tokeniser and its turnstile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from dlexplain.data.text_codec import TextCodec, load_codec
from dlexplain.data.tokenisers import FILE
from dlexplain.errors import DataError, TextError, WeightsError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.prepare import fingerprint
from dlexplain.explainers.recurrence import differentiable
from dlexplain.explainers.turnstile import Turnstile
from dlexplain.memory import keep_memory
from dlexplain.networks.device import choose_device, describe_device
from dlexplain.networks.hugging_face import HuggingFaceLM
from dlexplain.networks.language import State
from dlexplain.services.texts.hugging_face import is_own_model
from dlexplain.services.texts.own_reading import read_model
from dlexplain.services.trained.networks import load_network
from dlexplain.services.writing.model_list import default_model, find_trained
from dlexplain.settings import settings

KEPT = 6
"""Models kept in memory, those used last."""
_loading = threading.Lock()


@dataclass(frozen=True, eq=False)
class LoadedLanguageModel:
    """A language model ready to write and to be explained; `load_language_model` makes it.

    network      forward(tokens (batch, time), state) -> logits, state; eval mode, frozen
    embedding    its layer that turns tokens into vectors
    head         its layer from states (batch, time, size) to logits; None where it cannot be told
    fingerprint  digest of architecture and weights
    turnstile    where all who use the model take turns
    """

    modality: ClassVar[str] = "next-token"
    name: str
    title: str
    network: nn.Module
    embedding: nn.Module
    head: nn.Module | None
    codec: TextCodec
    device: torch.device
    fingerprint: str
    turnstile: Turnstile = field(default_factory=Turnstile)

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


@random_state_kept()
def load_language_model(name: str = "") -> LoadedLanguageModel:
    """Load a zoo model by name, a finished run by its id, or a user's by folder or hub name.

    The same one is given while it is kept. name  the zoo's first where none is given
    Raises UnknownName, or WeightsError where files are missing or damaged.
    """
    with _loading:  # two sessions at once wait for one loading
        return _load(name or default_model())


@lru_cache(maxsize=KEPT)
def _load(name: str) -> LoadedLanguageModel:
    """From wherever the name says.

    The network takes and gives a state that is a tuple of tensors, the batch first, such as keys
    and values; its tokeniser goes into a TextCodec.
    """
    if settings().keep_memory:
        keep_memory()
    if is_own_model(name):
        return _from_hugging_face(name)
    return _from_training(name)


def _from_hugging_face(name: str) -> LoadedLanguageModel:
    """A user's, from a folder or the hub."""
    own = read_model(name, "causal language model")
    network = HuggingFaceLM(own.model, own.longest)
    codec = TextCodec(own.tokeniser, "own", own.start, own.frame.before, own.ends, own.special)
    return prepared(name, Path(name).name, network, network.embedding, network.output, codec)


def _from_training(name: str) -> LoadedLanguageModel:
    """The zoo's or a finished run."""
    model = find_trained(name)
    network: Any = load_network(model)
    facts, files = model.facts, model.files
    try:
        codec = load_codec(files[FILE], str(facts["tokeniser"]), int(facts["start"]))
    except KeyError as error:
        raise WeightsError(f"the card of {model.owner} is damaged: it lacks {error}") from error
    except DataError as error:
        raise WeightsError(f"the {FILE} of {model.owner} is damaged: {error}") from error
    return prepared(name, model.title, network, network.embedding, network.output, codec)


def prepared(
    name: str,
    title: str,
    network: nn.Module,
    embedding: nn.Module,
    head: nn.Module | None,
    codec: TextCodec,
) -> LoadedLanguageModel:
    """A network put on the settings' device, frozen."""
    device = choose_device(settings().device)
    network = network.eval().requires_grad_(False).to(device)
    digest = fingerprint(network)
    return LoadedLanguageModel(name, title, network, embedding, head, codec, device, digest)
