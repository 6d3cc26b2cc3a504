"""Whether a user's own classifier, as it is called here, answers as it does by itself.

It is asked a few texts of its own vocabulary plainly, one at a time, as transformers calls it; then
as here: alone, in a batch of several lengths, and from word vectors. Where padding changes what it
says, it gets none; any other difference is a refusal.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from dlexplain.errors import ModelError, said_by
from dlexplain.networks.modules.hugging_face_classifier import (
    PAD,
    HuggingFaceClassifier,
    own_classifier,
)
from dlexplain.networks.modules.hugging_face_tokens import HuggingFaceLabeller, own_labeller
from dlexplain.services.own_size import check_finite
from dlexplain.services.texts.own_limits import ordinary_ids
from dlexplain.services.texts.own_reading import OwnModel

TOLERANCE = 1e-4
"""Of the largest logit: rounding is a hundredth of it."""
LENGTHS = (1, 2, 5, 9)
"""Words of the texts that are compared."""
STRANGE = "\U000e0041 \N{SNOWMAN}\u0e4f \u16a0\u16a1"
"""Letters that most vocabularies lack."""


def checked_classifier(own: OwnModel, name: str) -> HuggingFaceClassifier:
    """The model as it is called here; raises ModelError, one sentence, where it would answer
    otherwise than by itself."""
    texts, plain = _asked_plainly(own, name, lambda ids: (int(own.model.config.num_labels),))

    def build(padding: int) -> HuggingFaceClassifier:
        network = own_classifier(own.model, own.frame, padding)
        with torch.no_grad():
            _check_alone(own, network, texts, plain, name)
            _check_together(network, texts, plain, name)
        return network

    return _built(own, name, build)


def checked_labeller(own: OwnModel, name: str) -> HuggingFaceLabeller:
    """The same of a token classifier, whose every token's logits are compared."""
    check_finite(own.model, name)
    texts, plain = _asked_plainly(
        own, name, lambda ids: (len(ids), int(own.model.config.num_labels))
    )

    def build(padding: int) -> HuggingFaceLabeller:
        network = own_labeller(own.model, own.frame, padding)
        with torch.no_grad():
            _check_alone(own, network, texts, plain, name)
            for ids, logits in zip(texts, plain, strict=True):
                both = network(torch.stack([ids, ids]))
                if not _same(both, logits.expand(2, -1, -1)):
                    raise ModelError(f'the model "{name}" labels texts otherwise in a batch')
        return network

    return _built(own, name, build)


N = TypeVar("N", bound=HuggingFaceClassifier)


def _asked_plainly(
    own: OwnModel, name: str, shape_of: Callable[[Tensor], tuple[int, ...]]
) -> tuple[list[Tensor], list[Tensor]]:
    """Texts as ids, and the logits that the model itself gives them.

    shape_of  the logits' shape of a text of these ids
    """
    texts = _texts(own)
    try:
        with torch.no_grad():
            plain = [_plain(own, ids) for ids in texts]
    except Exception as error:  # whatever a model's own code raises
        raise ModelError(
            f'the model "{name}" fails on a text of its own words: {said_by(error)}'
        ) from error
    for ids, logits in zip(texts, plain, strict=True):
        _check_outputs(own, logits, shape_of(ids), name)
    return texts, plain


def _built(own: OwnModel, name: str, build: Callable[[int], N]) -> N:
    """What `build` makes of an id for padding, once what every network needs is there."""
    table = own.model.get_input_embeddings()
    if not isinstance(table, nn.Embedding):
        raise ModelError(
            f'the word vectors of "{name}" are made by a {type(table).__name__}; a table with one '
            "for each word (Embedding) is accepted"
        )
    if own.blank < 0:
        raise ModelError(
            f'the tokenizer of "{name}" has no token that can stand for a missing word; a mask, '
            "unknown, padding or end token is accepted"
        )
    try:
        return build(own.padding if own.padding >= 0 else own.blank)
    except ModelError:
        raise
    except Exception as error:  # whatever a model's own code raises
        raise ModelError(
            f'the model "{name}" cannot be asked by its word vectors: {said_by(error)}'
        ) from error


