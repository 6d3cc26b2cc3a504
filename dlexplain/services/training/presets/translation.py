"""Translation: dates in seconds, Multi30k for the zoo."""

from dlexplain.services.training.presets.base import add_preset

add_preset(
    "dates-gru-attention",
    "Dates into ISO 8601",
    "A GRU with attention reads English dates by characters and writes 1987-05-03; the alignment "
    "shows what it looks at.",
    case="Translation",
    zoo=True,
    task="translate", model="gru-attention", data="dates",
    task_params={"tokens": "character", "vocabulary": 100, "joint": False, "label_smoothing": 0.0,
                 "beam": 1},
    model_params={"embedding": 32, "hidden": 96, "dropout": 0.1},
    training={"epochs": 4, "batch_size": 64, "learning_rate": 4e-3, "clip": 1.0,
              "precision": "float32"},
)  # fmt: skip
add_preset(
    "multi30k-transformer",
    "Multi30k, English to German, Transformer",
    "An encoder and a decoder of three layers each, 6,000 byte pairs for both languages.",
    case="Translation",
    zoo=True,
    task="translate", model="transformer-translator", data="multi30k",
    task_params={"vocabulary": 6000},
    model_params={"width": 256, "layers": 3, "heads": 8, "feed_forward": 512, "dropout": 0.2},
    training={"epochs": 10, "batch_size": 64, "learning_rate": 8e-4, "clip": 1.0,
              "averaging": 0.995, "keep_best": False},
)  # fmt: skip
add_preset(
    "multi30k-gru-attention",
    "Multi30k, English to German, GRU with attention",
    "Bahdanau's model of 2015: a bidirectional GRU reads, a GRU with additive attention writes.",
    case="Translation",
    zoo=True,
    task="translate", model="gru-attention", data="multi30k",
    task_params={"vocabulary": 6000},
    model_params={"embedding": 256, "hidden": 256, "dropout": 0.3},
    training={"epochs": 12, "batch_size": 128, "learning_rate": 2e-3, "clip": 1.0,
              "averaging": 0.995, "keep_best": False},
)  # fmt: skip
