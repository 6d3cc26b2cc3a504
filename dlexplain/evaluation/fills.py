"""What stands for a part that is taken away, as a parameter of metrics."""

from dlexplain.errors import ParamError
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.params import text

USUAL = "auto"


def fill_param() -> str:
    """The field that metrics which take parts away declare."""
    chosen: str = text(
        USUAL,
        "Fill",
        help="What stands for a part that is taken away: of pictures blur, mean, black, white, "
        "noise, or linear, the mean of the pixels around; of texts blank or drop; of series "
        "average or window; auto is the first of these.",
    )
    return chosen


def read_fill(given: ModelInput, fill: str) -> str:
    """One of those of the input; raises ParamError."""
    if fill == USUAL:
        return given.fills[0]
    if fill not in given.fills:
        raise ParamError(
            f'fill is "{fill}"; of a {given.modality.name} {", ".join(given.fills)} are accepted'
        )
    return fill
