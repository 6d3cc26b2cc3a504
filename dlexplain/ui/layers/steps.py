"""Convolution, activation and pooling in numbers, at one place."""

import numpy as np
import streamlit as st

from dlexplain.figures.layers import framed
from dlexplain.language import tr
from dlexplain.results import ConvolutionStep, StageStep
from dlexplain.services.layers.stepping import convolutions
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui import cache as models
from dlexplain.ui.cards import download
from dlexplain.ui.layers import cache
from dlexplain.ui.layers.choice import Kept, choose_layer, choose_unit
from dlexplain.ui.layers.field import most_active
from dlexplain.ui.layers.numbers import grid, number, said, show_row, together
from dlexplain.ui.markdown import literal

WRITTEN = 4
"""Input channels whose tables are written out; the others are summed."""


def show_steps(name: str, picture: Picture, opened: bool) -> Kept:
    """The view; returns what of it is to be in the address."""
    names = convolutions(models.model(name))
    if not names:
        st.info(tr("This model has no convolution to step through."))
        return {}
    layer = choose_layer(cache.layers(name), opened, names, lambda layers: layers[0].name)
    maps = cache.maps(name, picture, layer.name, "largest")
    unit = choose_unit(
        name,
        layer,
        opened,
        lambda: int(maps.order[0]),
        lambda channel: most_active(name, picture, layer, channel),
    )
    found = cache.steps(name, picture, layer.name, unit)
    left, right = st.columns([1, 3], gap="large")
    left.image(
        framed(maps.picture, cache.frame(name, layer.name, unit)),
        caption=tr("What the model sees; in the frame what the value is computed from."),
        alt=tr("The picture as the model sees it, with a frame"),
    )
    with right:
        _convolution(found.convolution, layer.name == names[0])
    for index, stage in enumerate(found.stages, 2):
        _stage(stage, index)
    st.markdown(tr(found.ended))
    st.caption(
        tr(
            "Worked out in 64 bits from the network's own weights and values; the network's "
            "result in "
            f"32 bits differs by {found.difference:.1e} at most."
        )
    )
    download("JSON", found.to_dict, f"{name}-{layer.name}-steps.json", "layers-steps-json")
    channel, row, column = unit
    kept = {"layer": layer.name, "channel": str(channel)}
    return {**kept, "row": str(row), "column": str(column)}


def _convolution(step: ConvolutionStep, of_picture: bool) -> None:
    st.subheader(tr("1. Convolution"))
    down, across = (f"{n if n > 1 else ''}{m}" for n, m in zip(step.stride, "mn", strict=True))
    formula = rf"y[m,n]=\sum_{{c,p,q}} x[c,{down}+p,{across}+q]\;k[c,p,q]+b"
    st.markdown(tr(f"${formula}$: the patch times the kernel, number by number, and all added up."))
    sums = step.sums
    if len(sums) > WRITTEN:
        st.caption(
            tr(
                f"Of {len(sums)} input channels the {WRITTEN} that add most, either way, come "
                "first."
            )
        )
    elif len(sums) > 1:
        st.caption(tr("The input channel that adds most, either way, comes first."))
    order = np.argsort(-np.abs(sums), kind="stable")
    for place in order[:WRITTEN].tolist():
        show_row(
            [
                said(f"channel {step.inputs[place]}"),
                together(
                    [
                        grid(step.patch[place]),
                        said("×"),
                        grid(step.kernel[place]),
                        said(f"= {number(sums[place])}", 600),
                    ]
                ),
            ]
        )
    left = order[WRITTEN:]
    if len(left):
        rest = float(sums[left].sum())
        st.markdown(
            tr(f"The other {len(left)} channels, whose sums are smaller, add {number(rest)}.")
        )
    parts = [number(sums[place]) for place in order[:WRITTEN].tolist()]
    parts += [number(float(sums[left].sum()))] if len(left) else []
    parts += [f"{number(step.bias)} (bias)"] if step.bias else []
    total = " + ".join(parts).replace("+ −", "− ")
    equals = f"{total} = " if len(parts) > 1 else ""
    st.markdown(f"{equals}**{number(step.value)}**" + ("" if step.bias else tr(", without a bias")))
    about = "The patch is of the picture as the network takes it, (pixel - mean) / scale. "
    height, width = step.patch.shape[1:]
    st.caption(
        (tr(about) if of_picture else "")
        + tr(
            f"Rows {step.top} to {step.top + height - 1}, columns {step.left} to "
            f"{step.left + width - 1} of its input; zeros outside of it are padding. Hover over a "
            "number for more of its digits."
        )
    )


def _stage(stage: StageStep, place: int) -> None:
    titles = {"norm": "Norm", "activation": "Activation", "maximum": "Pooling", "mean": "Pooling"}
    st.subheader(f"{place}. {tr(titles[stage.kind])}")
    if stage.kind in ("norm", "activation"):
        x = number(float(stage.window[0, 0]))
        st.markdown(
            tr(f"{literal(stage.layer)}: `{stage.formula}` of x = {x} is **{number(stage.value)}**")
        )
        return
    height, width = stage.window.shape
    marked = None
    if stage.kind == "maximum":
        first = np.unravel_index(int(np.argmax(stage.window)), stage.window.shape)
        marked = (int(first[0]), int(first[1]))
    show_row(
        [
            said(f"{stage.layer}: {stage.formula} of {height} × {width}"),
            together([grid(stage.window, marked), said(f"= {number(stage.value)}", 600)]),
        ]
    )
    st.caption(tr(f"It becomes row {stage.row}, column {stage.column} of the pooled map."))
