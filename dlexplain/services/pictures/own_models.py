"""A picture classifier that a user brings in Hugging Face's form: read, tried, compared.

Its image processor is not believed but measured: what it makes of plain colours says how it scales
and orders them, what it makes of pictures whether ours sees the same. Detectors and segmenters are
read alike, see services/objects/own.py.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from dlexplain.data.fit import Fit
from dlexplain.data.pictures import read_picture
from dlexplain.data.views import model_view
from dlexplain.errors import ModelError
from dlexplain.networks.base import USERS_OWN, ModelSpec, PicturePreprocessing
from dlexplain.networks.modules.hugging_face_pictures import HuggingFacePictures
from dlexplain.services.own_size import check_finite, check_memory, check_size
from dlexplain.trained.hub import model_folder
from dlexplain.trained.hugging_face import check_architecture, check_folder, foreign_model

TASK = "classify-image"
READERS = {
    TASK: "AutoModelForImageClassification",
    "detect-objects": "AutoModelForObjectDetection",
    "segment-picture": "AutoModelForSemanticSegmentation",
}
"""The class of transformers that reads a model for the task."""
LARGEST = 2048
"""Pixels of a side that a model may take."""
TOLERANCE = 1e-4
"""Of the largest logit: rounding is a hundredth of it."""
WHOLE = 384
"""Pixels of a side from which on processors with a crop_pct cut nothing out."""
RESAMPLE = {2: "bilinear", 3: "bicubic"}
PLAIN = np.eye(4, 3, k=-1, dtype=np.uint8) * 255  # black, red, green, blue
TOLD = 0.01
"""Of the largest logit: from here on it is told that its own processor resizes otherwise."""


@dataclass(frozen=True)
class Processed:
    """How its own processor prepares a picture.

    side, resize  of the square, and of the short side before it is cut out; equal where nothing is
    fit           whether a square is cut out or the picture is squashed into it
    """

    side: int
    resize: int
    fit: str
    resample: str
    matrix: Tensor
    offset: Tensor


@dataclass(frozen=True, eq=False)
class OwnPictureModel:
    """A user's picture classifier as it was read and checked.

    notes  what is to be told of how it differs from what its own library does
    """

    network: HuggingFacePictures
    config: Any
    how: Processed
    notes: tuple[str, ...]


def checked_pictures(name: str) -> OwnPictureModel:
    """From a folder or the hub; raises UnknownName or ModelError, one sentence."""
    with foreign_model(name):
        config, processor, model = read_own(name, TASK)
        how = processed(processor, int(getattr(config, "num_channels", 3)), name)
        network = HuggingFacePictures(model, how.matrix, how.offset).eval()
        return OwnPictureModel(network, config, how, _check(network, model, processor, how, name))


def own_picture_spec(name: str) -> ModelSpec:
    """Of one as `checked_pictures` reads it."""
    own = checked_pictures(name)
    return spec_of(name, TASK, own.network, own.how, labels_of(own.config), own.notes)


def labels_of(config: Any) -> tuple[str, ...]:
    """In the order of the outputs."""
    return tuple(str(config.id2label.get(i, f"LABEL_{i}")) for i in range(config.num_labels))


def spec_of(
    name: str,
    task: str,
    network: nn.Module,
    how: Processed,
    labels: tuple[str, ...],
    notes: tuple[str, ...],
) -> ModelSpec:
    """Of a network that takes pixels from 0 to 1, in the square that its processor makes."""
    return ModelSpec(
        name=name,
        title=Path(name).name,
        task=task,
        modality="image",
        input_shape=(3, how.side, how.side),
        labels=Path(name).name,
        preprocessing=PicturePreprocessing(how.resize, how.side, 0.0, 255.0, how.resample, how.fit),
        paper="",
        licence=USERS_OWN,
        module=lambda: network,
        classes=labels,
        notes=notes,
    )


def read_own(name: str, task: str) -> tuple[Any, Any, Any]:
    """Config, image processor and model of transformers, in float32 and eval mode.

    Raises UnknownName or ModelError, one sentence.
    """
    folder = model_folder(name)
    check_folder(folder, task)
    import transformers

    reader: Any = getattr(transformers, READERS[task])
    source, safe = str(folder), {"trust_remote_code": False, "local_files_only": True}
    with foreign_model(name):
        config = transformers.AutoConfig.from_pretrained(source, **safe)
        check_architecture(config.to_dict(), name, task)
        check_size(config, reader, folder, name)
        processors: Any = transformers.AutoImageProcessor
        processor = processors.from_pretrained(source, **safe)
        model, info = reader.from_pretrained(
            source,
            dtype=torch.float32,
            attn_implementation="eager",
            use_safetensors=True,
            output_loading_info=True,
            **safe,
        )
    missing = sorted(info["missing_keys"])
    if missing:
        raise ModelError(f'the model "{name}" lacks the weights {", ".join(missing[:3])}')
    check_finite(model, name)
    return config, processor, model.eval()


def processed(processor: Any, channels: int, name: str) -> Processed:
    """What its image processor does, measured; raises ModelError where that cannot be repeated."""
    if channels != 3:
        raise ModelError(f'the model "{name}" takes {channels} channels; 3 (RGB) are accepted')
    plain = [np.broadcast_to(colour, (64, 64, 3)) for colour in PLAIN]
    try:
        # One after the other, the middle of each: four whole ones would take 200 MB.
        found = [_middle(by_processor(processor, Image.fromarray(colour))[0]) for colour in plain]
        (high, wide), *_ = (size for size, _ in found)
        black, *colours = (middle for _, middle in found)  # (C,) each
        matrix = torch.stack([colour - black for colour in colours], dim=1)  # (C, 3)
    except Exception as error:  # a foreign processor may raise whatever
        why = " ".join(str(error).split())
        raise ModelError(f'the image processor of "{name}" fails on a picture: {why}') from error
    if high != wide or not 1 <= high <= LARGEST:
        raise ModelError(
            f'the model "{name}" takes pictures of {wide} x {high} pixels; squares of 1 to '
            f"{LARGEST} are accepted"
        )
    size = getattr(processor, "size", None) or {}
    cropped = bool(getattr(processor, "do_center_crop", False)) and "height" in size
    # One that squashes and then cuts the middle out is told where the picture is no square.
    short = int(size.get("shortest_edge") or (size["height"] if cropped else 0))
    crop_part = float(getattr(processor, "crop_pct", None) or 1)
    whole = crop_part < 1 and short >= WHOLE  # squashed, as ConvNeXT's of large pictures does
    resize = int(short / crop_part)
    cut = resize >= high and not whole
    resample = RESAMPLE.get(int(getattr(processor, "resample", 3) or 3), "bicubic")
    return Processed(
        high, resize if cut else high, "crop" if cut else "squash", resample, matrix, black
    )


def _middle(made: Tensor) -> tuple[tuple[int, int], Tensor]:
    """(height, width) of (C, height, width), and the pixel in its middle, (C,)."""
    high, wide = made.shape[-2:]
    return (high, wide), made[:, high // 2, wide // 2].clone()


def by_processor(processor: Any, image: Image.Image) -> Tensor:
    """(1, C, side, side) as the model's own library prepares it."""
    found: Tensor = processor(images=image, return_tensors="pt")["pixel_values"].float()
    return found


