"""Frozen results, NumPy only: what services return and figures draw."""

from dlexplain.results.attention import Agreement, HeadFacts, TokenWeights
from dlexplain.results.drawing import plot
from dlexplain.results.explanations import Attribution, ClassName, ClassScore, Prediction
from dlexplain.results.language import LanguageTest
from dlexplain.results.latents import (
    DimensionEffects,
    EncodedPictures,
    LatentPath,
    LatentPlane,
    Neighbours,
    Reconstruction,
    Samples,
    SeenPicture,
)
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
from dlexplain.results.text_tables import ClassWords, TextTable
from dlexplain.results.texts import TextTest
from dlexplain.results.translation import (
    Candidate,
    CrossAttention,
    EveryInfluence,
    SourceInfluence,
    Translation,
    word_groups,
)
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
    "Agreement",
    "Alignment",
    "AttentionMaps",
    "Attribution",
    "Backtest",
    "Candidate",
    "ClassName",
    "ClassScore",
    "ClassWords",
    "ClassificationTest",
    "CrossAttention",
    "Curve",
    "DimensionEffects",
    "EncodedPictures",
    "Estimate",
    "EveryInfluence",
    "GeneratedPictures",
    "GradientReach",
    "HeadFacts",
    "Influence",
    "Inside",
    "LanguageTest",
    "LatentPath",
    "LatentPlane",
    "Neighbours",
    "Prediction",
    "Reading",
    "Reconstruction",
    "Reconstructions",
    "RunRecord",
    "Samples",
    "Score",
    "SeenPicture",
    "SourceInfluence",
    "StateChange",
    "TextAttribution",
    "TextPrediction",
    "TextTable",
    "TextTest",
    "TokenChoice",
    "TokenWeights",
    "Translation",
    "TranslationTest",
    "Turning",
    "UnitSearch",
    "WordChange",
    "Writing",
    "ZooCard",
    "lower_is_better",
    "plot",
    "word_groups",
]
