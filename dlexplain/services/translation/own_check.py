"""Whether a user's own translator, as it is called here, writes as transformers' generate does."""

from typing import Any

import torch
from torch import Tensor

from dlexplain.errors import ModelError, said_by
from dlexplain.networks.modules.hugging_face_translator import HuggingFaceTranslator, OwnMarks
from dlexplain.networks.modules.translator import BOS, PAD
from dlexplain.services.texts.own_limits import ordinary_ids
from dlexplain.services.texts.own_reading import OwnModel

TOLERANCE = 1e-4
"""Of the largest logit: rounding is a hundredth of it."""
WORDS = (3, 7)
"""Of the two sentences that are translated."""
WRITTEN = 12
"""Tokens of each translation at most."""


def check_translator(
    own: OwnModel, network: HuggingFaceTranslator, marks: OwnMarks, reach: int, name: str
) -> None:
    """Raises ModelError, one sentence, where the network answers otherwise than the model itself.

    Compared are the logits of the first step, the greedy translation of two sentences, the logits
    of each of its tokens by teacher forcing, and the same step by step; and the weights of the
    attention to the source are there and sum to 1.
    """
    try:
        with torch.no_grad():
            for ids in _sentences(own):
                _check(own.model, network, marks, ids, min(WRITTEN, reach - 1), name)
    except ModelError:
        raise
    except Exception as error:  # whatever a model's own code raises
        raise ModelError(
            f'the model "{name}" fails on a text of its own words: {said_by(error)}'
        ) from error


def _sentences(own: OwnModel) -> list[Tensor]:
    """(time,) ids each, of words from all over the vocabulary."""
    words = [t for t in ordinary_ids(own.tokeniser) if t != own.padding] or [own.frame.word]
    rows = own.model.get_encoder().get_input_embeddings().weight.shape[0]
    words = [word for word in words if word < rows]
    room = own.longest - own.frame.marks
    spread = [words[place * len(words) // 16 % len(words)] for place in range(16)]
    bodies = [spread[count : count + min(count, room)] for count in WORDS]
    return [torch.tensor([*own.frame.before, *body, *own.frame.after]) for body in bodies]


def _check(
    model: Any,
    network: HuggingFaceTranslator,
    marks: OwnMarks,
    ids: Tensor,
    count: int,
    name: str,
) -> None:
    source = torch.tensor([marks.here(ids.tolist())])
    opening = torch.tensor([marks.opening])
    plain = _plain(model, ids, opening)[0, -1]
    if not bool(plain.isfinite().all()):
        raise ModelError(
            f'the model "{name}" answers a text of its own words with no number (NaN or infinity)'
        )
    _same(network(source, torch.tensor([[BOS]]))[0, 0], plain, network, "by itself", name)
    theirs = _generated(model, ids, marks, count)
    if not theirs:
        raise ModelError(f'the model "{name}" writes nothing for a text of its own words')
    whole = _plain(model, ids, torch.cat([opening, torch.tensor([theirs])], 1))
    whole = whole[0, len(marks.opening) - 1 : -1]  # (written, vocabulary)
    target = torch.tensor([[BOS, *marks.here(theirs)]])
    ours = network(source, target[:, :-1])[0]
    memory, state, last = network.encode(source), network.start({}), target[:, 0]
    for place, token in enumerate(target[0, 1:]):
        _same(ours[place], whole[place], network, "over a whole translation", name)
        step, state = network.step(last, memory, state)
        _same(step[0], whole[place].log_softmax(-1), network, "token by token", name)
        allowed = step[0].clone()
        allowed[[PAD, BOS]] = float("-inf")
        if float(allowed.max() - allowed[token]) > TOLERANCE * float(whole[place].abs().max()):
            raise ModelError(
                f'the model "{name}" writes another token {place + 1} by transformers\' generate '
                "than it writes here, so it cannot be explained rightly"
            )
        last = token[None]
    weights = network.cross_attention(source, target[:, :-1])[0]
    expected = (len(theirs), source.shape[1])
    if weights.shape[2:] != expected or not torch.allclose(
        weights.sum(-1), torch.ones(()), atol=1e-3
    ):
        raise ModelError(
            f'the attention of "{name}" to its source is of shape {tuple(weights.shape)} or does '
            "not sum to 1"
        )


def _plain(model: Any, ids: Tensor, target: Tensor) -> Tensor:
    """(1, T, vocabulary) logits as transformers calls the model."""
    found: Tensor = model(
        input_ids=ids[None],
        attention_mask=torch.ones_like(ids)[None],
        decoder_input_ids=target,
        use_cache=False,
    ).logits
    return found


def _generated(model: Any, ids: Tensor, marks: OwnMarks, count: int) -> list[int]:
    """What generate writes behind the opening, the likeliest token each time; never padding or
    the start."""
    import transformers

    config: Any = transformers.GenerationConfig
    own = model.generation_config
    start, *forced = marks.opening
    banned = {marks.pad, start} - {marks.end}
    asked: dict[str, Any] = {"bad_words_ids": [[token] for token in banned]} if banned else {}
    # Its own settings, such as tokens that may not be repeated, would be taken where none are
    # given, so they are put aside.
    model.generation_config = config(
        max_new_tokens=count + len(forced),
        num_beams=1,
        do_sample=False,
        decoder_start_token_id=start,
        forced_bos_token_id=forced[0] if forced else None,
        eos_token_id=marks.end,
        pad_token_id=marks.pad,
        **asked,
    )
    try:
        found = model.generate(ids[None], attention_mask=torch.ones_like(ids)[None])
    finally:
        model.generation_config = own
    return [int(token) for token in found[0, len(marks.opening) :]]


def _same(here: Tensor, plain: Tensor, network: HuggingFaceTranslator, way: str, name: str) -> None:
    """here (vocabulary here,), plain (the model's,)"""
    columns = network.own[: len(here)][~network.never]
    ours, expected = here[~network.never], plain[columns]
    if not torch.allclose(
        ours, expected, rtol=0, atol=TOLERANCE * float(plain.abs().max().clamp_min(1))
    ):
        raise ModelError(
            f'the model "{name}" answers otherwise here than {way}: the scores of its tokens '
            f"differ by {float((ours - expected).abs().max()):.3g}, so it cannot be explained "
            "rightly"
        )
