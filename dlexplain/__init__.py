"""dlexplain: why a deep-learning model said what it said.

    import dlexplain as dx
    model = dx.load("efficientnet-lite0")
    dx.predict(model, "cat.jpg").scores[0]
    dx.explain(model, "cat.jpg", method="grad-cam", target=281).plot()
    dx.explain("sst2-minilm", "A warm and clever film.").plot()
    dx.train("digits-cnn", wait=True).metrics
    dx.generate("shakespeare-lstm", "HELENA").text
    dx.explain("macrodata-lstm", origin="2005-01").plot()

Names are imported when they are first used, so that pages without torch do not pay for it.
"""

import importlib
import warnings
from typing import Any

_HOMES = {
    "AttackResult": "dlexplain.results",
    "AttentionMaps": "dlexplain.results",
    "Attribution": "dlexplain.results",
    "Box": "dlexplain.results",
    "CertifiedAccuracy": "dlexplain.results",
    "ClassName": "dlexplain.results",
    "ClassScore": "dlexplain.results",
    "ClassifierCalibration": "dlexplain.results",
    "Compression": "dlexplain.results",
    "Detection": "dlexplain.results",
    "Film": "dlexplain.results",
    "DlexplainError": "dlexplain.errors",
    "OutOfDistribution": "dlexplain.results",
    "PictureAttention": "dlexplain.results",
    "Picture": "dlexplain.data.pictures",
    "Prediction": "dlexplain.results",
    "Progress": "dlexplain.explainers.progress",
    "Region": "dlexplain.results",
    "Report": "dlexplain.results.reports",
    "RunRecord": "dlexplain.results",
    "RunSpec": "dlexplain.execution.spec",
    "Segmentation": "dlexplain.results",
    "SeriesAttackResult": "dlexplain.results",
    "Sweep": "dlexplain.results",
    "TextAttackResult": "dlexplain.results",
    "attack": "dlexplain.services.attack.attacking",
    "attack_many": "dlexplain.services.many.attacking",
    "attention": "dlexplain.services.models",
    "backtest": "dlexplain.services.forecast.backtesting",
    "calibration": "dlexplain.services.reliability.calibration",
    "compress": "dlexplain.services.training.compression_runs",
    "compare_models": "dlexplain.services.comparing.comparing",
    "cross_attention": "dlexplain.services.translation.translating",
    "explain": "dlexplain.services.models",
    "explain_folder": "dlexplain.services.pictures.folder",
    "explain_many": "dlexplain.services.many.explaining",
    "export": "dlexplain.services.compress.exporting",
    "feature_maps": "dlexplain.services.layers.feature_maps",
    "film": "dlexplain.services.film",
    "forecast": "dlexplain.services.forecast.forecasting",
    "generate": "dlexplain.services.writing.writing",
    "layers": "dlexplain.services.layers.listing",
    "load": "dlexplain.services.models",
    "measure_compression": "dlexplain.services.compress.measuring",
    "methods": "dlexplain.services.models",
    "models": "dlexplain.services.models",
    "out_of_distribution": "dlexplain.services.reliability.out_of_distribution",
    "predict": "dlexplain.services.models",
    "maximise_activation": "dlexplain.services.layers.activation_maximisation",
    "privacy": "dlexplain.services.privacy.membership",
    "quality": "dlexplain.services.quality.judging",
    "quality_many": "dlexplain.services.many.measuring",
    "read_picture": "dlexplain.data.pictures",
    "read_sample": "dlexplain.data.samples",
    "receptive_field": "dlexplain.services.layers.receptive_fields",
    "reconstruct": "dlexplain.services.latent.codes",
    "report": "dlexplain.services.reporting.making",
    "robustness": "dlexplain.services.attack.robustness",
    "run": "dlexplain.services.training.runs",
    "runs": "dlexplain.services.training.runs",
    "sample": "dlexplain.services.latent.sampling",
    "show": "dlexplain.ui.showing",
    "smoothing": "dlexplain.services.reliability.smoothing",
    "step_through": "dlexplain.services.layers.stepping",
    "sweep": "dlexplain.services.sweeps.sweeping",
    "train": "dlexplain.services.training.runs",
    "translate": "dlexplain.services.translation.translating",
    "trust": "dlexplain.services.quality.trust",
    "wrap": "dlexplain.services.pictures.wrapping",
    "wrap_detector": "dlexplain.services.objects.wrapping",
    "wrap_segmenter": "dlexplain.services.objects.wrapping",
}
_EARLIER = {
    "classify": "predict",
    "classify_text": "predict",
    "explain_series": "explain",
    "explain_text": "explain",
    "preferred_input": "maximise_activation",
    **dict.fromkeys(
        (
            "load_forecaster",
            "load_language_model",
            "load_latent_model",
            "load_model",
            "load_text_model",
            "load_translator",
        ),
        "load",
    ),
}
"""Names until 0.2, and what stands for them now."""
__all__ = sorted(_HOMES)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _EARLIER:
        now = _EARLIER[name]
        warnings.warn(f"dx.{name} is dx.{now} now, and goes in 0.2", DeprecationWarning, 2)
        name = now
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    importlib.import_module("dlexplain.figures")  # so that results can be plotted
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
