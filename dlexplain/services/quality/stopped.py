"""Tables of trust of the home folder that were stopped before their end; no torch."""

from dataclasses import dataclass

from dlexplain.execution import paths
from dlexplain.services.kept import Unfinished, unfinished
from dlexplain.settings import settings


@dataclass(frozen=True)
class Stopped:
    """data, methods, metrics, count, seed  as `trust` takes them
    compared    names of all methods, also where none were given
    done        maps that are judged, of  count  examples by each method
    """

    data: str
    methods: tuple[str, ...]
    metrics: tuple[str, ...]
    count: int
    seed: int
    compared: tuple[str, ...]
    done: int

    @property
    def maps(self) -> int:
        return self.count * len(self.compared)


def stopped(model: str) -> tuple[Stopped, ...]:
    """Those of a model of which something is done, the latest first; damaged ones are left out."""
    left = unfinished(paths.trust_folder(settings().home), paths.trust_in)
    found = (_read(one) for one in left if one.question.get("model") == model)
    return tuple(one for one in found if one is not None)


def _read(left: Unfinished) -> Stopped | None:
    asked = left.asked
    try:
        return Stopped(
            data=str(asked["data"]),
            methods=tuple(map(str, asked["methods"])),
            metrics=tuple(map(str, asked["metrics"])),
            count=int(asked["count"]),
            seed=int(asked["seed"]),
            compared=tuple(map(str, left.question["methods"])),
            done=left.answers,
        )
    except (ValueError, KeyError, TypeError):
        return None
