"""Detectors and segmenters, ready for use."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from dlexplain.data.class_list import plain_classes
from dlexplain.networks.base import ModelSpec
from dlexplain.results import ClassName
from dlexplain.services.objects.own import (
    DETECT,
    SEGMENT,
    own_detector_spec,
    own_segmenter_spec,
)
from dlexplain.services.pictures.models import PictureModel, ready
from dlexplain.trained.entry import ModelEntry


@dataclass(frozen=True, eq=False)
class LoadedDetector(PictureModel):
    """A model ready to find boxes, each of which can be explained; `load` makes it.

    Its network gives (batch, queries, classes + 4): of each box the logits, the last of them of no
    object, then its place, see explainers/boxes.py.
    """

    tasks: ClassVar[tuple[str, ...]] = (DETECT,)
    modality: ClassVar[str] = "boxes"

    @classmethod
    def of(cls, entry: ModelEntry) -> Self:
        return cls.made(own_detector_spec(entry.name))

    @classmethod
    def made(cls, spec: ModelSpec) -> Self:
        """Of a spec whose last class is that of no object."""
        prepared = ready(spec)
        queries = prepared.logits(prepared.trial(1)).shape[1]
        classes = plain_classes(spec.classes, spec.labels)
        return cls(spec, replace(prepared, queries=queries), classes)

    @property
    def objects(self) -> tuple[ClassName, ...]:
        """The classes without that of no object."""
        return self.classes[:-1]


@dataclass(frozen=True, eq=False)
class LoadedSegmenter(PictureModel):
    """A model ready to give each place of a picture a class, and to be explained region by region;
    `load` makes it.

    Its network gives (batch, classes, h, w) logits.
    """

    tasks: ClassVar[tuple[str, ...]] = (SEGMENT,)
    modality: ClassVar[str] = "regions"

    @classmethod
    def of(cls, entry: ModelEntry) -> Self:
        return cls.made(own_segmenter_spec(entry.name))

    @classmethod
    def made(cls, spec: ModelSpec) -> Self:
        """Of a spec."""
        return cls(spec, ready(spec), plain_classes(spec.classes, spec.labels))
