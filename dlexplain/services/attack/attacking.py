"""`dx.attack`: whatever a model reads, attacked in one way."""

from typing import Any

from dlexplain.errors import BadInput
from dlexplain.explainers.progress import Progress
from dlexplain.registry import imported
from dlexplain.services.models import load, modality_of

ATTACKS = {
    "picture": "dlexplain.services.attack.pictures:attack",
    "text": "dlexplain.services.attack.texts:attack_text",
    "series": "dlexplain.services.attack.series:attack_series",
}
"""By the modality of a model: what attacks it. Each takes (model, x, method, progress, further)."""


def attack(
    model: Any, x: Any = "", method: str = "", *, progress: Progress | None = None, **params: Any
) -> Any:
    """Change an input by little, so that the model says something else of it.

    model   from `dx.load`, or its name: a picture classifier, a text classifier or a forecaster
    x       as `dx.predict` takes it
    method  by default pgd of pictures, embedding-substitution of texts, forecast-pgd of series
    params  the attack's, and what the kind of input has: of pictures epsilon, norm, label, target,
            smallest, fit; of texts queries, label, target; of series epsilon, direction, target,
            step, origin, draws; and seed

    Returns AttackResult, TextAttackResult or SeriesAttackResult. Raises BadInput, as
    `dlexplain.services.attack` says of each kind, or Cancelled.
    """
    model = load(model) if isinstance(model, str) else model
    modality = modality_of(model)
    if modality not in ATTACKS:
        raise BadInput(
            f"{model.name} cannot be attacked: picture classifiers, text classifiers and "
            "forecasters can"
        )
    chosen = {"method": method} if method else {}
    return imported(ATTACKS[modality])(model, x, progress=progress, **chosen, **params)
