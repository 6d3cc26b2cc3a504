"""Classifiers of Hugging Face's transformers that are trained here, built from their config.

Wolf et al., "HuggingFace's Transformers: State-of-the-art Natural Language Processing", 2020,
https://arxiv.org/abs/1910.03771. What the model's own library does before it, resizing a picture,
scaling its colours, marks around a text, is part of the network, so that weights mean what they
meant. No code but transformers' own is run, and no weights are read.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.errors import ParamError
from dlexplain.networks.base import PictureShape, TextShape
from dlexplain.networks.hugging_face import FILE, NAME, Params
from dlexplain.networks.modules.hugging_face_classifier import (
    AttendingClassifier,
    Frame,
    HuggingFaceClassifier,
)
from dlexplain.networks.modules.hugging_face_pictures import HuggingFacePictures
from dlexplain.networks.modules.layers import head_of
from dlexplain.networks.modules.text_shapes import PAD

FOREIGN = ("auto_map", "_name_or_path", "dtype", "torch_dtype", "id2label", "label2id",
           "num_labels", "problem_type", "transformers_version")  # fmt: skip
"""Of a config: code, where it lay, precision, and the classes that it had."""


class OwnPictures(HuggingFacePictures):
    """(batch, 1 or 3, side, side) pixels from 0 to 1, of any side -> (batch, classes) logits.

    resize, side  pixels of a side to which a picture is resized, and of the square that is cut out
                  of its middle, as the model's own image processor does it
    resample      "bicubic" or "bilinear", antialiased where it shrinks
    """

    def __init__(
        self, model: Any, matrix: Tensor, offset: Tensor, resize: int, side: int, resample: str
    ) -> None:
        super().__init__(model, matrix, offset)
        self.resize, self.side, self.resample = resize, side, resample

    def _colours(self, x: Tensor) -> Tensor:
        x = x.expand(-1, 3, -1, -1)  # grey is all three alike
        if x.shape[-1] != self.resize:
            size = (self.resize, self.resize)
            x = F.interpolate(x, size=size, mode=self.resample, antialias=True).clamp(0, 1)
        first = round((self.resize - self.side) / 2)
        x = x[..., first : first + self.side, first : first + self.side]
        return super()._colours(x)


class _ReadsShifted(HuggingFaceClassifier):
    """(batch, time) ids, 0 behind the end, else the model's own plus `first` -> logits.

    first  0 where the model's padding has the id 0, or 1 where that is a token
    """

    first = 0

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self._own(x))

    def embed(self, x: Tensor) -> Tensor:
        return super().embed(self._own(x))

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Texts of each length by themselves; what is masked stands behind their ends."""
        lengths = mask.sum(1)
        if bool((lengths == vectors.shape[1]).all()):
            return super().read_vectors(vectors, mask)
        rows = [(lengths == length).nonzero()[:, 0] for length in sorted(set(lengths.tolist()))]
        parts = []
        for own in rows:
            time = int(lengths[own[0]])
            parts.append(super().read_vectors(vectors[own, :time], mask[own, :time]))
        return torch.cat(parts)[torch.cat(rows).argsort()]

    def _own(self, x: Tensor) -> Tensor:
        # The classifier's own mark for padding is -1.
        return torch.where(x == PAD, -1, x - self.first)


class OwnTexts(_ReadsShifted):
    """One whose attention cannot be seen."""


class AttendingTexts(_ReadsShifted, AttendingClassifier):
    """One whose attention can be seen; see text_shapes.Attends."""


Kind = Literal["pictures", "texts"]


def described(kind: Kind, config: Mapping[str, Any], **how: Any) -> str:
    """The JSON of which `build` makes the network.

    how  of pictures the parameters of OwnPictures; of texts frame (a Frame), padding, together,
         reads ("" where attention cannot be seen) and first
    """
    plain = {key: value for key, value in config.items() if key not in FOREIGN}
    how |= {key: value.tolist() for key, value in how.items() if isinstance(value, Tensor)}
    if kind == "texts":
        how["frame"] = asdict(how["frame"])
    return json.dumps({"kind": kind, "config": plain, **how}, sort_keys=True)


def build(shape: PictureShape | TextShape, params: Params, text: str) -> nn.Module:
    """With fresh weights; raises ParamError where the description is damaged or of another kind."""
    try:
        told = json.loads(text)
        kind = "pictures" if isinstance(shape, PictureShape) else "texts"
        if told["kind"] != kind:
            raise ParamError(f"the {FILE} of {NAME} is of {told['kind']}, not of {kind}")
        model = bare(told["kind"], told["config"], shape.classes)
        return _pictures(model, told) if kind == "pictures" else _texts(model, told)
    except ParamError:
        raise
    except Exception as error:  # a config that is damaged may make transformers raise whatever
        why = " ".join(str(error).split()) or type(error).__name__
        raise ParamError(f"the {FILE} of {NAME} cannot be followed: {why}") from error


def bare(kind: Kind, config: Mapping[str, Any], classes: int) -> Any:
    """transformers' own model of a config, in float32 and with attention that can be seen."""
    import transformers

    how: Any = transformers.CONFIG_MAPPING[config["model_type"]].from_dict(
        {key: value for key, value in config.items() if key not in FOREIGN}
    )
    how.num_labels = classes
    readers: Any = {
        "pictures": transformers.AutoModelForImageClassification,
        "texts": transformers.AutoModelForSequenceClassification,
    }
    return readers[kind].from_config(how, attn_implementation="eager", dtype=torch.float32)


def _pictures(model: Any, told: Mapping[str, Any]) -> OwnPictures:
    matrix, offset = (torch.tensor(told[key], dtype=torch.float32) for key in ("matrix", "offset"))
    how = int(told["resize"]), int(told["side"]), str(told["resample"])
    return OwnPictures(model, matrix, offset, *how)


def _texts(model: Any, told: Mapping[str, Any]) -> _ReadsShifted:
    frame = Frame(**{key: _tuples(value) for key, value in told["frame"].items()})
    found: _ReadsShifted
    if told["reads"]:
        found = AttendingTexts(model, frame, int(told["padding"]), told["reads"])
    else:
        found = OwnTexts(model, frame, int(told["padding"]))
    found.together, found.first = bool(told["together"]), int(told["first"])
    return found


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def outside_head(kind: Kind, config: Mapping[str, Any]) -> list[str]:
    """Names of the weights that depend on the number of classes but are not of the last layer."""
    with torch.device("meta"):
        two, three = (bare(kind, config, classes) for classes in (2, 3))
    last, other = f"{head_of(two).name}.", three.state_dict()
    bound = [name for name, weight in two.state_dict().items() if weight.shape != other[name].shape]
    return [name for name in bound if not name.startswith(last)]
