"""Labelling the words of a text with a token classifier, and why a word has its label."""

import numpy as np
import torch

from dlexplain.data.text_reading import Reading
from dlexplain.errors import TargetError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value, from_digits
from dlexplain.results import AttentionMaps, LabelledText, TextAttribution
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.texts.attention import attention
from dlexplain.services.texts.changes import word_spans, words_of
from dlexplain.services.texts.explain import explain_text, text_method_infos
from dlexplain.services.texts.models import TextModel
from dlexplain.services.texts.token_models import TokenModel, word_places


@random_state_kept()
def label_words(model: TokenModel, text: str) -> LabelledText:
    """The label of each word, that of its first token, as such models are trained to give it;
    raises TextError."""
    return label_reading(model, model.read(text))


def label_reading(model: TokenModel, reading: Reading) -> LabelledText:
    """The same of a text as the model reads it."""
    places = word_places(reading)
    shares = model.logits(reading).softmax(-1)[torch.from_numpy(places)].cpu().numpy()
    shares.setflags(write=False)
    return LabelledText(
        text=reading.text,
        model=model.name,
        words=words_of(reading),
        offsets=np.array(word_spans(reading), np.int64).reshape(-1, 2),
        places=places,
        classes=model.classes,
        probabilities=shares,
        tokens=int((~reading.special).sum()),
        unknown=reading.unknown,
        left=reading.left,
    )


def label_method_infos(model: TokenModel) -> tuple[MethodInfo, ...]:
    """Every method that explains a token's label, with the defaults that suit the model."""
    return text_method_infos(model.at(0))


def explain_label(
    model: TokenModel,
    text: str | Reading,
    method: str = "integrated-gradients",
    target: int | str | None = None,
    contrast: int | str | None = None,
    progress: Progress | None = None,
    alone: bool = False,
    word: int | str | None = None,
    **params: Value,
) -> TextAttribution:
    """Which tokens speak for a label of one word, that of its first token.

    word  its number in the text, from 0, or the word itself where it occurs once; by default the
          first one that is labelled as something other than "O"

    The others are as in explain_text. The word may itself be taken away, which says how much of
    its label it owes to itself and how much to its neighbours. Raises TargetError where there is
    no such word, and what explain_text raises.
    """
    reading = text if isinstance(text, Reading) else model.read(text)
    asked = of_word(model, reading, word)
    return explain_text(asked, reading, method, target, contrast, progress, alone, **params)


def of_word(model: TokenModel, reading: Reading, word: int | str | None = None) -> TextModel:
    """The text classifier whose classes are the labels of the word; raises TargetError."""
    number = label_reading(model, reading).first_found if word is None else _find(reading, word)
    return model.at(int(word_places(reading)[number]))


def _find(reading: Reading, word: int | str) -> int:
    words, said = words_of(reading), str(word).strip()
    if 0 <= from_digits(said) < len(words):
        return int(said)
    same = [number for number, one in enumerate(words) if one.strip() == said]
    if len(same) == 1:
        return same[0]
    if same:
        numbers = ", ".join(map(str, same))
        raise TargetError(f'the word "{said}" occurs several times, give a number: {numbers}')
    raise TargetError(
        f'word is "{word}"; it takes a number from 0 to {len(words) - 1} or a word of the text'
    )


def label_attention(model: TokenModel, text: str, window: int = 1) -> AttentionMaps:
    """Where each token looks; see services.texts.attention."""
    return attention(model.at(0), text, window)
