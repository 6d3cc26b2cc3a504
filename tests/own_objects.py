"""Small detectors and segmenters of transformers' own classes with random weights, saved as users
do."""

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
QUERIES = 9
"""A square, which must not be taken for a grid of places."""
EDGES = {"shortest_edge": SIDE, "longest_edge": 2 * SIDE}
EXACT = {"height": SIDE, "width": SIDE}


def _detr() -> tuple[Any, Any]:
    backbone = hf.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 16, 24], depths=[1, 1, 1, 1], layer_type="basic",
        out_features=["stage3"],
    )  # fmt: skip
    config = hf.DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None,
        backbone_config=backbone, num_queries=QUERIES, d_model=32, encoder_layers=2,
        decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
        encoder_ffn_dim=32, decoder_ffn_dim=32, **CLASSES,
    )  # fmt: skip
    return hf.DetrForObjectDetection(config), hf.DetrImageProcessor(size=EDGES)


def _yolos() -> tuple[Any, Any]:
    config = hf.YolosConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32,
        image_size=[SIDE, SIDE], patch_size=16, num_detection_tokens=QUERIES, **CLASSES,
    )  # fmt: skip
    return hf.YolosForObjectDetection(config), hf.YolosImageProcessor(size=EDGES)


def _segformer() -> tuple[Any, Any]:
    config = hf.SegformerConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[8, 16, 24, 32], num_attention_heads=[1, 2, 2, 4],
        decoder_hidden_size=32, **CLASSES,
    )  # fmt: skip
    return hf.SegformerForSemanticSegmentation(config), hf.SegformerImageProcessor(size=EXACT)


def _mobilenet() -> tuple[Any, Any]:
    config = hf.MobileNetV2Config(depth_multiplier=0.35, image_size=SIDE, **CLASSES)
    processor = hf.MobileNetV2ImageProcessor(size={"shortest_edge": 72}, crop_size=EXACT)
    return hf.MobileNetV2ForSemanticSegmentation(config), processor


DETECTORS: dict[str, Callable[[], tuple[Any, Any]]] = {"detr": _detr, "yolos": _yolos}
SEGMENTERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "segformer": _segformer,
    "mobilenet": _mobilenet,
}
MADE = DETECTORS | SEGMENTERS


def save(kind: str, folder: Path) -> Any:
    """Save one with its processor, and return the model; its scores differ from place to place."""
    torch.manual_seed(0)
    model, processor = MADE[kind]()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                torch.nn.init.kaiming_uniform_(weight, nonlinearity="relu")
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return model