def _check(
    network: HuggingFacePictures, model: Any, processor: Any, how: Processed, name: str
) -> tuple[str, ...]:
    """Ours against its own library's answer, on pictures; what is to be told of a difference.

    Raises ModelError where it answers otherwise for a picture that neither side has to resize.
    """
    check_memory(model, how.side, name)
    square = trial_picture(how.resize, how.resize)
    wide = trial_picture(how.resize * 9 // 7, how.resize)
    with torch.inference_mode():
        try:
            seen = [by_processor(processor, image) for image in (square, wide)]
            own = [model(pixel_values=x).logits for x in seen]
            inputs = [by_us(image, how) for image in (square, wide)]
            ours = [network(x) for x in inputs]
            together = network(torch.cat([inputs[0], inputs[0]]))
        except Exception as error:  # whatever a model's own code raises
            why = " ".join(str(error).split())
            raise ModelError(f'the model "{name}" fails on a picture: {why}') from error
    count = int(model.config.num_labels)
    if tuple(ours[0].shape) != (1, count):
        raise ModelError(
            f'the model "{name}" gives {tuple(ours[0].shape)} for one picture; (1, {count}), a '
            "score a class, is accepted"
        )
    off = [difference(a, b) for a, b in zip(ours, own, strict=True)]
    if off[0] > TOLERANCE:
        raise ModelError(
            f'the image processor of "{name}" does more than to resize, to cut out and to scale: '
            f"its answers differ by {off[0]:.1%}, so what is explained would be another model"
        )
    if difference(together[:1], ours[0]) > TOLERANCE:
        raise ModelError(f'the model "{name}" answers otherwise for a picture in a batch')
    resized = f"its own processor resizes otherwise, which moves its scores by {off[1]:.1%}"
    return (resized,) if off[1] > TOLD else ()


def trial_picture(width: int, height: int) -> Image.Image:
    """A smooth one of random colours, the same at each call."""
    coarse = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def by_us(image: Image.Image, how: Processed) -> Tensor:
    """(1, 3, side, side) from 0 to 1, as pages and methods give it to the network."""
    picture = replace(read_picture(image), fit=Fit(how.fit))
    view = model_view(picture, how.resize, how.side, resample=how.resample)
    return torch.from_numpy(view.astype(np.float32).transpose(2, 0, 1))[None] / 255


def difference(found: Tensor, expected: Tensor) -> float:
    """The largest, relative to the largest logit expected."""
    return float((found - expected).abs().max() / expected.abs().max().clamp_min(1e-6))
