"""Every model by its name, whatever it reads: loaded, asked and explained in one way."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dlexplain.errors import BadInput, UnknownName, known_names
from dlexplain.execution.paths import states_file
from dlexplain.execution.states import States
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.services.explaining import MethodInfo, infos_for
from dlexplain.services.pictures.model_list import DEFAULT_MODEL, REGISTERED
from dlexplain.services.texts.hugging_face import ENDINGS, is_own_model
from dlexplain.services.trained.models import finished_runs, readable_zoo, trained
from dlexplain.settings import local_path, settings

LOADERS = {
    "classify-image": "pictures.models:load_model",
    "classify-text": "texts.models:load_text_model",
    "language-model": "writing.models:load_language_model",
    "translate": "translation.models:load_translator",
    "forecast": "forecast.models:load_forecaster",
    "autoencode": "latent.models:load_latent_model",
    "vae": "latent.models:load_latent_model",
    "gan": "latent.models:load_latent_model",
}
"""By task: where its models are loaded. Import strings, so that each pays for its own alone."""
PREDICTS = {
    "picture": "pictures.classify:classify",
    "text": "texts.explain:classify_text",
    "next-token": "writing.reading:read",
    "translation": "translation.translating:translate",
    "series": "forecast.forecasting:forecast",
}
"""By the modality of a model: what says what it makes of an input."""
EXPLAINS = {
    "picture": "pictures.explain:explain",
    "text": "texts.explain:explain_text",
    "next-token": "writing.reading:explain_token",
    "translation": "translation.why:explain_translation",
    "series": "forecast.explain:explain_series",
}
"""Likewise: what says why. Each takes (model, x, method, target, progress, further params)."""
METHODS = {
    "picture": "pictures.explain:method_infos",
    "text": "texts.explain:text_method_infos",
}
"""Of modalities in which it depends on the model which methods are offered."""


@dataclass(frozen=True)
class ModelName:
    """A model that can be loaded.

    name    what `load` takes; a run's is its id
    task    what it was trained to do
    source  "registered", "zoo" or "run"
    """

    name: str
    title: str
    task: str
    source: str


def models(task: str = "") -> tuple[ModelName, ...]:
    """Every model, or those of a task: registered ones, the zoo's, then finished runs, the latest
    first."""
    registered = [ModelName(m.name, m.title, m.task, m.source) for m in REGISTERED]
    zoo = [ModelName(m.name, m.title, m.spec.task, m.source) for m in readable_zoo()]
    runs = [ModelName(r.id, f"{r.name} (run {r.id})", r.spec.task, "run") for r in finished_runs()]
    return tuple(m for m in (*registered, *zoo, *runs) if task in ("", m.task))


def load(name: str = DEFAULT_MODEL) -> Any:
    """A registered or a zoo model by name, a finished run by its id, or one's own text classifier
    or language model by its folder or its name on the hub. The same one is given while it is kept.

    Raises UnknownName, which says what is known, or WeightsError where files are missing or
    damaged.
    """
    return _found(LOADERS[_task_of(name)])(name)


def _task_of(name: str) -> str:
    known = {model.name: model.task for model in models()}
    if name in known:
        return known[name]
    if is_own_model(name):
        return "language-model" if _writes(name) else "classify-text"
    try:
        return trained(name).spec.task  # a damaged one is told by its loader
    except UnknownName:
        if (state := _state_of(name)) is not None:
            raise UnknownName(f'the run "{name}" is {state}; a finished run is a model') from None
        what = "or give the id of a finished run, a folder, or a name on the hub"
        raise UnknownName(f'unknown model "{name}"; {known_names(name, known)}; {what}') from None


def _state_of(run: str) -> str | None:
    file = states_file(settings().home)  # looking creates nothing
    rows = States(file).all() if file.exists() else []
    return next((row.state for row in rows if row.id == run), None)


def _writes(name: str) -> bool:
    """Whether a model of one's own is a language model, by its config."""
    folder = local_path(name)
    try:
        if folder.is_dir():
            told = json.loads((folder / "config.json").read_text("utf-8"))
        else:
            import transformers

            config = transformers.AutoConfig.from_pretrained(name, trust_remote_code=False)
            told = config.to_dict()
        names = [str(one) for one in told.get("architectures") or ()]
    except Exception:  # whatever is wrong with it, its loader says in one sentence
        return False
    return any(one.endswith(ENDINGS["causal language model"]) for one in names)


def _found(where: str) -> Callable[..., Any]:
    module, _, function = where.partition(":")
    found: Callable[..., Any] = getattr(
        importlib.import_module(f"dlexplain.services.{module}"), function
    )
    return found


def modality_of(model: Any) -> str:
    """What a loaded model reads; "" of one that only makes pictures.

    Raises BadInput for anything that `load` has not given.
    """
    if not type(model).__module__.startswith("dlexplain.services."):
        raise BadInput(
            f"a {type(model).__name__} is no model of dlexplain; dx.load takes a name or a path"
        )
    return str(getattr(model, "modality", ""))


def methods(model: Any = None, kind: str = "picture") -> tuple[MethodInfo, ...]:
    """The methods that explain a model, with the defaults that suit it, or those for a kind of
    input: picture, text, series, next-token or translation."""
    if model is None:
        return infos_for(kind)
    modality = modality_of(_loaded(model))
    if modality in METHODS:
        found: tuple[MethodInfo, ...] = _found(METHODS[modality])(_loaded(model))
        return found
    return infos_for(modality) if modality else ()


def predict(model: Any, x: Any = "", **params: Any) -> Any:
    """What a model says of an input, as a result that draws itself with `plot()`.

    model   from `load`, or its name
    x       a picture (path, bytes, PIL image or array), a text, or a series (table, name or path);
            of a language model, the text that it reads
    params  as the kind of model has them: top, fit; beam, length_penalty; origin, horizon,
            intervals

    Returns Prediction, TextPrediction, Reading, Translation or SeriesForecast. Raises BadInput.
    """
    model = _loaded(model)
    modality = modality_of(model)
    if not modality:
        raise BadInput(f"{model.name} makes pictures; dx.sample and dx.reconstruct show them")
    return _found(PREDICTS[modality])(model, x, **params)


def explain(
    model: Any,
    x: Any = "",
    method: str = "",
    target: Any = None,
    *,
    progress: Progress | None = None,
    **params: Value | Any,
) -> Any:
    """Which parts of the input moved what the model says, as a result that draws itself.

    model   from `load`, or its name
    x       as `predict` takes it
    method  one of `methods(model)`; by default Grad-CAM of pictures, else Integrated Gradients
    target  a class by index or name, by default the most probable one; of a text that a language
            model reads, and of a translation, the place of a token, counted from 0, by default the
            last one; of a forecast a series
    params  the method's, and what the kind of model has: contrast, alone, fit; step, origin, what;
            beam

    Returns Attribution, TextAttribution, Influence, SourceInfluence or SeriesAttribution. Raises
    BadInput: UnknownName, ParamError, TargetError, Incompatible, or Cancelled.
    """
    model = _loaded(model)
    modality = modality_of(model)
    if not modality:
        raise BadInput(f"{model.name} makes pictures; models that read something can be explained")
    chosen = {"method": method} if method else {}
    return _found(EXPLAINS[modality])(
        model, x, target=target, progress=progress, **chosen, **params
    )


def _loaded(model: Any) -> Any:
    return load(model) if isinstance(model, str) else model
