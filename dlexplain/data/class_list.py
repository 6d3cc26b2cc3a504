"""The classes that a model tells apart, and how a person may name one; no torch here.

A registered model names its list, such as "imagenet-1k"; a run's classes are those of its card.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dlexplain.errors import TargetError
from dlexplain.params import from_digits
from dlexplain.registry import Registry
from dlexplain.results import ClassName


@dataclass(frozen=True, eq=False)
class ClassList:
    """Classes in the order of a model's outputs.

    title       the whole, in words, such as "10 classes of digits"
    titles      a text for each class, unique among them, for pickers
    accepts     how a class may be named, in words
    find        the class with this index or name; raises TargetError
    definition  what the class with this index is, a sentence, or ""
    """

    title: str
    names: tuple[ClassName, ...]
    titles: tuple[str, ...]
    accepts: str
    find: Callable[[int | str], ClassName]
    definition: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.names)


CLASS_LISTS: Registry[Callable[[], ClassList]] = Registry("class list")


def plain_classes(labels: Sequence[str], of: str) -> ClassList:
    """Classes that have a label each and nothing else; `of` names the data set.

    A class is found by its index, else by its label: as it is written, else in any case.
    """
    names = tuple(ClassName(i, "", label) for i, label in enumerate(labels))
    times = Counter(labels)
    titles = tuple(n.label if times[n.label] == 1 else f"{n.label} ({n.index})" for n in names)
    plural = "class" if len(names) == 1 else "classes"
    accepts = f"an index from 0 to {len(names) - 1} or one of {_some(titles)}"

    def find(wanted: int | str) -> ClassName:
        text = str(wanted).strip()
        place = from_digits(text)
        if str(place) == text and 0 <= place < len(names):
            return names[place]
        for same in (
            [n for n in names if text in (n.label, titles[n.index])],
            [n for n in names if text.casefold() == n.label.casefold()],
        ):
            if len(same) == 1:
                return same[0]
            if same:
                several = ", ".join(f"{n.index} {n.label}" for n in same)
                raise TargetError(
                    f'target "{text}" names several classes, give an index: {several}'
                )
        raise TargetError(f'target "{text}" is no class; accepted: {accepts}')

    return ClassList(
        title=f"{len(names):,} {plural} of {of}",
        names=names,
        titles=titles,
        accepts=accepts,
        find=find,
        definition=lambda index: "",
    )


SHOWN = 20
"""Labels that a sentence lists."""


def _some(titles: Sequence[str]) -> str:
    more = f" and {len(titles) - SHOWN:,} more" if len(titles) > SHOWN else ""
    return ", ".join(titles[:SHOWN]) + more
