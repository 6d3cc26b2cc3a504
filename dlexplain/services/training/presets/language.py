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
