"""Series: the article's fourth case."""

from typing import Any

from dlexplain.params import Value
from dlexplain.services.training.presets.base import add_preset

add_preset(
    "macrodata-lstm",
    "US economy, quarterly, LSTM",
    "Output, prices and unemployment, eight quarters ahead. A small example, whose test "
    "table shows that an autoregression is hard to beat.",
    case="Time-series forecasting",
    zoo=True,
    task="forecast", model="lstm-forecaster", data="macrodata",
    task_params={"window": 12, "horizon": 8},
    training={"epochs": 60, "batch_size": 32, "learning_rate": 3e-3, "weight_decay": 0.01,
              "precision": "float32"},
)  # fmt: skip
add_preset(
    "macrodata-transformer",
    "US economy, quarterly, Transformer",
    "The same by attention over twelve quarters.",
    case="Time-series forecasting",
    zoo=True,
    task="forecast", model="transformer-forecaster", data="macrodata",
    task_params={"window": 12, "horizon": 8},
    model_params={"width": 16, "heads": 2, "layers": 1, "dropout": 0.3},
    training={"epochs": 60, "batch_size": 32, "learning_rate": 1e-3, "weight_decay": 0.2,
              "precision": "float32"},
)  # fmt: skip
add_preset(
    "macrodata-univariate",
    "US output alone, LSTM",
    "Reads and forecasts the growth of real GDP and nothing else, so that it can be tried on any "
    "quarterly series that it never saw.",
    case="Time-series forecasting",
    about=20,
    task="forecast", model="lstm-forecaster", data="macrodata",
    data_params={"series": "realgdp", "targets": "realgdp"},
    task_params={"window": 12, "horizon": 8},
    training={"epochs": 60, "batch_size": 32, "learning_rate": 3e-3, "weight_decay": 0.01,
              "precision": "float32"},
)  # fmt: skip
FRED: dict[str, Any] = {
    "case": "Time-series forecasting",
    "zoo": True,
    "task": "forecast",
    "data": "fred-md",
}
FRED_TRAINING: dict[str, Value] = {
    "epochs": 40,
    "batch_size": 32,
    "weight_decay": 0.2,
    "precision": "float32",
}
"""Small networks and much dropout, chosen by validation: 500 windows overlap and are soon known
by heart."""
EIGHT = "Eight series, unemployment to share prices, twelve months ahead, tested on 2015 to 2021. "
add_preset(
    "fred-lstm",
    "US economy, monthly, LSTM",
    EIGHT + "Reads 36 months.",
    **FRED,
    model="lstm-forecaster",
    task_params={"window": 36, "horizon": 12},
    model_params={"hidden": 16, "dropout": 0.7},
    training={**FRED_TRAINING, "learning_rate": 1e-3},
)
add_preset(
    "fred-gru",
    "US economy, monthly, GRU",
    EIGHT + "Reads 36 months.",
    **FRED,
    model="gru-forecaster",
    task_params={"window": 36, "horizon": 12},
    model_params={"hidden": 16, "dropout": 0.7},
    training={**FRED_TRAINING, "learning_rate": 1e-3},
)
add_preset(
    "fred-rnn",
    "US economy, monthly, Elman RNN",
    EIGHT + "Reads 24 months: without gates more are no help.",
    **{**FRED, "zoo": False},
    about=30,
    model="rnn-forecaster",
    task_params={"window": 24, "horizon": 12},
    model_params={"hidden": 16, "dropout": 0.5},
    training={**FRED_TRAINING, "learning_rate": 1e-3},
)
add_preset(
    "fred-transformer",
    "US economy, monthly, Transformer",
    EIGHT + "Attends to 24 months at once.",
    **FRED,
    model="transformer-forecaster",
    task_params={"window": 24, "horizon": 12},
    model_params={"width": 16, "heads": 2, "layers": 1, "dropout": 0.3},
    training={**FRED_TRAINING, "learning_rate": 1e-3},
)
add_preset(
    "fred-univariate",
    "US industry alone, monthly, LSTM",
    "Reads and forecasts the growth of industrial production and nothing else, so that it can be "
    "tried on any monthly series that it never saw.",
    **{**FRED, "zoo": False},
    about=30,
    model="lstm-forecaster",
    data_params={"series": "INDPRO", "targets": "INDPRO"},
    task_params={"window": 36, "horizon": 12},
    model_params={"hidden": 16, "dropout": 0.7},
    training={**FRED_TRAINING, "learning_rate": 1e-3},
)
