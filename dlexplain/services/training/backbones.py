"""A model in Hugging Face's form that a run begins with: read, checked, and told in the words of
dlexplain: its weights by the names of networks.modules.backbone, and what builds it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import Tensor, nn

from dlexplain.data.tokenisers import FILE as TOKENISER_FILE
from dlexplain.data.tokenisers import load_tokeniser, one_up
from dlexplain.errors import BadInput, DataError, ModelError
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.hugging_face import FILE
from dlexplain.networks.modules.backbone import Kind, described, outside_head
from dlexplain.networks.modules.hugging_face_classifier import AttendingClassifier
from dlexplain.services.pictures.own_models import Processed, checked_pictures, labels_of
from dlexplain.services.texts.own_check import checked_classifier
from dlexplain.services.texts.own_reading import read_model
from dlexplain.services.training.parents import is_backbone


@dataclass(frozen=True, eq=False)
class Backbone:
    """What a run takes over of a user's own model.

    files  what builds it, and its tokeniser, by file name
    facts  its classes, as a run's card has them; of a text model the most tokens that it reads
    state  every weight and buffer by name, float32
    how    how its library prepares a picture; None of a text model
    """

    name: str
    spec: RunSpec
    files: Mapping[str, str]
    facts: Mapping[str, Any]
    state: Mapping[str, Tensor] = field(repr=False)
    how: Processed | None = None

    def check(self, spec: RunSpec, facts: Mapping[str, Any]) -> None:
        """Raises BadInput where the run gives it what it cannot read."""
        if self.how is not None:
            return
        asked, most = int(facts["longest"]), int(self.facts["longest"])
        if asked > most:
            raise BadInput(f"task: longest is {asked}, but {self.name} reads {most} tokens at most")

    def told(self, facts: Mapping[str, Any]) -> tuple[str, ...]:
        """What its own preparing makes of these data, in sentences."""
        if self.how is None:
            return ("texts are read by its own tokeniser",)
        side, how = facts["side"], self.how
        if side == how.resize == how.side:
            return ()
        cut = f", of which the middle {how.side} × {how.side} are seen"
        return (
            f"as its own library does it, pictures of {side} × {side} are resized to "
            f"{how.resize} × {how.resize}{cut if how.side < how.resize else ''}",
        )


def is_own(spec: RunSpec) -> bool:
    """Whether the run's parent is a user's own model rather than one that was trained here."""
    return is_backbone(spec.parent)


def read_backbone(spec: RunSpec) -> Backbone:
    """The parent of a run; raises UnknownName or ModelError, one sentence."""
    return _pictures(spec) if spec.task == "classify-image" else _texts(spec)


def _pictures(spec: RunSpec) -> Backbone:
    name = spec.parent
    own = checked_pictures(name)
    how, config = own.how, own.config.to_dict()
    _check_head("pictures", config, name)
    text = described(
        "pictures", config, matrix=how.matrix, offset=how.offset, resize=how.resize,
        side=how.side, resample=how.resample,
    )  # fmt: skip
    facts = {"classes": list(labels_of(own.config)), "channels": 3, "side": how.side}
    return Backbone(_called(name), spec, {FILE: text}, facts, _state(own.network), how)


def _texts(spec: RunSpec) -> Backbone:
    name = spec.parent
    own = read_model(name, "classify-text")
    network = checked_classifier(own, name)
    config = own.model.config.to_dict()
    _check_head("texts", config, name)
    if len(own.frame.after) > 1:
        raise ModelError(
            f'the tokenizer of "{name}" puts {len(own.frame.after)} marks behind a text; one at '
            "most is accepted of a model that is trained on"
        )
    first = 0 if own.padding == 0 else 1
    reads = network.reads if isinstance(network, AttendingClassifier) else ""
    text = described(
        "texts", config, frame=own.frame, padding=network.padding, together=network.together,
        reads=reads, first=first,
    )  # fmt: skip
    tokeniser = _tokeniser(own.tokeniser, first, name)
    facts = {
        "classes": list(labels_of(own.model.config)),
        "vocabulary": tokeniser.get_vocab_size(),
        "longest": own.longest,
    }
    files = {FILE: text, TOKENISER_FILE: tokeniser.to_str()}
    return Backbone(_called(name), spec, files, facts, _state(network))


def _tokeniser(own: Tokenizer, first: int, name: str) -> Tokenizer:
    """As a run reads with it: 0 is no token, or padding."""
    try:
        found = one_up(own) if first else load_tokeniser(own.to_str())
    except DataError as error:
        raise ModelError(f'the model "{name}" cannot be trained on: {error}') from error
    found.no_padding()
    found.no_truncation()
    return found


def _check_head(kind: Kind, config: dict[str, Any], name: str) -> None:
    """Raises ModelError where other classes would change more than the last layer."""
    if outside := outside_head(kind, config):
        raise ModelError(
            f'the classes of "{name}" are bound to weights before its last layer ({outside[0]}); '
            "a model whose last layer alone gives the classes is accepted"
        )


def _state(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def _called(name: str) -> str:
    return Path(name).name
