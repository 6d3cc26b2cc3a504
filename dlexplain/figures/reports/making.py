"""Figures and results as parts of a report."""

import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image
from plotly.utils import PlotlyJSONEncoder

from dlexplain.figures.coloured_text import strongest
from dlexplain.figures.overlay import page_image
from dlexplain.figures.printing.given import unpacked
from dlexplain.figures.scales import Scale
from dlexplain.language import tr
from dlexplain.results import Attribution, TextAttribution
from dlexplain.results.explained import MeasuredFact
from dlexplain.results.reports import Chart, ColourBar, Coloured, Rows, Section, Shown, Words
from dlexplain.results.words import capital, evaluations_told, made_visible, missed

DIGITS = 6
"""Significant ones that a report keeps of a figure's numbers."""
STRENGTH = 0.8
SIGNED = "Red speaks for the class, blue against it."
UNSIGNED = "Orange has no sign: the stronger, the more it counted."
LIMITS = (
    "The model has not learnt from inputs with parts taken away, so its answer also tells of what "
    "stands in their place. Noise that the model itself minds moves a right map too. And a "
    "faithful map can show a shortcut that the model took."
)


def chart_of(figure: go.Figure, alt: str, caption: str = "") -> Chart:
    """A figure as plain JSON, without plotly's template and with DIGITS digits."""
    told = figure.to_plotly_json()
    layout = {key: value for key, value in told["layout"].items() if key != "template"}
    plain = json.dumps(_plain({"data": told["data"], "layout": layout}), cls=PlotlyJSONEncoder)
    return Chart(json.loads(plain), alt, caption)


def _plain(value: Any) -> Any:
    """Arrays as lists, numbers rounded, NaN as None."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        if "bdata" in value:
            return _plain(unpacked(value))
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value


def seen(picture: NDArray[np.uint8], name: str) -> Shown:
    """What a model saw, without a map."""
    content, _ = page_image(picture, None, False)
    return Shown(small(content), tr(f"The picture {name} as the model saw it"), tr("The picture"),
                 tr("As the model saw it."))  # fmt: skip


def map_of(found: Attribution, title: str, rival: Attribution | None = None) -> Shown:
    """A map over its picture with its colours' values, and what it took to make it."""
    content, scale = page_image(
        found.picture, found.heatmap, found.signed, STRENGTH, mask=found.mask,
        rival=None if rival is None else rival.heatmap,
    )  # fmt: skip
    assert scale is not None
    alt = tr(f"Map of {found.title} over the picture: what counts for {found.class_question}")
    sign = SIGNED if found.signed else ""
    told = " ".join(filter(None, (tr(f"Why {found.class_question}."), sign, facts_told(found))))
    return Shown(small(content), alt, title, told, bar_of(scale, found.unit))


MOST_BYTES, QUALITY = 150_000, 70
"""Of a picture, from which on it is encoded anew, and at which quality: noise compresses badly, and
a report is to stay below 5 MB."""


def small(content: bytes) -> bytes:
    """A JPEG, of fewer bytes where it has very many."""
    if len(content) <= MOST_BYTES:
        return content
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        image.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def bar_of(scale: Scale, unit: str) -> ColourBar:
    """A map's scale."""
    low, high = (f"{value:.2g}".replace("-", "−") for value in (scale.low, scale.high))
    return ColourBar(tuple(_stops(scale)), low, high, unit, scale.words)


def _stops(scale: Scale) -> Iterable[tuple[float, str]]:
    for place, colour in scale.stops(STRENGTH):
        yield round(place, 4), colour


def facts_told(found: Any) -> str:
    """ "0.21 s, 25 evaluations, completeness error 0.4%." and the result's note."""
    facts = [f"{found.seconds:.2f} s", evaluations_told(found.evaluations)]
    if found.completeness_error is not None:
        facts.append(tr(f"completeness error {found.completeness_error:.1%}"))
    way: Any = getattr(found, "way", "")
    facts = [capital(way), *facts] if way else facts
    return f"{', '.join(facts)}. {found.note or missed(found.completeness_error)}".strip()


def coloured_of(found: TextAttribution) -> Coloured:
    """The text with each word on its colour, and what it took."""
    top, at = strongest(found.values), 0
    pieces: list[tuple[str, float, str]] = []
    rows = zip(found.tokens, found.offsets.tolist(), found.values.tolist(), strict=True)
    for token, (start, stop), value in rows:
        share = 0.0 if top == 0 else max(-1.0, min(1.0, value / top))
        told = f"{value:+.3g} {found.unit}".replace("-", "−")
        if start == stop:  # a mark, which is not of the text
            pieces.append((f"{token} ", round(share, 4), told))
            continue
        if start < at:  # a second piece of the same letter
            continue
        if start > at:
            pieces.append((made_visible(found.text[at:start]), 0.0, ""))
        pieces.append((made_visible(found.text[start:stop]), round(share, 4), told))
        at = stop
    if rest := found.text[at:]:
        pieces.append((made_visible(rest), 0.0, ""))
    sign = SIGNED if found.signed else UNSIGNED
    caption = tr(f"Why {found.class_question}. {sign} {facts_told(found)}")
    return Coloured(tuple(pieces), found.signed, "", caption)


def measured_section(measured: Sequence[MeasuredFact]) -> tuple[Section, ...]:
    """What was measured of the maps; nothing where nothing was."""
    if not measured:
        return ()
    rows = tuple((one.method, one.fact, one.told) for one in measured)
    table = Rows((tr("Method"), tr("Found"), tr("What was measured")), rows)
    return (Section(tr("Can it be believed?"), (table, Words(LIMITS))),)


def rows_of(rows: Sequence[Mapping[str, Any]], caption: str = "") -> Rows:
    """A table of dictionaries with the same keys."""
    columns = tuple(rows[0]) if rows else ()
    return Rows(columns, tuple(tuple(str(row[c]) for c in columns) for row in rows), caption)
