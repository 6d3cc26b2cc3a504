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
from dlexplain.results.texts import TextTest
from dlexplain.results.translations import Alignment, TranslationTest
from dlexplain.results.zoo import ZooCard

__all__ = [
    "Alignment",
    "Attribution",
    "Backtest",
    "ClassName",
    "ClassScore",
    "ClassificationTest",
    "Curve",
    "Estimate",
    "GeneratedPictures",
    "LanguageTest",
    "Prediction",
    "Reconstructions",
    "RunRecord",
    "Score",
    "StateChange",
    "TextTest",
    "TranslationTest",
    "ZooCard",
    "lower_is_better",
    "plot",
]
