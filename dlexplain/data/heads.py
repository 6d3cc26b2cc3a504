"""Data with several labels an example: which of them are learned, by one network or alone."""

from collections.abc import Collection
from dataclasses import replace

from dlexplain.data.base import UNKNOWN, PictureData, Pictures
from dlexplain.data.texts import TextData, Texts
from dlexplain.errors import DataError, known_names

ONE_LABEL = "The one that a classifier learns; several tasks at once learn several."
"""What the parameter `head` of every data set with several labels is for."""


def chosen_heads(wanted: str, known: Collection[str]) -> tuple[str, ...]:
    """The names in a text with commas between, all where it is empty.

    Raises DataError for one that the data do not have, and for one that is named twice.
    """
    names = tuple(filter(None, (name.strip() for name in wanted.split(","))))
    for name in names:
        if name not in known:
            raise DataError(f'heads is "{wanted}"; {known_names(name, list(known))}')
        if names.count(name) > 1:
            raise DataError(f'heads is "{wanted}"; "{name}" is named twice')
    return names or tuple(known)


def of_head(data: PictureData, head: str) -> PictureData:
    """The same with the labels and the classes of one of its heads."""
    place = list(data.heads).index(head)

    def part(pictures: Pictures) -> Pictures:
        assert pictures.heads is not None
        return replace(pictures, labels=pictures.heads[:, place].copy())

    return replace(
        data,
        train=part(data.train),
        validation=part(data.validation),
        test=part(data.test),
        classes=data.heads[head],
    )


def texts_of_head(data: TextData, head: str) -> TextData:
    """The same for texts; those without this label are left out."""
    place = list(data.heads).index(head)

    def part(texts: Texts) -> Texts:
        assert texts.heads is not None
        labels = texts.heads[:, place]
        found = replace(texts, labels=labels)
        return found.take((labels != UNKNOWN).nonzero()[0])

    return replace(
        data,
        train=part(data.train),
        validation=part(data.validation),
        test=part(data.test),
        classes=data.heads[head],
    )
