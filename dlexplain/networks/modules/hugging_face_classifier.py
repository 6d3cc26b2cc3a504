"""Classifiers of Hugging Face's transformers, as ours are called.

Many such models look at the ids beside their vectors: the state that is classified is that of the
end mark, or of the last token that is not padding; a decoder reads the text once more, moved by
one. So vectors are not handed over as `inputs_embeds`, which these models refuse or misread: they
are given ids of a text of the same form, and what they look up of it is replaced.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible

PAD = -1
"""Behind the end; the model's own padding may be a word of another."""


@dataclass(frozen=True)
class Frame:
    """The marks that a tokeniser puts around every text.

    before, after  their ids
    word           the id of some word that is no mark and no padding
    types          the token types (segments) of each mark before, of words, and of each mark
                   after; None where the model wants none, or all are 0
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    word: int
    types: tuple[tuple[int, ...], int, tuple[int, ...]] | None = None

    @property
    def marks(self) -> int:
        """How many marks stand around a text."""
        return len(self.before) + len(self.after)

    def ids(self, time: int) -> Tensor:
        """(time,) of a text of this many tokens, marks included."""
        return torch.tensor(_framed(self.before, self.word, self.after, time))

    def token_types(self, lengths: Tensor, time: int) -> Tensor:
        """(batch, time) of texts of these lengths, 0 behind their ends."""
        assert self.types is not None
        rows = [_framed(*self.types, length) for length in lengths.tolist()]
        return torch.tensor([row + [0] * (time - len(row)) for row in rows])


def _framed(before: tuple[int, ...], word: int, after: tuple[int, ...], time: int) -> list[int]:
    return [*before, *[word] * (time - len(before) - len(after)), *after]


class HuggingFaceClassifier(nn.Module):
    """(batch, time) ids, PAD behind the end -> (batch, outputs) logits.

    model     a `...ForSequenceClassification`
    frame     what its tokeniser puts around a text
    padding   the id that it declares for padding, or one that stands for nothing
    together  whether texts of several lengths may be read in one batch; where not, those of each
              length are read by themselves, so that the model never sees padding
    """

    def __init__(self, model: Any, frame: Frame, padding: int, together: bool = False) -> None:
        super().__init__()
        self.model = model
        self.frame = frame
        self.padding = padding
        self.together = together

    def forward(self, x: Tensor) -> Tensor:
        lengths = (x != PAD).sum(1)
        x = x[:, : int(lengths.max())]
        fill = self._unused(x)
        if bool((lengths == x.shape[1]).all()) or (self.together and fill >= 0):
            return self._read(x, lengths, fill)
        rows = [(lengths == length).nonzero()[:, 0] for length in sorted(set(lengths.tolist()))]
        parts = [self._read(x[own, : int(lengths[own[0]])], lengths[own], fill) for own in rows]
        return torch.cat(parts)[torch.cat(rows).argsort()]

    def embed(self, x: Tensor) -> Tensor:
        """Of word pieces alone; the model adds the places."""
        # Not called as a module, since another thread may be replacing what the module gives.
        return self.table.forward(torch.where(x == PAD, self.padding, x))

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """mask is True everywhere: the vectors are of whole texts."""
        return cast(Tensor, self._of_vectors(vectors).logits)

    @property
    def table(self) -> nn.Embedding:
        """From ids to vectors."""
        return cast(nn.Embedding, self.model.get_input_embeddings())

    def _read(self, x: Tensor, lengths: Tensor, fill: int) -> Tensor:
        mask = x != PAD
        ids = torch.where(mask, x, fill)
        with self._padded_with(fill):
            found = self.model(
                input_ids=ids, attention_mask=mask.long(), **self._types(lengths, ids)
            )
        return cast(Tensor, found.logits)

    def _of_vectors(self, vectors: Tensor, **asked: bool) -> Any:
        count, time = vectors.shape[:2]
        ids = self.frame.ids(time).to(vectors.device).expand(count, -1)
        types = self._types(torch.full((count,), time), ids)
        with self._replaced(ids, vectors), self._padded_with(self._unused(ids)):
            return self.model(input_ids=ids, attention_mask=torch.ones_like(ids), **types, **asked)

    def _types(self, lengths: Tensor, ids: Tensor) -> dict[str, Tensor]:
        if self.frame.types is None:
            return {}
        return {"token_type_ids": self.frame.token_types(lengths, ids.shape[1]).to(ids.device)}

    def _unused(self, x: Tensor) -> int:
        """An id that none of these texts has: the declared padding where it can be; or -1."""
        if self.padding >= 0 and not bool((x == self.padding).any()):
            return self.padding
        seen = torch.zeros(self.table.num_embeddings, dtype=torch.bool, device=x.device)
        seen[x[x != PAD]] = True
        free = (~seen).nonzero()
        return int(free[0]) if len(free) else -1

    @contextmanager
    def _padded_with(self, padding: int) -> Iterator[None]:
        """Inside it, this id is the model's padding: decoders classify the last token that is
        another. The caller has the model's turn."""
        config = self.model.config.get_text_config()
        declared = config.pad_token_id
        config.pad_token_id = padding
        try:
            yield
        finally:
            config.pad_token_id = declared

    @contextmanager
    def _replaced(self, ids: Tensor, vectors: Tensor) -> Iterator[None]:
        """Inside it, the model finds `vectors` (batch, time, width) where it looks up `ids`
        (batch, time). The caller has the model's turn."""
        time = ids.shape[1]

        def replace(_module: nn.Module, given: tuple[Any, ...], found: Tensor) -> Tensor:
            seen = given[0]
            if seen.shape[1] >= time and torch.equal(seen[:, :time], ids):
                return torch.cat([vectors, found[:, time:]], 1)  # some models fill up a window
            if seen.shape == ids.T.shape and torch.equal(seen, ids.T):
                return vectors.transpose(0, 1)  # (time, batch, width)
            if seen.shape == ids.shape and torch.equal(seen[:, 1:], ids[:, :-1]):
                return torch.cat([found[:, :1], vectors[:, :-1]], 1)  # a decoder's turn
            raise Incompatible("it looks up other words than those of its text")

        weight = self.table.weight
        hooks = [
            module.register_forward_hook(replace)
            for module in self.model.modules()
            if isinstance(module, nn.Embedding) and module.weight is weight
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


class AttendingClassifier(HuggingFaceClassifier):
    """One whose attention can be seen; see text_shapes.Attends.

    model  loaded with attn_implementation="eager"
    """

    marks = 0

    def __init__(
        self, model: Any, frame: Frame, padding: int, reads: Literal["first", "last", "mean"]
    ) -> None:
        super().__init__(model, frame, padding)
        self.reads = reads

    def attend(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        found = self._of_vectors(vectors, output_attentions=True)
        return found.logits, list(found.attentions)


def own_classifier(model: Any, frame: Frame, padding: int) -> HuggingFaceClassifier:
    """An AttendingClassifier where the model gives the weights of each token for each.

    Which states go on to the classes is told by the gradients of the last layer's weights: those
    of a token whose state goes nowhere are 0.
    """
    plain = HuggingFaceClassifier(model, frame, padding)
    told = states_read(plain, lambda logits: logits[0, 0])
    reads = None if told is None else _reads(told)
    return plain if reads is None else AttendingClassifier(model, frame, padding, reads)


def states_read(
    plain: HuggingFaceClassifier, score: Callable[[Tensor], Tensor]
) -> list[bool] | None:
    """Of each token of a text of three words, whether its state goes on to a score of the logits;
    None where the model does not give the weights of each token for each."""
    time = plain.frame.marks + 3
    with torch.enable_grad():
        found = plain._of_vectors(plain.embed(plain.frame.ids(time)[None]), output_attentions=True)
        layers = getattr(found, "attentions", None) or ()
        if not layers or any(w is None or w.shape[2:] != (time, time) for w in layers):
            return None
        (gradient,) = torch.autograd.grad(score(found.logits), layers[-1], allow_unused=True)
    return None if gradient is None else (gradient[0].abs().sum((0, 2)) > 0).tolist()


def _reads(told: list[bool]) -> Literal["first", "last", "mean"] | None:
    """told  of each token, whether its state goes on"""
    if all(told):
        return "mean"
    if sum(told) != 1:
        return None
    return "first" if told[0] else "last" if told[-1] else None
