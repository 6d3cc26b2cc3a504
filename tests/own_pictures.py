"""Small picture classifiers of transformers' own classes with random weights, saved as users do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers as hf

SIDE = 64
LABELS = {0: "cat", 1: "dog", 2: "<b>bird</b>"}
CLASSES: dict[str, Any] = {
    "num_labels": 3,
    "id2label": LABELS,
    "label2id": {label: index for index, label in LABELS.items()},
}
BLOCKS = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "image_size": SIDE, "patch_size": 16, **CLASSES,
}  # fmt: skip
EXACT = {"height": SIDE, "width": SIDE}
CUT = {"size": {"shortest_edge": 72}, "crop_size": EXACT}


def _dinov2() -> tuple[Any, Any]:
    config = hf.Dinov2WithRegistersConfig(**BLOCKS, num_register_tokens=4)
    return hf.Dinov2WithRegistersForImageClassification(config), hf.BitImageProcessor(**CUT)


def _mobilevit() -> tuple[Any, Any]:
    config = hf.MobileViTConfig(
        image_size=SIDE, hidden_sizes=[16, 24, 32], neck_hidden_sizes=[8, 8, 16, 16, 24, 32, 64],
        **CLASSES,
    )  # fmt: skip
    return hf.MobileViTForImageClassification(config), hf.MobileViTImageProcessor(**CUT)


def _efficientnet() -> tuple[Any, Any]:
    config = hf.EfficientNetConfig(
        image_size=SIDE, width_coefficient=0.25, depth_coefficient=0.25, hidden_dim=320, **CLASSES
    )
    return hf.EfficientNetForImageClassification(config), hf.EfficientNetImageProcessor(size=EXACT)


def _swin() -> tuple[Any, Any]:
    config = hf.SwinConfig(
        image_size=SIDE, patch_size=4, embed_dim=16, depths=[2, 2], num_heads=[2, 4],
        window_size=4, **CLASSES,
    )  # fmt: skip
    return hf.SwinForImageClassification(config), hf.ViTImageProcessor(size=EXACT)


def _convnext() -> tuple[Any, Any]:
    config = hf.ConvNextConfig(hidden_sizes=[8, 16, 32, 64], depths=[1, 1, 1, 1], **CLASSES)
    processor = hf.ConvNextImageProcessor(size={"shortest_edge": SIDE})
    return hf.ConvNextForImageClassification(config), processor


def _resnet() -> tuple[Any, Any]:
    config = hf.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 32, 64], depths=[1, 1, 1, 1], layer_type="basic",
        **CLASSES,
    )  # fmt: skip
    processor = hf.ConvNextImageProcessor(size={"shortest_edge": SIDE}, crop_pct=0.875)
    return hf.ResNetForImageClassification(config), processor


MADE: dict[str, Callable[[], tuple[Any, Any]]] = {
    "vit": lambda: (
        hf.ViTForImageClassification(hf.ViTConfig(**BLOCKS)),
        hf.ViTImageProcessor(size=EXACT),
    ),
    "deit": lambda: (
        hf.DeiTForImageClassification(hf.DeiTConfig(**BLOCKS)),
        hf.DeiTImageProcessor(size={"height": 72, "width": 72}, crop_size=EXACT),
    ),
    "beit": lambda: (
        hf.BeitForImageClassification(hf.BeitConfig(**BLOCKS)),
        hf.BeitImageProcessor(size=EXACT, do_center_crop=False),
    ),
    "swin": _swin,
    "convnext": _convnext,
    "dinov2": _dinov2,
    "resnet": _resnet,
    "mobilevit": _mobilevit,
    "efficientnet": _efficientnet,
}


def save(kind: str, folder: Path) -> Any:
    """Save one with its processor, and return the model; its scores differ from class to class."""
    torch.manual_seed(0)
    model, processor = MADE[kind]()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                torch.nn.init.kaiming_uniform_(weight, nonlinearity="relu")
            elif "classifier" in name:
                weight.zero_()
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return model
