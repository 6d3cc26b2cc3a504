"""Text classification: tweets in minutes, SST-2 for the zoo."""

from typing import Any

from dlexplain.params import Value
from dlexplain.services.training.presets.base import add_preset

add_preset(
    "tweets-cnn",
    "Tweets, sentence CNN",
    "Negative, neutral or positive; noisy labels. Always there.",
    case="Text classification",
    zoo=True,
    task="classify-text", model="text-cnn", data="tweets",
    model_params={"embedding": 64, "features": 64},
    task_params={"longest": 48, "vocabulary": 10_000},
    training={"epochs": 4, "batch_size": 128, "learning_rate": 3e-3, "weight_decay": 0.01,
              "precision": "float32"},
)  # fmt: skip
SST2: dict[str, Any] = {
    "task": "classify-text",
    "data": "sst2",
    "case": "Text classification",
    "zoo": True,
}
TRAINING: dict[str, Value] = {
    "epochs": 6,
    "batch_size": 64,
    "weight_decay": 0.05,
    "clip": 1.0,
    "precision": "float32",
}
add_preset(
    "sst2-cnn",
    "SST-2, sentence CNN",
    "Film reviews, by words, pairs and triples of them. MiniLM's word vectors.",
    **SST2,
    model="text-cnn",
    model_params={"vectors": "minilm", "embedding": 128, "features": 64, "widths": "1, 2, 3"},
    task_params={"tokeniser": "minilm"},
    training={**TRAINING, "learning_rate": 1.5e-3},
)
add_preset(
    "sst2-cnn-distilled",
    "SST-2, sentence CNN with a teacher",
    "The same network learns from the answers of sst2-minilm beside the labels; sst2-cnn is the "
    "student alone.",
    **{**SST2, "zoo": False},
    about=240,
    model="text-cnn",
    model_params={"vectors": "minilm", "embedding": 128, "features": 64, "widths": "1, 2, 3"},
    task_params={"tokeniser": "minilm", "teacher": "sst2-minilm", "teacher_share": 0.9,
                 "temperature": 2.0},
    training={**TRAINING, "learning_rate": 1.5e-3},
)  # fmt: skip
add_preset(
    "sst2-lstm-attention",
    "SST-2, LSTM with attention",
    "Film reviews, read in both directions; attention says which words matter. MiniLM's word "
    "vectors.",
    **SST2,
    model="lstm-attention",
    model_params={"vectors": "minilm", "embedding": 128, "hidden": 64},
    task_params={"tokeniser": "minilm"},
    training={**TRAINING, "epochs": 8, "learning_rate": 3e-3},
)
add_preset(
    "sst2-transformer",
    "SST-2, Transformer",
    "Film reviews, a small Transformer encoder from scratch.",
    **SST2,
    model="text-transformer",
    model_params={
        "width": 128,
        "layers": 1,
        "feed_forward": 256,
        "dropout": 0.2,
        "word_dropout": 0.3,
    },
    task_params={"vocabulary": 10_000},
    training={**TRAINING, "learning_rate": 2e-3, "weight_decay": 0.3},
)
add_preset(
    "sst2-minilm",
    "SST-2, MiniLM fine-tuned",
    "Film reviews, a pretrained encoder with low-rank adapters and a new head.",
    **SST2, model="minilm",
    task_params={"tokeniser": "minilm", "label_smoothing": 0.1},
    data_params={"validation": 0.05},
    model_params={"rank": 32, "alpha": 64.0},
    training={"epochs": 6, "batch_size": 32, "learning_rate": 6e-4, "weight_decay": 0.01,
              "clip": 1.0, "averaging": 0.99, "keep_best": False, "schedule": "cosine"},
)  # fmt: skip
