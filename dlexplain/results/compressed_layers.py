"""What a compression did to each layer of a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Cell = str | int | float


@dataclass(frozen=True)
class CompressedLayers:
    """A table of the layers of the finished network.

    compression  the way's name
    columns      "layer" first; what the others are depends on the way: weights, zeros, sparsity;
                 channels before and after; rank and the part of energy kept
    cells        (layers, columns)
    """

    compression: str
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "CompressedLayers":
        """Raises KeyError, TypeError or ValueError where it is none."""
        columns = tuple(map(str, given["columns"]))
        cells = tuple(tuple(row) for row in given["cells"])
        if any(len(row) != len(columns) for row in cells):
            raise ValueError("a row has more or fewer cells than there are columns")
        return cls(str(given["compression"]), columns, cells)

    @property
    def counts(self) -> Mapping[str, int]:
        """Sums of the columns of whole numbers over all layers, but for sizes of one matrix."""
        summed = ("weights before", "weights", "zeros", "channels before", "channels")
        return {
            name: sum(int(row[place]) for row in self.cells)
            for place, name in enumerate(self.columns)
            if name in summed
        }

    def rows(self) -> list[dict[str, Cell]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.cells]

    def to_dict(self) -> dict[str, Any]:
        return {
            "compression": self.compression,
            "columns": list(self.columns),
            "cells": [list(row) for row in self.cells],
        }