def _texts(own: OwnModel) -> list[Tensor]:
    """(time,) ids each: words from all over the vocabulary, and texts that end in what might be
    taken for padding."""
    words = [token for token in ordinary_ids(own.tokeniser) if token != own.padding]
    words = words or [own.frame.word]
    spread = [words[index * len(words) // 64 % len(words)] for index in range(64)]
    room = own.longest - own.frame.marks
    bodies = [spread[n : n + n] for n in (min(length, room) for length in LENGTHS)]
    risky = [token for token in {0, own.padding} if token >= 0 and _can_be_read(own, token)]
    bodies += [[*spread[20 : 20 + min(3, room - 1)], token] for token in risky]
    frame = own.frame
    return [torch.tensor([*frame.before, *body, *frame.after]) for body in bodies]


def _can_be_read(own: OwnModel, token: int) -> bool:
    """Whether a text can have this token beside its marks."""
    if token in ordinary_ids(own.tokeniser):
        return True
    found = own.tokeniser.encode(STRANGE)
    return any(
        read == token and not mark
        for read, mark in zip(found.ids, found.special_tokens_mask, strict=True)
    )


def _plain(own: OwnModel, ids: Tensor) -> Tensor:
    """(outputs,), or (time, outputs), as the model says by itself."""
    lengths = torch.tensor([len(ids)])
    types = own.frame.types
    more = {} if types is None else {"token_type_ids": own.frame.token_types(lengths, len(ids))}
    found: Any = own.model(input_ids=ids[None], attention_mask=torch.ones_like(ids)[None], **more)
    logits: Tensor = found.logits[0]
    return logits


def _check_outputs(own: OwnModel, logits: Tensor, expected: tuple[int, ...], name: str) -> None:
    classes = int(own.model.config.num_labels)
    if classes < 1:
        raise ModelError(f'the config.json of "{name}" has no labels; at least one is accepted')
    if tuple(logits.shape) != expected:
        of_each = "a token of a text" if len(expected) > 1 else "a text"
        raise ModelError(
            f'the model "{name}" gives numbers of shape {tuple(logits.shape)}; for {of_each} one '
            f"for each of the {classes} classes of its config.json is accepted"
        )
    if not bool(logits.isfinite().all()):
        raise ModelError(
            f'the model "{name}" answers a text of its own words with no number (NaN or infinity)'
        )


def _check_alone(
    own: OwnModel,
    network: HuggingFaceClassifier,
    texts: list[Tensor],
    plain: list[Tensor],
    name: str,
) -> None:
    for ids, logits in zip(texts, plain, strict=True):
        vectors = network.embed(ids[None])
        mask = torch.ones(1, len(ids), dtype=torch.bool)
        ways = {
            "by its ids": network(ids[None])[0],
            "by its word vectors": network.read_vectors(vectors, mask)[0],
        }
        for way, found in ways.items():
            if _same(found, logits):
                continue
            last = int(ids[len(ids) - len(own.frame.after) - 1])
            if last == own.padding:
                raise ModelError(
                    f'the model "{name}" takes "{own.tokeniser.id_to_token(last)}" (id {last}), '
                    "which texts have, for padding and overlooks it at their end; a pad_token_id "
                    "in config.json that no text has is accepted"
                )
            raise ModelError(
                f'the model "{name}" answers a text with {_shown(logits)} and, asked {way}, with '
                f"{_shown(found)}, so it cannot be explained rightly"
            )


def _check_together(
    network: HuggingFaceClassifier, texts: list[Tensor], plain: list[Tensor], name: str
) -> None:
    """Sets `together` where texts of several lengths may be read in one batch."""
    batch = torch.full((len(texts), max(len(ids) for ids in texts)), PAD)
    for row, ids in zip(batch, texts, strict=True):
        row[: len(ids)] = ids
    expected = torch.stack(plain)
    network.together = True
    try:
        found = network(batch)
    except (RuntimeError, ValueError, IndexError):  # it reads no padding
        found = None
    if found is not None and _same(found, expected):
        return
    network.together = False
    found = network(batch)
    if not _same(found, expected):
        raise ModelError(
            f'the model "{name}" answers texts otherwise in a batch than alone: '
            f"{_shown(expected[0])} and {_shown(found[0])}"
        )


def _same(found: Tensor, expected: Tensor) -> bool:
    scale = float(expected.abs().max().clamp_min(1))
    return bool(torch.allclose(found, expected, rtol=0, atol=TOLERANCE * scale))


def _shown(logits: Tensor) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in logits.flatten()[:3].tolist()) + ")"
