"""Series: the article's fourth case."""

from dlexplain.services.presets.base import add_preset

add_preset(
    "macrodata-lstm",
    "US economy, quarterly, LSTM",
    "Output, prices and unemployment, eight quarters ahead. Seconds; a small example, whose test "
    "table shows that an autoregression is hard to beat.",
    case="Time-series forecasting",
    quick=True,
    task="forecast", model="lstm-forecaster", data="macrodata",
    task_params={"window": 12, "horizon": 8},
    training={"epochs": 60, "batch_size": 32, "learning_rate": 3e-3, "weight_decay": 0.01,
              "precision": "float32"},
)  # fmt: skip
add_preset(
    "fred-lstm",
    "US economy, monthly, LSTM",
    "Unemployment, prices, output and employment, twelve months ahead, tested on 2015 to 2021.",
    case="Time-series forecasting",
    quick=True,
    task="forecast", model="lstm-forecaster", data="fred-md",
    task_params={"window": 24, "horizon": 12},
    training={"epochs": 60, "batch_size": 64, "learning_rate": 3e-3, "weight_decay": 0.01,
              "precision": "float32"},
)  # fmt: skip
