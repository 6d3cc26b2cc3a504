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
    "attention": "dlexplain.services.attention",
    "backtest": "dlexplain.services.backtesting",
    "classify": "dlexplain.services.classify",
    "classify_text": "dlexplain.services.text_explain",
    "cross_attention": "dlexplain.services.translation",
    "explain_series": "dlexplain.services.series_explain",
    "explain_text": "dlexplain.services.text_explain",
    "feature_maps": "dlexplain.services.feature_maps",
    "forecast": "dlexplain.services.forecasting",
    "generate": "dlexplain.services.writing",
    "layers": "dlexplain.services.layers",
    "load_forecaster": "dlexplain.services.forecasters",
    "load_language_model": "dlexplain.services.language_models",
    "load_latent_model": "dlexplain.services.latent_models",
    "load_model": "dlexplain.services.models",
    "load_text_model": "dlexplain.services.text_models",
    "load_translator": "dlexplain.services.translators",
    "method_infos": "dlexplain.services.explain",
    "model_names": "dlexplain.services.models",
    "preferred_input": "dlexplain.services.preferred",
    "read_picture": "dlexplain.data.pictures",
    "read_sample": "dlexplain.data.samples",
    "receptive_field": "dlexplain.services.receptive_fields",
    "reconstruct": "dlexplain.services.latents",
    "run": "dlexplain.services.runs",
    "sample": "dlexplain.services.sampling",
    "step_through": "dlexplain.services.stepping",
    "train": "dlexplain.services.runs",
    "translate": "dlexplain.services.translation",
    "why_written": "dlexplain.services.translation_why",
}
__all__ = sorted([*_HOMES, "explain", "runs"])
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    importlib.import_module("dlexplain.figures")  # so that results can be plotted
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


class _CallablePackage(ModuleType):
    """A package that is, called, the function of its name: dlexplain.services.<name>.<name>.

    `dlexplain.explain` holds the methods and explains; `dlexplain.runs` trains and lists.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        importlib.import_module("dlexplain.figures")
        name = self.__name__.rpartition(".")[2]
        return getattr(importlib.import_module(f"dlexplain.services.{name}"), name)(*args, **kwargs)


explain = importlib.import_module("dlexplain.explain")
explain.__class__ = _CallablePackage
runs = importlib.import_module("dlexplain.runs")
runs.__class__ = _CallablePackage
