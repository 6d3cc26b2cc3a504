"""Rows of a shard as a Parquet file: the same rows are the same bytes."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

_FILE = [("place", pa.int64()), ("name", pa.string()), ("sha256", pa.string())]
_SAID = [
    ("class_index", pa.int32()),
    ("class", pa.string()),
    ("probability", pa.float64()),
    ("truth", pa.string()),
]
_WHY = [("note", pa.string()), ("error", pa.string())]
EXPLAINED = pa.schema(
    [
        *_FILE,
        *_SAID,
        ("entropy_bits", pa.float64()),
        ("probabilities", pa.list_(pa.float32())),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("map_min", pa.float32()),
        ("map_max", pa.float32()),
        ("map_mean", pa.float32()),
        ("map_std", pa.float32()),
        ("map_height", pa.int32()),
        ("map_width", pa.int32()),
        ("map_scale", pa.float32()),
        ("map", pa.binary()),
        *_WHY,
    ]
)
ATTACKED = pa.schema(
    [
        *_FILE,
        *_SAID,
        ("already_misclassified", pa.bool_()),
        ("success", pa.bool_()),
        ("success_in_256_levels", pa.bool_()),
        ("after_class_index", pa.int32()),
        ("after_class", pa.string()),
        ("after_probability", pa.float64()),
        ("linf", pa.float64()),
        ("l2", pa.float64()),
        ("pixels", pa.int64()),
        ("evaluations", pa.int64()),
        *_WHY,
    ]
)
"""A row a file, in the order of their names. Of one without an answer there are place, name, sha256
(of its bytes, where they could be read) and error; the others have no error."""
HALF = "<f2"


def measured_by(metrics: Sequence[str]) -> Any:
    """The schema of a row a file and method. By metric: its value with its interval, of what n it
    is made, and a note; or why there is no value."""
    kinds = {"": pa.float64(), "_low": pa.float64(), "_high": pa.float64(), "_n": pa.int32()}
    kinds |= {"_note": pa.string(), "_why": pa.string()}
    return pa.schema(
        [
            *_FILE,
            ("method", pa.string()),
            *_SAID,
            ("evaluations", pa.int64()),
            *((f"{name}{end}", kind) for name in metrics for end, kind in kinds.items()),
            *_WHY,
        ]
    )


def to_parquet(rows: Sequence[Mapping[str, Any]], schema: Any) -> bytes:
    """The rows, by names of the schema, as a file; what a row does not name is null in it."""
    buffer = io.BytesIO()
    table = pa.Table.from_pylist(list(rows), schema=schema)
    pq.write_table(table, buffer, compression="zstd", use_dictionary=False)
    return buffer.getvalue()


def map_columns(values: NDArray[np.float32]) -> dict[str, Any]:
    """The columns of a map (height, width): its statistics, and its values as float16 in parts of
    the largest, so that none is wrong by more than 2^-11 of itself or 2^-25 of the largest."""
    scale = np.float32(np.abs(values).max()) or np.float32(1)
    return {
        "map_min": values.min(),
        "map_max": values.max(),
        "map_mean": values.mean(dtype=np.float64),
        "map_std": values.std(dtype=np.float64),
        "map_height": values.shape[0],
        "map_width": values.shape[1],
        "map_scale": scale,
        "map": (values / scale).astype(HALF).tobytes(),
    }


def map_of(row: Mapping[str, Any]) -> NDArray[np.float32]:
    """The map (height, width) that a row has."""
    flat = np.frombuffer(row["map"], HALF).astype(np.float32) * np.float32(row["map_scale"])
    return flat.reshape(row["map_height"], row["map_width"])
