"""An encoder-decoder that a user brings in Hugging Face's form: read, tried, compared."""

from typing import Any, NamedTuple

import torch

from dlexplain.data.text_reading import TextReader
from dlexplain.errors import ModelError
from dlexplain.networks.modules.hugging_face_translator import HuggingFaceTranslator, OwnMarks
from dlexplain.services.own_size import check_finite
from dlexplain.services.texts.own_limits import LONGEST, largest
from dlexplain.services.texts.own_reading import OwnModel, read_model, tells_words
from dlexplain.services.translation.own_check import check_translator
from dlexplain.services.translation.own_texts import OwnTexts
from dlexplain.trained.hugging_face import foreign_model

LONGEST_PREFIX = 200
"""Letters of the prefix that a config may name."""


class OwnTranslator(NamedTuple):
    """reach  tokens that its decoder can write at most"""

    network: HuggingFaceTranslator
    texts: OwnTexts
    reach: int


def own_translator(name: str) -> OwnTranslator:
    """From a folder or the hub; raises UnknownName or ModelError, one sentence."""
    with foreign_model(name):
        own = read_model(name, "translate")
        check_finite(own.model, name)
        output = own.model.get_output_embeddings()
        rows = int(getattr(output, "out_features", 0))
        if rows < 1:
            raise ModelError(f'the model "{name}" has no output layer over a vocabulary')
        marks = _marks(own, rows, name)
        network = HuggingFaceTranslator(own.model, marks, rows).eval()
        reach = _reach(own, marks, name)
        check_translator(own, network, marks, reach, name)
        letters = not tells_words(own.tokeniser)
        reader = TextReader(own.tokeniser, own.longest, own.unknown, letters)
        size = len(network.own)
        return OwnTranslator(
            network, OwnTexts(reader, marks, size, _prefix(own.model.config)), reach
        )


def _marks(own: OwnModel, rows: int, name: str) -> OwnMarks:
    """What its generation_config.json, or else its config.json, says; every id is checked."""
    if len(own.ends) != 1:
        raise ModelError(
            f'the model "{name}" has {len(own.ends)} tokens that end a text (eos_token_id); one is '
            "accepted"
        )
    (end,) = own.ends
    starts = [_said(own.model, key) for key in ("decoder_start_token_id", "bos_token_id")]
    start = next((token for token in starts if token is not None), None)
    if start is None:
        raise ModelError(
            f'the model "{name}" does not say what its decoder starts with (decoder_start_token_id)'
        )
    forced = _said(own.model, "forced_bos_token_id")
    opening = [start, *([] if forced is None else [forced])]
    table = own.model.get_decoder().get_input_embeddings()
    known = min(rows, int(table.weight.shape[0]))
    for token in (*opening, end):
        if not 0 <= token < known:
            raise ModelError(
                f'the decoder of "{name}" is said to need the token {token}; ids from 0 to '
                f"{known - 1} are accepted"
            )
    pad = own.padding if 0 <= own.padding < known else end
    unknown = own.unknown if 0 <= own.unknown < known else -1
    return OwnMarks(pad, end, unknown, tuple(opening))


def _said(model: Any, key: str) -> int | None:
    """A token that the model's generation config names, or else its config; raises ModelError
    where it is no id."""
    configs = (getattr(model, "generation_config", None), model.config)
    found = [value for config in configs if (value := getattr(config, key, None)) is not None]
    if not found:
        return None
    if isinstance(found[0], bool) or not isinstance(found[0], int):
        raise ModelError(f'the config\'s {key} is "{found[0]}"; the id of a token is accepted')
    return found[0]


def _reach(own: OwnModel, marks: OwnMarks, name: str) -> int:
    """Tokens that can be written, tried rather than believed; at most LONGEST."""
    opening = len(marks.opening)
    source = own.frame.ids(own.frame.marks + 1)[None]

    def writes(time: int) -> bool:
        target = torch.full((1, time), own.frame.word)
        target[0, :opening] = torch.tensor(marks.opening)
        try:
            with torch.no_grad():
                own.model(
                    input_ids=source,
                    attention_mask=torch.ones_like(source),
                    decoder_input_ids=target,
                )
        except (IndexError, RuntimeError, ValueError):  # beyond the last position
            return False
        return True

    if not writes(opening + 1):
        raise ModelError(f'the decoder of "{name}" fails on a text of one word')
    claim = getattr(own.model.config, "max_position_embeddings", None)
    most = LONGEST if not isinstance(claim, int) or claim < 1 else min(LONGEST, claim)
    return largest(writes, opening + 1, max(most, opening + 1)) - opening + 1


def _prefix(config: Any) -> str:
    """What is read before a text: that of the first translation among its tasks, as T5 has
    several, or the config's own; "" where it names none."""
    tasks = getattr(config, "task_specific_params", None) or {}
    known = tasks.items() if isinstance(tasks, dict) else ()
    said = [v.get("prefix") for k, v in known if "translation" in str(k) and isinstance(v, dict)]
    found = next((text for text in [*said, getattr(config, "prefix", None)] if text), "")
    return str(found)[:LONGEST_PREFIX]
