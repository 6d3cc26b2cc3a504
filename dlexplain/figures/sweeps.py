"""A sweep drawn: its history, curves, parameters, importances, and the front of two aims."""

from typing import Any

import plotly.graph_objects as go

from dlexplain.figures.compare import plot_parallel
from dlexplain.figures.curves import shortened
from dlexplain.figures.scales import BLUE, INK, ORANGE, SEQUENTIAL, new_figure, rgba
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import Sweep, plot
from dlexplain.results.sweeps import Aim, Importance, Surface, Trial, told, value_text
from dlexplain.results.words import interval

HEIGHT = 360
MOST_CURVES, LONGEST = 200, 300
"""Lines that are drawn, and letters of a trial's values."""
LEGEND = {"orientation": "h", "y": -0.2}
UNITS = {"latency": (1e3, "ms of one example"), "size": (1e-6, "MB of weights")}
"""Costs that are drawn in other units than they are kept in."""


@plot.register
def plot_history(sweep: Sweep) -> go.Figure:
    """A point a finished trial, in the order in which they began, with its 95% interval where the
    aim is a proportion; and the best until then."""
    known = sweep.finished
    numbers, values, so_far = sweep.history()
    points = {
        **_points(sweep, known, BLUE, "circle", tr("finished")),
        "x": numbers, "y": values,
        "error_y": _bars(sweep.aim, known),
    }  # fmt: skip
    best = {
        "type": "scatter", "mode": "lines", "name": tr("best so far"), "x": numbers, "y": so_far,
        "line": {"color": ORANGE, "width": 2, "shape": "hv"}, "hoverinfo": "skip",
    }  # fmt: skip
    pruned = [t for t in sweep.trials if t.state == "pruned" and t.values]
    ended = {
        **_points(sweep, pruned, INK, "x-thin-open", tr("pruned, at its last epoch")),
        "x": [t.number for t in pruned], "y": [t.values[0] for t in pruned],
    }  # fmt: skip
    return new_figure(
        [points, best, *([ended] if pruned else [])],
        {
            **BASE, "height": HEIGHT, "legend": LEGEND,
            "xaxis": {"title": {"text": tr("trial")}, "automargin": True, "zeroline": False},
            "yaxis": _axis(sweep.aim),
        },
    )  # fmt: skip


def plot_trial_curves(sweep: Sweep) -> go.Figure:
    """The aim after each epoch, a line a trial: the best orange, pruned ones grey, their ends
    marked."""
    best = sweep.best
    drawn = [t for t in sweep.trials if t.curve]
    shown = [t for t in drawn[:-MOST_CURVES] if t is best] + drawn[-MOST_CURVES:]
    shown.sort(key=lambda t: (t.state != "pruned", t is best))
    traces = []
    for trial in shown:
        pruned, colour = trial.state == "pruned", BLUE
        colour = ORANGE if trial is best else INK if pruned else colour
        epochs = list(range(1, len(trial.curve) + 1))
        traces.append(
            {
                "type": "scatter", "mode": "lines+markers", "x": epochs, "y": trial.curve,
                "line": {"color": rgba(colour, 1 if trial is best else 0.55),
                         "width": 3 if trial is best else 1.5},
                "marker": {"size": [0] * (len(epochs) - 1) + [6], "color": colour,
                           "symbol": "x" if pruned else "circle"},
                "hovertemplate": tr(f"trial {trial.number}, epoch %{{x}}: %{{y:.4g}}")
                + f"<br>{shortened(told(trial.params), LONGEST)}<extra></extra>",
            }
        )  # fmt: skip
    return new_figure(
        traces,
        {
            **BASE, "height": HEIGHT, "showlegend": False,
            "xaxis": {"title": {"text": tr("epoch")}, "automargin": True},
            "yaxis": _axis(sweep.aim),
        },
    )  # fmt: skip


def plot_slice(sweep: Sweep, key: str) -> go.Figure:
    """The first aim over one parameter, a point a trial; pruned ones at their last epoch."""
    groups = (
        (sweep.finished, BLUE, "circle", tr("finished")),
        (tuple(t for t in sweep.trials if t.state == "pruned" and t.values),
         INK, "circle-open", tr("pruned, at its last epoch")),
    )  # fmt: skip
    words = any(not _is_number(t.params[key]) for t in sweep.trials if key in t.params)
    traces = [
        {
            **_points(sweep, trials, colour, symbol, name),
            "x": [str(t.params[key]) if words else t.params[key] for t in trials],
            "y": [t.values[0] for t in trials],
        }
        for trials, colour, symbol, name in groups
        if trials
    ]
    kind = "category" if words else "log" if key in sweep.log else "linear"
    return new_figure(
        traces,
        {
            **BASE, "height": HEIGHT, "legend": LEGEND,
            "xaxis": {"title": {"text": key}, "type": kind, "automargin": True, "zeroline": False},
            "yaxis": _axis(sweep.aim),
        },
    )  # fmt: skip


@plot.register
def plot_importance(found: Importance) -> go.Figure:
    """A bar a parameter, the most important on top."""
    names = list(found.shares)[::-1]
    return new_figure(
        {
            "type": "bar", "orientation": "h", "y": names, "x": [found.shares[n] for n in names],
            "marker": {"color": BLUE},
            "error_x": {
                "type": "data", "symmetric": False, "color": INK, "thickness": 1.5,
                "array": [found.within[n][1] - found.shares[n] for n in names],
                "arrayminus": [found.shares[n] - found.within[n][0] for n in names],
            },
            "hovertemplate": tr("%{y}: %{x:.0%} of the variance") + "<extra></extra>",
        },
        {
            **BASE, "height": 90 + 38 * len(names),
            "xaxis": share_axis(tr("part of the variance it explains")),
            "yaxis": {"automargin": True, "fixedrange": True, "type": "category"},
        },
    )  # fmt: skip


