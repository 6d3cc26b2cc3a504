"""The 1,000 classes of ImageNet (ILSVRC 2012): index, WordNet id, name, definition.

Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", IJCV 2015,
https://arxiv.org/abs/1409.0575. Names and definitions are WordNet's; two pairs of classes share
a name (`crane`, `maillot`), so an index or a WordNet id is the safe way to name a class.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from dlexplain.data.class_list import CLASS_LISTS, ClassList
from dlexplain.errors import TargetError
from dlexplain.params import from_digits
from dlexplain.results import ClassName


@dataclass(frozen=True)
class ImageNetClass:
    """One class; `synonyms` are WordNet's other words for it."""

    name: ClassName
    synonyms: tuple[str, ...]
    definition: str

    @property
    def title(self) -> str:
        """A text that is unique among the classes, for pickers."""
        return f"{self.name.label} ({self.name.index}, {self.name.wnid})"


@cache
def imagenet_classes() -> tuple[ImageNetClass, ...]:
    """All classes; position = index of the model's output."""
    table = resources.files("dlexplain.data") / "imagenet_classes.tsv"
    rows = csv.DictReader(table.read_text("utf-8").splitlines(), delimiter="\t")
    return tuple(
        ImageNetClass(
            ClassName(int(row["index"]), row["wnid"], row["name"]),
            tuple(word for word in row["synonyms"].split(", ") if word),
            row["definition"],
        )
        for row in rows
    )


def find_class(wanted: int | str) -> ClassName:
    """The class with this index, WordNet id, name or synonym (case and underscores ignored).

    Raises TargetError when there is none, or when several classes share the name.
    """
    classes = imagenet_classes()
    text = str(wanted).strip()
    if text.lstrip("+-").isdecimal():
        place = from_digits(text.removeprefix("+"))
        if 0 <= place < len(classes):
            return classes[place].name
        raise TargetError(f"target {text} is no class index; accepted: 0 to {len(classes) - 1}")
    word = text.replace("_", " ").casefold()
    found = [c for c in classes if word in (c.name.wnid, c.name.label.casefold())]
    found = found or [c for c in classes if word in map(str.casefold, c.synonyms)]
    if len(found) == 1:
        return found[0].name
    if found:
        several = "; ".join(f"{c.name.index} {c.name.wnid}, {c.definition}" for c in found)
        raise TargetError(f'target "{text}" names several classes, give an index: {several}')
    near = [c.name.label for c in classes if word and word in c.name.label.casefold()][:5]
    hint = f"; close: {', '.join(near)}" if near else ""
    raise TargetError(f'target "{text}" is no class; accepted: {ACCEPTS}{hint}')


@cache
def imagenet_list() -> ClassList:
    """The classes as a model's list; definitions are WordNet's."""
    classes = imagenet_classes()
    return ClassList(
        title=f"{len(classes):,} ImageNet classes",
        names=tuple(c.name for c in classes),
        titles=tuple(c.title for c in classes),
        accepts=ACCEPTS,
        find=find_class,
        definition=lambda index: classes[index].definition,
    )


ACCEPTS = "an index from 0 to 999, a WordNet id such as n02123045, or a name such as tabby"
CLASS_LISTS.add("imagenet-1k", imagenet_list)
