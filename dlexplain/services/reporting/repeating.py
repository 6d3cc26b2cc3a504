"""What repeats an answer: the command, and Python code, a cell of a notebook each."""

import base64
import io
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from dlexplain.data.base import DATA
from dlexplain.data.samples import sample_names
from dlexplain.params import Value
from dlexplain.results import (
    Attribution,
    ModelComparison,
    RunRecord,
    SeriesAttribution,
    TextAttribution,
    TrustTable,
)
from dlexplain.results.series import Dates
from dlexplain.services.forecast.sources import EXAMPLE, MADE_UP, OWN
from dlexplain.services.pictures.bundle import repeat

IMPORT = "import dlexplain as dx"
PICTURE, SERIES, PATH = "PICTURE", "SERIES.csv", "PATH"
"""Stand for files of the user's, which a report does not hold."""


def picture_command(found: Attribution) -> str:
    """With its sample's name where it is of one, which `explain` takes as a path of its own."""
    return repeat(found)


def text_command(found: TextAttribution) -> str:
    """The command that gives the same values."""
    words = ["python -m dlexplain explain", "--text", shlex.quote(found.text)]
    words += ["--model", shlex.quote(found.model), "--method", found.method]
    words += ["--target", str(found.target.index), *_rather(found)]
    words += ["--word", str(found.words[found.place])] if found.place >= 0 else []
    return " ".join([*words, *_set(found.params)])


def series_command(found: SeriesAttribution) -> str:
    """Likewise of a forecast."""
    words = ["python -m dlexplain explain", "--series", shlex.quote(series_source(found))]
    words += ["--model", shlex.quote(found.model), "--method", found.method]
    words += ["--target", shlex.quote(found.target), "--horizon", str(found.step)]
    words += ["--origin", _origin(found.dates), "--what", found.what]
    return " ".join([*words, *_set(found.params)])


def series_source(found: SeriesAttribution) -> str:
    """What `dx.explain` takes for the series: "own" for what the model was trained on, "example"
    for made-up ones; else SERIES, a file of the user's."""
    if found.series == MADE_UP:
        return EXAMPLE
    return OWN if found.series in {spec.title for spec in DATA.values()} else SERIES


def _origin(dates: Dates) -> str:
    return str(dates[-1])[:10]


def _rather(found: Attribution | TextAttribution) -> list[str]:
    return ["--contrast", str(found.contrast.index)] if found.contrast else ["--alone"]


def _set(params: Mapping[str, Value]) -> list[str]:
    return [f"--set {shlex.quote(f'{key}={value}')}" for key, value in params.items()]


def picture_code(maps: Sequence[Attribution]) -> tuple[str, ...]:
    """Cells that explain the picture again. One that is no sample is in them as the models saw it,
    where all saw the same; else its path is to be given."""
    cells = [IMPORT]
    sample, held = maps[0].path in sample_names(), _is_held(maps)
    if sample:
        cells.append(f"picture = dx.read_sample({maps[0].path!r})")
    else:
        cells.append(_held_picture(maps[0]) if held else f"picture = {PICTURE!r}  # its path")
    for one in maps:
        kept: dict[str, Any] = {"contrast": one.contrast.index} if one.contrast else {"alone": True}
        kept["fit"] = "squash" if held and not sample else one.fit
        cells.append(_explained(one, "picture", one.target.index, kept))
    return tuple(cells)


def _is_held(maps: Sequence[Attribution]) -> bool:
    """Whether there is one picture that all the models saw."""
    seen = {None if one.picture is None else one.picture.tobytes() for one in maps}
    return len(seen) == 1 and None not in seen


def _held_picture(found: Attribution) -> str:
    from PIL import Image

    assert found.picture is not None
    buffer = io.BytesIO()
    Image.fromarray(found.picture).save(buffer, "PNG", optimize=True)
    content = base64.b64encode(buffer.getvalue()).decode()
    inside = "".join(f'\n    "{content[at : at + HELD]}"' for at in range(0, len(content), HELD))
    return (
        f"import base64\n\n# as the model saw {found.path!r}, so it goes in as it is\n"
        f"picture = dx.read_picture(base64.b64decode({inside}\n))"
    )