def plot_surface(found: Surface, sweep: Sweep) -> go.Figure:
    """Contours over two parameters, and the finished trials; blank where none is near."""
    x, y = found.names
    filled = {
        "type": "contour", "x": found.x, "y": found.y, "z": found.z, "colorscale": SEQUENTIAL,
        "reversescale": sweep.aim.mode == "min", "contours": {"coloring": "heatmap"},
        "line": {"width": 0.5, "color": "rgba(255,255,255,0.5)"}, "hoverinfo": "skip",
        "colorbar": {"thickness": 10, "outlinewidth": 0, "title": {"text": tr(sweep.aim.title),
                     "side": "right"}},
    }  # fmt: skip
    known = sweep.finished
    points = {
        **_points(sweep, known, "white", "circle", tr("finished")),
        "x": [t.params[x] for t in known], "y": [t.params[y] for t in known], "showlegend": False,
    }  # fmt: skip
    points["marker"] |= {"size": 7, "line": {"color": "black", "width": 1}}
    kinds = {key: "log" if key in sweep.log else "linear" for key in (x, y)}
    return new_figure(
        [filled, points],
        {
            **BASE, "height": 420,
            "xaxis": {"title": {"text": x}, "type": kinds[x], "automargin": True},
            "yaxis": {"title": {"text": y}, "type": kinds[y], "automargin": True},
        },
    )  # fmt: skip


def plot_trials(sweep: Sweep) -> go.Figure:
    """Parallel coordinates of the finished trials: a line a trial through its parameters to the
    first aim, which colours it."""
    known = sweep.finished
    columns = {key: [value_text(t.params[key]) for t in known] for key in sweep.varied}
    return plot_parallel(columns, tr(sweep.aim.title), [t.values[0] for t in known])


def plot_aims(sweep: Sweep) -> go.Figure:
    """The front of two aims: the first up, the second across; those that no other dominates are
    joined."""
    first, second = sweep.aims[0], sweep.aims[-1]
    front = sweep.front
    numbers = {t.number for t in front}
    rest = [t for t in sweep.finished if t.number not in numbers]
    factor, title = UNITS.get(second.metric, (1.0, second.title))
    groups = (
        (rest, INK, "circle-open", tr("dominated")),
        (front, BLUE, "circle", tr("on the front")),
    )
    traces = []
    for trials, colour, symbol, name in groups:
        if not trials:
            continue
        trace = {
            **_points(sweep, trials, colour, symbol, name),
            "x": [factor * t.values[1] for t in trials], "y": [t.values[0] for t in trials],
        }  # fmt: skip
        if trials is front:
            trace |= {"mode": "lines+markers", "line": {"color": BLUE, "dash": "dot", "width": 2}}
            trace["error_y"] = _bars(first, trials)
        traces.append(trace)
    return new_figure(
        traces,
        {
            **BASE, "height": 400, "legend": LEGEND,
            "xaxis": {"title": {"text": tr(title)}, "automargin": True, "zeroline": False},
            "yaxis": _axis(first),
        },
    )  # fmt: skip


def _points(
    sweep: Sweep, trials: "tuple[Trial, ...] | list[Trial]", colour: str, symbol: str, name: str
) -> dict[str, Any]:
    texts = [
        tr(f"trial {t.number}") + f": {_values(sweep, t)}<br>{shortened(told(t.params), LONGEST)}"
        for t in trials
    ]
    return {
        "type": "scatter", "mode": "markers", "name": name, "text": texts,
        "marker": {"size": 9, "color": colour, "symbol": symbol,
                   **({"line": {"width": 2}} if symbol.endswith("thin-open") else {})},
        "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _values(sweep: Sweep, trial: Trial) -> str:
    pairs = zip(sweep.aims, trial.values, strict=False)
    return ", ".join(f"{tr(aim.title)} {tr(aim.told(value))}" for aim, value in pairs)


def _bars(aim: Aim, trials: "tuple[Trial, ...] | list[Trial]") -> dict[str, Any]:
    ends = [_ends(aim, t) for t in trials]
    return {
        "type": "data", "symmetric": False, "array": [up for _, up in ends],
        "arrayminus": [down for down, _ in ends], "color": rgba(BLUE, 0.4), "thickness": 1,
        "width": 0,
    }  # fmt: skip


def _ends(aim: Aim, trial: Trial) -> tuple[float, float]:
    """How far down and up the interval of a trial's value goes; 0 without one."""
    value = trial.values[0]
    within = interval(aim.metric, value, trial.n)
    return (value - within[0], within[1] - value) if within else (0.0, 0.0)


def _axis(aim: Aim) -> dict[str, Any]:
    percent = interval(aim.metric, 0.5, 2) is not None
    less = aim.mode == "min"
    return {
        "title": {"text": tr(f"{aim.title} (lower is better)") if less else tr(aim.title)},
        "automargin": True, "zeroline": False,
        "tickformat": ".0%" if percent else "",
    }  # fmt: skip


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
