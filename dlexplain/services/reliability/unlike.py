"""Whether a picture is unlike what a model was trained on, by what it says; no torch."""

from dlexplain.results import OutOfDistribution, Prediction
from dlexplain.services.reliability.shipped import known

ENERGY = "energy"


def unlike(prediction: Prediction, fingerprint: str) -> str:
    """A sentence where its score is among the lowest of the model's test pictures; "" where it is
    not, or no thresholds are known for these weights.

    fingerprint  of the model that gave the prediction
    """
    found = known(OutOfDistribution, prediction.model)
    if found is None or found.model_fingerprint != fingerprint or not found.own:
        return ""
    limits = found.familiar
    energy = limits.score == ENERGY
    if energy and prediction.energy is None:
        return ""
    score = -(prediction.energy or 0.0) if energy else prediction.scores[0].probability
    if score >= limits.unusual:
        return ""
    of = "99 of 100" if score < limits.rare else "95 of 100"
    what = "energy is higher" if energy else "largest probability is lower"
    return (
        f"This picture is unlike what {prediction.model} was trained on: its {what} than that of "
        f"{of} test pictures (n = {limits.n:,})."
    )
