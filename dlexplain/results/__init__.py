"""Frozen results, NumPy only: what services return and figures draw."""

from dlexplain.results.attention import Agreement, HeadFacts, TokenWeights
from dlexplain.results.balance import ClassBalance
from dlexplain.results.drawing import plot
from dlexplain.results.explanations import (
    Attribution,
    ClassName,
    ClassScore,
    OutputValue,
    Prediction,
)
from dlexplain.results.forecasts import (
    Calibration,
    PastChange,
    SeriesBacktest,
    SeriesForecast,
    WhatIf,
)
from dlexplain.results.language import LanguageTest
from dlexplain.results.latents import (
    DimensionEffects,
    EncodedPictures,
    LatentPath,
    LatentPlane,
    Reconstruction,
    SeenPicture,
)
from dlexplain.results.layers import (
    ActivationMaximisation,
    FeatureMaps,
    Filters,
    Layer,
    Layers,
    ReceptiveField,
    Rectangle,
    TopActivation,
    TopActivations,
)
from dlexplain.results.making import GeneratedPictures, Reconstructions
from dlexplain.results.periods import iso_date, period_format, period_text
from dlexplain.results.rows import csv_of
from dlexplain.results.runs import (
    Backtest,
    ClassificationTest,
    Curve,
    Estimate,
    RunRecord,
    StateChange,
    lower_is_better,
)
from dlexplain.results.samples import Neighbours, Samples
from dlexplain.results.scores import Score
from dlexplain.results.series_about import SeriesAbout, about_of
from dlexplain.results.series_explanations import SeriesAttention, SeriesAttribution
from dlexplain.results.steps import (
    CellStep,
    ConvolutionStep,
    GateStep,
    HeadStep,
    StageStep,
    StepThrough,
)
from dlexplain.results.text_changes import Turning, WordChange
from dlexplain.results.text_explanations import (
    Activation,
    AttentionMaps,
    TextAttribution,
    TextPrediction,
)
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
    "Activation",
    "ActivationMaximisation",
    "Agreement",
    "Alignment",
    "AttentionMaps",
    "Attribution",
    "Backtest",
    "Calibration",
    "Candidate",
    "CellStep",
    "ClassBalance",
    "ClassName",
    "ClassScore",
    "ClassWords",
    "ClassificationTest",
    "ConvolutionStep",
    "CrossAttention",
    "Curve",
    "DimensionEffects",
    "EncodedPictures",
    "Estimate",
    "EveryInfluence",
    "FeatureMaps",
    "Filters",
    "GateStep",
    "GeneratedPictures",
    "GradientReach",
    "HeadFacts",
    "HeadStep",
    "Influence",
    "Inside",
    "LanguageTest",
    "LatentPath",
    "LatentPlane",
    "Layer",
    "Layers",
    "Neighbours",
    "OutputValue",
    "PastChange",
    "Prediction",
    "Reading",
    "ReceptiveField",
    "Reconstruction",
    "Reconstructions",
    "Rectangle",
    "RunRecord",
    "Samples",
    "Score",
    "SeenPicture",
    "SeriesAbout",
    "SeriesAttention",
    "SeriesAttribution",
    "SeriesBacktest",
    "SeriesForecast",
    "SourceInfluence",
    "StageStep",
    "StateChange",
    "StepThrough",
    "TextAttribution",
    "TextPrediction",
    "TextTable",
    "TextTest",
    "TokenChoice",
    "TokenWeights",
    "TopActivation",
    "TopActivations",
    "Translation",
    "TranslationTest",
    "Turning",
    "UnitSearch",
    "WhatIf",
    "WordChange",
    "Writing",
    "ZooCard",
    "about_of",
    "csv_of",
    "iso_date",
    "lower_is_better",
    "period_format",
    "period_text",
    "plot",
    "word_groups",
]
