"""What a unit of a picture model sees: by analysis, checked by the gradient, and how strongly."""

from dlexplain.data.pictures import Picture, Source
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.layer_trace import Call, trace
from dlexplain.explainers.receptive_field import Unit, by_geometry, by_gradient, effective
from dlexplain.results import ReceptiveField, Rectangle
from dlexplain.services.layers.listing import (
    as_model,
    before_activation,
    check_unit,
    find_layer,
    grid,
    input_of,
    plain,
)
from dlexplain.services.pictures.explain import as_picture
from dlexplain.services.pictures.models import LoadedModel


@random_state_kept()
def receptive_field(
    model: LoadedModel | str,
    layer: str,
    row: int | None = None,
    column: int | None = None,
    channel: int = 0,
    picture: Source | Picture | None = None,
) -> ReceptiveField:
    """The pixels that a unit of `layer` sees, in what the model sees of a picture.

    row, column  of the unit, from 0; by default in the middle
    picture      on it the gradient of the unit of `channel` says how strongly each pixel counts

    Raises ParamError for a layer or a unit that is not there, PictureError, or UnknownName.
    """
    known = as_model(model)
    call, prepared = find_layer(known, layer), plain(known)
    _, height, width = grid(call)
    row = height // 2 if row is None else row
    column = width // 2 if column is None else column
    check_unit(call, channel, row, column)
    calls, unit = trace(prepared), Unit(channel, row, column)
    strengths = view = None
    measured = before_activation(prepared, call)
    if picture is not None:
        read = as_picture(picture)
        view = known.view(read)
        # where an activation function is flat it has no gradient; before it, the field is the same
        found = effective(prepared, measured, input_of(known, read), unit)
        strengths = found.float().cpu().numpy()
    endless = by_geometry(prepared, calls, call, unit, clip=False)
    return ReceptiveField(
        known.name,
        call.name,
        channel,
        row,
        column,
        by_geometry(prepared, calls, call, unit, clip=True),
        by_gradient(prepared, call, unit),
        (endless.height, endless.width),
        _step(known, call),
        strengths,
        view,
        measured.name,
    )


def field_of(model: LoadedModel, layer: str, channel: int, row: int, column: int) -> Rectangle:
    """What a unit sees by analysis alone; raises ParamError where it is not there."""
    call, prepared = find_layer(model, layer), plain(model)
    check_unit(call, channel, row, column)
    unit = Unit(channel, row, column)
    return by_geometry(prepared, trace(prepared), call, unit, clip=True)


def _step(model: LoadedModel, call: Call) -> tuple[int, int]:
    """Pixels between the fields of neighbours."""
    _, height, width = grid(call)
    if min(height, width) < 2:
        return 0, 0
    prepared = plain(model)
    first, second = (
        by_geometry(prepared, trace(prepared), call, Unit(0, place, place), clip=False)
        for place in (0, 1)
    )
    return second.top - first.top, second.left - first.left
