"""dlexplain: why a deep-learning model said what it said.

    import dlexplain as dx
    model = dx.load_model("efficientnet-lite0")
    dx.classify(model, "cat.jpg").scores[0]
    dx.explain(model, "cat.jpg", method="grad-cam", target=281).plot()
    dx.train("digits-cnn", wait=True).metrics
    dx.generate("shakespeare-lstm", "HELENA").text
    dx.forecast("macrodata-lstm", origin="2005-01").plot()

Names are imported when they are first used, so that pages without torch do not pay for it.
"""

import importlib
from types import ModuleType
from typing import Any

_HOMES = {
    "AttentionMaps": "dlexplain.results",
    "Attribution": "dlexplain.results",
    "ClassName": "dlexplain.results",
    "ClassScore": "dlexplain.results",
    "DlexplainError": "dlexplain.errors",
    "Picture": "dlexplain.data.pictures",
    "Prediction": "dlexplain.results",
    "Progress": "dlexplain.explain.progress",
    "RunRecord": "dlexplain.results",
    "RunSpec": "dlexplain.runs.spec",
    "attention": "dlexplain.services.texts.attention",
    "backtest": "dlexplain.services.forecast.backtesting",
    "classify": "dlexplain.services.pictures.classify",
    "classify_text": "dlexplain.services.texts.explain",
    "cross_attention": "dlexplain.services.translation.translating",
    "explain_series": "dlexplain.services.forecast.explain",
    "explain_text": "dlexplain.services.texts.explain",
    "feature_maps": "dlexplain.services.layers.feature_maps",
    "forecast": "dlexplain.services.forecast.forecasting",
    "generate": "dlexplain.services.writing.writing",
    "layers": "dlexplain.services.layers.listing",
    "load_forecaster": "dlexplain.services.forecast.models",
    "load_language_model": "dlexplain.services.writing.models",
    "load_latent_model": "dlexplain.services.latent.models",
    "load_model": "dlexplain.services.pictures.models",
    "load_text_model": "dlexplain.services.texts.models",
    "load_translator": "dlexplain.services.translation.models",
    "method_infos": "dlexplain.services.pictures.explain",
    "model_names": "dlexplain.services.pictures.models",
    "preferred_input": "dlexplain.services.layers.preferred",
    "read_picture": "dlexplain.data.pictures",
    "read_sample": "dlexplain.data.samples",
    "receptive_field": "dlexplain.services.layers.receptive_fields",
    "reconstruct": "dlexplain.services.latent.codes",
    "run": "dlexplain.services.training.runs",
    "sample": "dlexplain.services.latent.sampling",
    "step_through": "dlexplain.services.layers.stepping",
    "train": "dlexplain.services.training.runs",
    "translate": "dlexplain.services.translation.translating",
    "why_written": "dlexplain.services.translation.why",
}
_CALLED = {
    "explain": "dlexplain.services.pictures.explain",
    "runs": "dlexplain.services.training.runs",
}
__all__ = sorted([*_HOMES, *_CALLED])
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    importlib.import_module("dlexplain.figures")  # so that results can be plotted
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


class _CallablePackage(ModuleType):
    """A package that is, called, the function of its name.

    `dlexplain.explain` holds the methods and explains; `dlexplain.runs` trains and lists.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        importlib.import_module("dlexplain.figures")
        name = self.__name__.rpartition(".")[2]
        return getattr(importlib.import_module(_CALLED[name]), name)(*args, **kwargs)


explain = importlib.import_module("dlexplain.explain")
explain.__class__ = _CallablePackage
runs = importlib.import_module("dlexplain.runs")
runs.__class__ = _CallablePackage
