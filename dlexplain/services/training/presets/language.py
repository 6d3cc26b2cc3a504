"""Language models: the article's third case, text generation."""

from typing import Any

from dlexplain.params import Value
from dlexplain.services.training.presets.base import add_preset

add_preset(
    "shakespeare-lstm",
    "Shakespeare, LSTM",
    "Learns to write in the manner of Shakespeare's comedies from byte pairs.",
    case="Text generation",
    zoo=True,
    task="language-model", model="rnn-lm", data="shakespeare",
    data_params={"plays": "comedies", "tokeniser": "bpe", "size": 2000},
    model_params={"cell": "lstm", "layers": 1, "embedding": 256, "units": 256, "dropout": 0.3},
    task_params={"time": 50},
    training={"epochs": 8, "batch_size": 32, "learning_rate": 4e-3, "weight_decay": 0.01,
              "clip": 1.0, "schedule": "one-cycle"},
)  # fmt: skip
PTB: dict[str, Any] = {
    "task": "language-model",
    "data": "ptb",
    "case": "Text generation",
    "zoo": True,
}
PTB_TRAINING: dict[str, Value] = {
    "optimiser": "adamw",
    "batch_size": 32,
    "weight_decay": 0.02,
    "clip": 1.0,
    "schedule": "one-cycle",
}
add_preset(
    "ptb-lstm",
    "Penn Treebank, LSTM",
    "Two layers of 400 with tied output and dropout, as Zaremba 2014 but smaller. Faster on "
    "cores that know bf16.",
    **PTB,
    model="rnn-lm",
    model_params={"cell": "lstm", "layers": 2, "embedding": 400, "units": 400, "dropout": 0.45},
    task_params={"time": 35},
    training={**PTB_TRAINING, "epochs": 20, "learning_rate": 2.5e-3},
)
add_preset(
    "ptb-gru",
    "Penn Treebank, GRU",
    "Two layers of 288 with tied output and dropout. Faster on cores that know bf16.",
    **PTB,
    model="rnn-lm",
    model_params={"cell": "gru", "layers": 2, "embedding": 288, "units": 288, "dropout": 0.35},
    task_params={"time": 35},
    training={**PTB_TRAINING, "epochs": 10, "learning_rate": 2.5e-3},
)
add_preset(
    "ptb-rnn",
    "Penn Treebank, Elman's network",
    "One layer of 240 tanh units with tied output and dropout. Faster on cores that know bf16.",
    **PTB,
    model="rnn-lm",
    model_params={"cell": "rnn", "layers": 1, "embedding": 240, "units": 240, "dropout": 0.25},
    task_params={"time": 20},
    training={**PTB_TRAINING, "epochs": 8, "batch_size": 48, "learning_rate": 2e-3, "clip": 0.5},
)
add_preset(
    "ptb-rnn-distilled",
    "Penn Treebank, Elman's network with a teacher",
    "The same network learns from the answers of ptb-lstm beside the words that came; ptb-rnn is "
    "the student alone.",
    **{**PTB, "zoo": False},
    about=5400,
    model="rnn-lm",
    model_params={"cell": "rnn", "layers": 1, "embedding": 240, "units": 240, "dropout": 0.25},
    task_params={"time": 20, "teacher": "ptb-lstm", "teacher_share": 0.5},
    training={**PTB_TRAINING, "epochs": 8, "batch_size": 48, "learning_rate": 2e-3, "clip": 0.5},
)
add_preset(
    "ptb-transformer",
    "Penn Treebank, Transformer",
    "Four layers of attention over the last 128 words, decoder only, with tied output and "
    "dropout. Faster on cores that know bf16.",
    **PTB,
    model="transformer-lm",
    model_params={"layers": 4, "size": 192, "heads": 4, "context": 128, "dropout": 0.2},
    task_params={"time": 64},
    training={
        **PTB_TRAINING,
        "epochs": 10,
        "batch_size": 16,
        "learning_rate": 1.5e-3,
        "weight_decay": 0.05,
    },
)


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
