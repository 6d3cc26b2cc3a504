"""Every model by its name, whatever it reads: loaded, asked and explained in one way."""

from typing import Any

from dlexplain.errors import BadInput
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.registry import imported
from dlexplain.services.explaining import MethodInfo, infos_for
from dlexplain.trained.catalogue import ModelEntry, default, entries, find
from dlexplain.trained.heads import MARK

PREDICTS = {
    "picture": "dlexplain.services.pictures.explain:classify",
    "text": "dlexplain.services.texts.explain:classify_text",
    "token": "dlexplain.services.texts.labelling:label_words",
    "next-token": "dlexplain.services.writing.reading:read",
    "translation": "dlexplain.services.translation.translating:translate",
    "series": "dlexplain.services.forecast.forecasting:forecast",
    "boxes": "dlexplain.services.objects.detecting:detect",
    "regions": "dlexplain.services.objects.segmenting:segment",
}
"""By the modality of a model: what says what it makes of an input."""
EXPLAINS = {
    "picture": "dlexplain.services.pictures.explain:explain",
    "text": "dlexplain.services.texts.explain:explain_text",
    "token": "dlexplain.services.texts.labelling:explain_label",
    "next-token": "dlexplain.services.writing.reading:explain_token",
    "translation": "dlexplain.services.translation.why:explain_translation",
    "series": "dlexplain.services.forecast.explain:explain_series",
    "boxes": "dlexplain.services.objects.explain:explain_box",
    "regions": "dlexplain.services.objects.explain:explain_region",
}
"""Likewise: what says why. Each takes (model, x, method, target, progress, further params)."""
ATTENDS = {
    "picture": "dlexplain.services.pictures.attention:picture_attention",
    "text": "dlexplain.services.texts.attention:attention",
    "token": "dlexplain.services.texts.labelling:label_attention",
}
"""Likewise: what gives the attention itself."""
METHODS = {
    "picture": "dlexplain.services.pictures.explain:method_infos",
    "text": "dlexplain.services.texts.explain:text_method_infos",
    "token": "dlexplain.services.texts.labelling:label_method_infos",
    "boxes": "dlexplain.services.objects.explain:box_method_infos",
    "regions": "dlexplain.services.objects.explain:region_method_infos",
}
"""Of modalities in which it depends on the model which methods are offered."""


def models(task: str = "") -> tuple[ModelEntry, ...]:
    """Every model, or those of a task: registered ones, the zoo's, then finished runs, the latest
    first."""
    return entries(*([task] if task else []))


def load(name: str = "", head: str = "") -> Any:
    """A registered or a zoo model by name, a finished run by its id, one's own model by its folder
    or its name on the hub, a picture classifier by its file (.onnx, .pt2, .safetensors), or the
    folder of a run elsewhere. The same one is given while it is kept.

    head  of a model that learned several labels, the one that is asked: "colour", also as
          "shapes-multitask:colour"; the first where none is given

    Raises UnknownName, which says what is known, or WeightsError where files are missing or
    damaged.
    """
    from dlexplain.services.loading import class_of
    from dlexplain.services.loading import load as load_as

    name = with_head(name, head)
    return load_as(class_of(find(name) if name else default()), name)


def with_head(name: str, head: str) -> str:
    """A model's name with its head's, where one is given."""
    return f"{name}{MARK}{head}" if head else name


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
    input: picture, box, text, token, series, next-token or translation."""
    if model is None:
        return infos_for(kind)
    modality = modality_of(_loaded(model))
    if modality in METHODS:
        found: tuple[MethodInfo, ...] = imported(METHODS[modality])(_loaded(model))
        return found
    return infos_for(modality) if modality else ()


def predict(model: Any, x: Any = "", **params: Any) -> Any:
    """What a model says of an input, as a result that draws itself with `plot()`.

    model   from `load`, or its name
    x       a picture (path, bytes, PIL image or array), a text, or a series (table, name or path);
            of a language model, the text that it reads
    params  as the kind of model has them: top, fit; threshold; beam, length_penalty, prefix;
            origin, horizon, intervals

    Returns Prediction, Detection, Segmentation, TextPrediction, LabelledText, Reading, Translation
    or SeriesForecast. Raises BadInput.
    """
    model = _loaded(model)
    modality = modality_of(model)
    if not modality:
        raise BadInput(f"{model.name} makes pictures; dx.sample and dx.reconstruct show them")
    return imported(PREDICTS[modality])(model, x, **params)


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
    params  the method's, and what the kind of model has: contrast, alone, fit; box of a detector
            and region of a segmenter; word of a token classifier; step, origin, what; beam, prefix

    Returns Attribution, TextAttribution, Influence, SourceInfluence or SeriesAttribution. Raises
    BadInput: UnknownName, ParamError, TargetError, Incompatible, or Cancelled.
    """
    model = _loaded(model)
    modality = modality_of(model)
    if not modality:
        raise BadInput(f"{model.name} makes pictures; models that read something can be explained")
    chosen = {"method": method} if method else {}
    return imported(EXPLAINS[modality])(
        model, x, target=target, progress=progress, **chosen, **params
    )


def attention(model: Any, x: Any, **params: Any) -> Any:
    """Where each token of a text looks, or each patch of a picture, for each layer and head.

    model   from `load`, or its name;  x  a text, or a picture as `predict` takes it
    params  of a text `window`, which stretch of one that is longer than the model reads, from 1;
            of a picture `fit`

    Returns AttentionMaps or PictureAttention. Raises BadInput: Incompatible where the model has no
    attention that can be shown.
    """
    model = _loaded(model)
    modality = modality_of(model)
    if modality not in ATTENDS:
        known = {"boxes": "a picture", "regions": "a picture", "": "nothing"}
        kind = known.get(modality, f"a {modality.replace('-', ' ')}")
        raise BadInput(
            f"{model.name} reads {kind}; attention is that of a text classifier or of a vision "
            "Transformer, dx.cross_attention that of a translator"
        )
    return imported(ATTENDS[modality])(model, x, **params)


def _loaded(model: Any) -> Any:
    return load(model) if isinstance(model, str) else model
