"""Explained examples of the front page: made once by the zoo's models and kept with them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dlexplain.errors import BAD_JSON, BadInput

KINDS = ("picture", "text", "attention", "forecast", "walk", "training")


@dataclass(frozen=True)
class GalleryExample:
    """One example, with all that is drawn and told of it.

    kind      one of KINDS
    page      the page that opens on it, as it lies under pages/, such as explain/1_image
    query     its address there
    models    the fingerprint of each model that made it by its name, {} of a training
    facts     numbers and names, see services.gallery
    pictures  files beside the list of examples
    """

    kind: str
    page: str
    query: Mapping[str, str]
    models: Mapping[str, str]
    facts: Mapping[str, Any]
    pictures: tuple[str, ...] = field(default=())

    def __hash__(self) -> int:
        return hash((self.kind, self.page))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "GalleryExample":
        """Raises BadInput for anything that `to_dict` did not give."""
        try:
            found = cls(**{**given, "pictures": tuple(given["pictures"])})
        except BAD_JSON as error:
            raise BadInput(f"an example of the gallery is damaged: {error}") from error
        if found.kind not in KINDS:
            raise BadInput(
                f'the kind of an example is "{found.kind}"; {", ".join(KINDS)} are known'
            )
        return found
