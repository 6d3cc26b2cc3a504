"""How much of an attribution's mass lies where the evidence is."""

from torch import Tensor

from dlexplain.errors import BadInput


def relevance_mass(strengths: Tensor, truth: Tensor) -> float:
    """Share of the positive attribution that lies in the mask: 0 to 1, higher is better.

        sum of max(a_i, 0) over the mask / sum of max(a_i, 0) over all places

    strengths  (...) of any shape; what speaks against the target counts for nothing, so of values
               without a sign their sizes are given
    truth      bool of the same shape, True where the evidence is
    A map that marks nothing in particular has the mask's share of the places. Raises BadInput for
    other shapes, values that are not finite, or none above 0: such a map points nowhere.

    Arras, Osman, Samek, "CLEVR-XAI: A benchmark dataset for the ground truth evaluation of neural
    network explanations", 2022, https://doi.org/10.1016/j.inffus.2021.11.008: "relevance mass
    accuracy".
    """
    if strengths.shape != truth.shape:
        raise BadInput(
            f"the map is {tuple(strengths.shape)} and the mask {tuple(truth.shape)}; they must "
            "have the same shape"
        )
    bad = int((~strengths.isfinite()).sum())
    if bad:
        raise BadInput(f"{bad:,} of the {strengths.numel():,} values are not finite numbers")
    positive = strengths.double().clamp_min(0)
    total = float(positive.sum())
    if total == 0:
        raise BadInput("no value of the map is above 0: it points nowhere")
    return float(positive[truth].sum()) / total
