"""In which precision a method of texts may ask the model, and whether that is slower here."""

import math

from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.explainers.batching import Kind
from dlexplain.explainers.slowdown import Slowdowns
from dlexplain.explainers.text_model import SMALLEST_BUCKET, PreparedText
from dlexplain.params import choice
from dlexplain.results.words import slower

PRECISIONS = ("float32", "bf16")
_slowdowns = Slowdowns()


def precision_param() -> str:
    """The field of the Params of a method that asks the model many times."""
    found: str = choice(
        "float32",
        "Precision",
        PRECISIONS,
        help="bf16 computes with a third of the digits, about twice as fast where the processor "
        "knows it; values then differ by a hundredth or so.",
    )
    return found


def check_precision(
    prepared: PreparedText,
    ids: Tensor,
    family: str,
    precision: str,
    slowdowns: Slowdowns = _slowdowns,
) -> str:
    """A sentence where `precision` is slower than float32 on this machine, else ""; measured at the
    first call on the beginning of a text, ids (1, time).

    family  of the method: gradient methods are measured with gradients
    Raises Incompatible where the machine cannot compute the model so.
    """
    if precision == "float32":
        return ""
    few = ids[:, :SMALLEST_BUCKET]
    kind: Kind = "gradient" if family == "gradient" else "forward"
    if kind == "gradient":
        vectors = prepared.embed(few)
        plain, low = prepared.by_vectors(vectors), prepared.by_vectors(vectors, precision)
    else:
        plain, low = prepared.by_ids(few), prepared.by_ids(few, precision)
    ratio = slowdowns.of(plain, low, kind)
    if ratio == math.inf:
        raise Incompatible(
            f"this machine cannot compute the model in {precision}; the precision float32 is "
            "accepted"
        )
    return slower(precision, ratio)
