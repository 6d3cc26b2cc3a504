"""Pictures: the article's first case."""

from typing import Any

from dlexplain.params import Value
from dlexplain.services.training.presets.base import add_preset

add_preset(
    "digits-cnn",
    "Digits, the article's CNN",
    "Convolution, ReLU, max pooling and dense layers on 1,797 small digits.",
    case="Image classification",
    zoo=True,
    task="classify-image",
    model="cnn",
    data="digits",
    training={"epochs": 30, "batch_size": 64, "learning_rate": 0.01, "precision": "float32"},
    model_params={"blocks": 2},
    augmentation={"shift": 1},
)
add_preset(
    "shapes-cnn",
    "Shapes, the article's CNN",
    "Five coloured shapes on textured ground, whose true mask is known.",
    case="Image classification",
    about=180,
    task="classify-image",
    model="cnn",
    data="shapes",
    training={"epochs": 15, "batch_size": 128, "learning_rate": 3e-3},
    augmentation={"flip": "random", "shift": 2},
)
AIRBENCH: dict[str, Any] = {
    "task": "classify-image",
    "model": "airbench",
    "data": "cifar10",
    "task_params": {"label_smoothing": 0.2, "test_views": "mirrored-shifted"},
}
AIRBENCH_TRAINING: dict[str, Value] = {
    "optimiser": "sgd",
    "momentum": 0.85,
    "weight_decay": 0.00133,
    "norm_bias_rate": 64.0,
    "keep_best": False,
}
"""The rates of arXiv 2404.00498 for a mean loss: 11.5 / (1 + 1 / (1 - 0.85)) = 1.5 at 1,024.
A moving average of the weights stands for its lookahead."""
add_preset(
    "cifar10-quick",
    "CIFAR-10 in minutes",
    "The airbench network, small pictures first. Faster on cores that know bf16.",
    case="Image classification",
    about=900,
    **AIRBENCH,
    data_params={"validation": 0.02},
    # 64 to 256 channels meets a slow kernel for bf16 weight gradients; 192 takes half the time.
    model_params={"deep": 192},
    training={
        **AIRBENCH_TRAINING,
        "epochs": 13,
        "batch_size": 512,
        "learning_rate": 0.75,
        "averaging": 0.98,
    },
    augmentation={"flip": "alternating", "shift": 2, "early_side": 24},
)
add_preset(
    "cifar10-94",
    "CIFAR-10 to 94%",
    "The airbench network as published: for a GPU.",
    case="Image classification",
    about=3600,
    **AIRBENCH,
    data_params={"validation": 0.02},
    training={
        **AIRBENCH_TRAINING,
        "epochs": 12,
        "batch_size": 1024,
        "learning_rate": 1.5,
        "averaging": 0.96,
    },
    augmentation={"flip": "alternating", "shift": 2},
)
RESNET9: dict[str, Any] = {
    "task": "classify-image",
    "model": "resnet9",
    "data": "cifar10",
    "data_params": {"validation": 0.02},
    "model_params": {"width": 64},
}
RESNET9_TRAINING: dict[str, Value] = {
    "batch_size": 256,
    "optimiser": "sgd",
    "learning_rate": 0.2,
    "schedule": "cosine",
    "momentum": 0.9,
    "weight_decay": 0.0005,
    "averaging": 0.995,
    "keep_best": False,
}
add_preset(
    "cifar10-resnet-alone",
    "CIFAR-10, residual network without a teacher",
    "Nine layers, 64 channels and more. Faster on cores that know bf16.",
    case="Image classification",
    about=3600,
    **RESNET9,
    task_params={"label_smoothing": 0.1, "test_views": "mirrored-shifted"},
    training={**RESNET9_TRAINING, "epochs": 20},
    augmentation={"flip": "alternating", "shift": 4, "cutout": 8, "early_side": 24},
)
add_preset(
    "cifar10-efficientnet",
    "CIFAR-10, EfficientNet from ImageNet",
    "Transfer: what was learned on ImageNet learns ten classes in a few epochs. For a GPU.",
    case="Image classification",
    about=7200,
    zoo=True,
    task="classify-image", model="efficientnet", data="cifar10",
    data_params={"validation": 0.02},
    task_params={"test_views": "mirrored"},
    training={
        "epochs": 10, "batch_size": 256, "learning_rate": 8e-4, "schedule": "one-cycle",
        "weight_decay": 0.05, "averaging": 0.998, "keep_best": False,
    },
    augmentation={"flip": "random", "shift": 4, "colour": 0.2, "cutout": 8},
)  # fmt: skip
add_preset(
    "cifar10-resnet",
    "CIFAR-10, residual network",
    "Nine layers that learn from the answers of cifar10-efficientnet, on mixed pictures. "
    "For a GPU.",
    case="Image classification",
    about=23_400,
    zoo=True,
    **RESNET9,
    task_params={
        "teacher": "cifar10-efficientnet", "teacher_share": 0.9, "temperature": 2.0,
        "test_views": "mirrored-shifted",
    },
    training={**RESNET9_TRAINING, "epochs": 80, "batch_size": 512, "learning_rate": 0.3,
              "averaging": 0.998},
    augmentation={"flip": "random", "shift": 4, "cutout": 8, "mixup": 0.5},
)  # fmt: skip
add_preset(
    "cifar10-resnet-robust",
    "CIFAR-10, residual network, adversarially trained",
    "Nine narrow layers that learn from pictures which an attack has moved against them: less "
    "accurate, harder to fool, with clearer maps.",
    case="Image classification",
    zoo=True,
    **{**RESNET9, "model_params": {"width": 24}},
    task_params={"adversary": "pgd", "adversary_budget": 8, "adversary_steps": 1},
    training={**RESNET9_TRAINING, "epochs": 12, "batch_size": 128, "learning_rate": 0.1,
              "averaging": 0.998, "precision": "float32"},
    augmentation={"flip": "random", "shift": 4},
)  # fmt: skip
add_preset(
    "cifar10-vit",
    "CIFAR-10, vision Transformer",
    "Sixty-four patches that look at each other, learning from the answers of cifar10-resnet.",
    case="Image classification",
    zoo=True,
    task="classify-image", model="vit", data="cifar10",
    data_params={"validation": 0.02},
    model_params={"width": 128, "heads": 4, "layers": 6, "feed_forward": 256},
    task_params={
        "teacher": "cifar10-resnet", "teacher_share": 0.9, "teacher_sees": "originals",
        "temperature": 2.0, "test_views": "mirrored-shifted",
    },
    training={
        "epochs": 30, "batch_size": 128, "learning_rate": 1.5e-3, "weight_decay": 0.05,
        "clip": 1.0, "averaging": 0.999, "keep_best": False, "precision": "float32",
    },
    augmentation={"flip": "random", "shift": 4, "early_side": 24},
)  # fmt: skip
ACTIVATIONS = {
    "relu": ("cifar10-cnn", "ReLU, as most do today"),
    "tanh": ("cifar10-cnn-tanh", "tanh, which the article names; compare it with ReLU"),
    "sigmoid": ("cifar10-cnn-sigmoid", "sigmoid, which the article names; compare it with ReLU"),
}
for activation, (name, words) in ACTIVATIONS.items():
    add_preset(
        name,
        f"CIFAR-10, the article's CNN, {activation}",
        f"Three times convolution, {words}, and max pooling, then dense layers. Faster "
        "on cores that know bf16.",
        case="Image classification",
        zoo=True,
        task="classify-image",
        model="cnn",
        data="cifar10",
        model_params={"activation": activation},
        training={"epochs": 12, "batch_size": 128, "learning_rate": 0.005, "weight_decay": 0.01},
        augmentation={"flip": "random", "shift": 2},
    )
add_preset(
    "pictures-resnet",
    "Your own pictures, residual network",
    "Recognises what is on your own pictures: give the path of a folder or ZIP with one folder a "
    "class, as ImageNet is laid out.",
    case="Image recognition",
    task="classify-image",
    model="resnet9",
    data="picture-folder",
    task_params={"label_smoothing": 0.1},
    training={"epochs": 20, "batch_size": 64, "learning_rate": 3e-3, "weight_decay": 0.01},
    augmentation={"flip": "random", "shift": 4, "colour": 0.2},
)
