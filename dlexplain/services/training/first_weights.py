"""Whether a trained model's first weights can be had again; no torch here."""

from dlexplain.networks.base import ARCHITECTURES
from dlexplain.trained.folder import Trained


def why_not_fresh(model: Trained) -> str:
    """Why the weights with which a model's training began cannot be had again, one clause; "" where
    its seed gives them."""
    spec = model.spec
    if spec.parent:
        return f"{model.owner} began with the weights of {spec.parent}"
    known = ARCHITECTURES.get(spec.model)
    if known is not None and known.weights is not None:
        return f"{model.owner} began with pretrained ones"
    return ""
