"""Making pictures: autoencoders, a variational one, GANs, and a classifier of the same digits."""

from typing import Any

from dlexplain.params import Value
from dlexplain.services.training.presets.base import add_preset

add_preset(
    "digits-vae",
    "Digits, variational autoencoder",
    "1,797 small digits become points of a plane of two dimensions.",
    case="Generating pictures",
    about=30,
    task="vae",
    model="vae",
    data="digits",
    model_params={"layers": "dense", "latent": 2, "width": 16},
    training={"epochs": 40, "batch_size": 64, "learning_rate": 3e-3, "precision": "float32"},
)
add_preset(
    "mnist-cnn",
    "MNIST, the article's CNN",
    "5,000 handwritten digits of 28 × 28; it can judge what the models below make.",
    case="Image classification",
    zoo=True,
    task="classify-image",
    model="cnn",
    data="mnist",
    model_params={"width": 16, "dense": 64},
    training={"epochs": 15, "batch_size": 64, "learning_rate": 5e-3, "precision": "float32"},
    augmentation={"shift": 2},
)
add_preset(
    "mnist-cnn-noise",
    "MNIST, the article's CNN under noise",
    "The same digits with noise on them, as randomised smoothing wants its model.",
    case="Image classification",
    zoo=True,
    task="classify-image",
    model="cnn",
    data="mnist",
    model_params={"width": 16, "dense": 64},
    training={"epochs": 15, "batch_size": 64, "learning_rate": 5e-3, "precision": "float32"},
    augmentation={"shift": 2, "noise": 0.25},
)
add_preset(
    "mnist-autoencoder",
    "MNIST, autoencoder",
    "Convolutions squeeze 784 pixels into 32 numbers and make them anew.",
    case="Generating pictures",
    zoo=True,
    task="autoencode",
    model="conv-autoencoder",
    data="mnist",
    model_params={"latent": 32, "width": 16},
    training={
        "epochs": 30,
        "batch_size": 64,
        "learning_rate": 3e-3,
        "weight_decay": 0.0,
        "precision": "float32",
    },
)
add_preset(
    "mnist-denoising",
    "MNIST, denoising autoencoder",
    "Dense layers take noise off digits that they have not seen before.",
    case="Generating pictures",
    about=60,
    task="autoencode", model="mlp-autoencoder", data="mnist",
    task_params={"noise": 0.3},
    training={"epochs": 30, "batch_size": 64, "learning_rate": 2e-3, "weight_decay": 1e-3,
              "precision": "float32"},
)  # fmt: skip
add_preset(
    "mnist-vae",
    "MNIST, variational autoencoder",
    "Digits become normal distributions over 16 numbers, and new digits are drawn.",
    case="Generating pictures",
    zoo=True,
    task="vae", model="vae", data="mnist",
    model_params={"latent": 16, "width": 16},
    training={"epochs": 40, "batch_size": 64, "learning_rate": 3e-3, "weight_decay": 0.0,
              "precision": "float32"},
)  # fmt: skip
GAN: dict[str, Any] = {"case": "Generating pictures", "task": "gan", "model": "dcgan"}
GAN_TRAINING: dict[str, Value] = {
    "optimiser": "adam",
    "momentum": 0.5,
    "weight_decay": 0.0,
    "schedule": "constant",
    "averaging": 0.995,
    "keep_best": False,
    "precision": "float32",
}
"""bf16 takes several times as long here: its transposed convolutions have no fast kernel."""
add_preset(
    "mnist-gan",
    "MNIST, DCGAN",
    "A generator learns to write the digit that it is asked for, so that a discriminator takes it "
    "for real.",
    zoo=True,
    **GAN,
    data="mnist",
    model_params={
        "conditional": True,
        "latent": 64,
        "generator_width": 32,
        "discriminator_width": 32,
    },
    training={**GAN_TRAINING, "epochs": 40, "batch_size": 64, "learning_rate": 1e-3},
)
add_preset(
    "cifar10-gan",
    "CIFAR-10, DCGAN",
    "Small colour pictures of the class that is asked for; blurry, but of many kinds.",
    zoo=True,
    **GAN, data="cifar10",
    task_params={"samples": 5000},
    model_params={"conditional": True, "latent": 128, "generator_width": 48,
                  "discriminator_width": 32},
    training={**GAN_TRAINING, "epochs": 10, "batch_size": 64, "learning_rate": 5e-4,
              "averaging": 0.999},
)  # fmt: skip
