"""Frozen results, NumPy only: what services return and figures draw."""

from dlexplain.results.drawing import plot
from dlexplain.results.explanations import Attribution, ClassName, ClassScore, Prediction
from dlexplain.results.language import LanguageTest
from dlexplain.results.making import GeneratedPictures, Reconstructions
from dlexplain.results.runs import (
    Backtest,
    ClassificationTest,
    Curve,
    Estimate,
    RunRecord,
    StateChange,
    lower_is_better,
)
from dlexplain.results.scores import Score
from dlexplain.results.text_changes import Turning, WordChange
from dlexplain.results.text_explanations import AttentionMaps, TextAttribution, TextPrediction
from dlexplain.results.texts import TextTest
from dlexplain.results.translations import Alignment, TranslationTest
from dlexplain.results.writing import (
    GradientReach,
    Influence,
    Inside,
    Reading,
    TokenChoice,
    UnitSearch,
    Writing,
)
from dlexplain.results.zoo import ZooCard

__all__ = [
    "Alignment",
    "AttentionMaps",
    "Attribution",
    "Backtest",
    "ClassName",
    "ClassScore",
    "ClassificationTest",
    "Curve",
    "Estimate",
    "GeneratedPictures",
    "GradientReach",
    "Influence",
    "Inside",
    "LanguageTest",
    "Prediction",
    "Reading",
    "Reconstructions",
    "RunRecord",
    "Score",
    "StateChange",
    "TextAttribution",
    "TextPrediction",
    "TextTest",
    "TokenChoice",
    "TranslationTest",
    "Turning",
    "UnitSearch",
    "WordChange",
    "Writing",
    "ZooCard",
    "lower_is_better",
    "plot",
]