HELD = 4000
"""Letters of a picture in a line of a cell."""


def text_code(maps: Sequence[TextAttribution]) -> tuple[str, ...]:
    """Cells that explain the text again."""
    cells = [IMPORT, f"text = {maps[0].text!r}"]
    for one in maps:
        kept: dict[str, Any] = {"contrast": one.contrast.index} if one.contrast else {"alone": True}
        if one.place >= 0:
            kept = {"word": int(one.words[one.place]), **kept}
        cells.append(_explained(one, "text", one.target.index, kept))
    return tuple(cells)


def series_code(maps: Sequence[SeriesAttribution]) -> tuple[str, ...]:
    """Cells that explain the forecast again."""
    source = series_source(maps[0])
    told = "  # the path of the table" if source == SERIES else ""
    cells = [IMPORT, f"series = {source!r}{told}"]
    for one in maps:
        kept = {"step": one.step, "origin": _origin(one.dates), "what": one.what}
        cells.append(_explained(one, "series", one.target, kept))
    return tuple(cells)


def _explained(
    one: Attribution | TextAttribution | SeriesAttribution,
    x: str,
    target: Any,
    kept: Mapping[str, Any],
) -> str:
    """A cell; what it finds is `found`, drawn."""
    more = {"method": one.method, "target": target, **kept, **one.params}
    given = [repr(one.model), x, *(f"{name}={value!r}" for name, value in more.items())]
    return f"found = {_called('dx.explain', given)}\nfound.plot()"


CODE_WIDTH = 79


def _called(name: str, given: Sequence[str]) -> str:
    """A call, in as many lines as it takes."""
    whole = f"{name}({', '.join(given)})"
    if len(whole) <= CODE_WIDTH - 8:
        return whole
    lines, line = [], ""
    for one in given:
        if line and len(line) + len(one) + 6 > CODE_WIDTH:
            lines.append(line)
            line = ""
        line = f"{line} {one}," if line else f"    {one},"
    return "\n".join([f"{name}(", *lines, line, ")"])


def comparison_code(found: ModelComparison) -> tuple[str, ...]:
    """Cells that compare the two again, which takes as long as it took."""
    given = _options(found.command)
    inside = {
        "data": PATH if "data" in given else "",
        "control": given.get("control"),
        "method": given.get("method", ""),
        "count": found.count,
        "seed": found.seed,
    }
    return IMPORT, _measured("dx.compare_models", (found.model, found.other), inside)


def trust_code(table: TrustTable) -> tuple[str, ...]:
    """Cells that compute the table again."""
    given = _options(table.command)
    inside = {
        "data": PATH if "data" in given else "",
        "methods": [name for name in given.get("methods", "").split(",") if name],
        "metrics": [name for name in given.get("metrics", "").split(",") if name],
        "count": table.count,
        "seed": table.seed,
    }
    return IMPORT, _measured("dx.trust", (table.model,), inside)


def _measured(name: str, models: Sequence[str], more: Mapping[str, Any]) -> str:
    """A call with what was asked for; an empty value is the usual one."""
    asked = {key: value for key, value in more.items() if value or key == "seed"}
    given = [*map(repr, models), *(f"{key}={value!r}" for key, value in asked.items())]
    return f"found = {_called(name, given)}\nfound.plot()"


def _options(command: str) -> dict[str, str]:
    """ "--count 30" as {"count": "30"}; of a command that was written here."""
    words = shlex.split(command)
    pairs = pairwise(words)
    return {name[2:]: value for name, value in pairs if name.startswith("--")}


def run_code(record: RunRecord) -> tuple[str, ...]:
    """Cells that train the like of it again; the weights are other ones where the machine is."""
    lines = "".join(f"    {key!r}: {value!r},\n" for key, value in record.spec.items())
    return (
        IMPORT,
        f"spec = {{\n{lines}}}",
        "found = dx.train(spec, wait=True)\nfound.metrics",
    )
