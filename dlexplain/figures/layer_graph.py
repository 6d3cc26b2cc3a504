"""A model's layers as a graph in Graphviz's language, which the browser draws."""

import json
from collections.abc import Iterable

from dlexplain.language import tr
from dlexplain.results import Layer, Layers

FILLS = (
    (("Conv",), "#CFE3F2"),
    (("Pool",), "#FBE3CC"),
    (("Linear",), "#CDEBDD"),
    (("Norm",), "#EFE3EF"),
)
"""By a part of a layer's kind."""
OTHER = "#E8EAED"
TEXT, LINE = "#1B1F24", "#7A8594"
DEPTH = 2
"""Parts of a name that layers of one block share."""


def graph(found: Layers, every: bool = False) -> str:
    """The graph, from the picture down.

    every  a node a layer; else a node a block: layers whose names begin alike
    """
    groups: dict[str, list[Layer]] = {}
    for layer in found.layers:
        groups.setdefault(layer.name if every else block_of(layer.name), []).append(layer)
    of = {layer.name: group for group, inside in groups.items() for layer in inside}
    lines = [
        "digraph {",
        f'bgcolor="transparent"; node [shape=box, style="rounded,filled", '
        f'fontname="Helvetica,Arial,sans-serif", '
        f'fontsize=11, color="{LINE}", fontcolor="{TEXT}", margin="0.3,0.08"]; '
        f'edge [color="{LINE}", arrowsize=0.6]; ranksep=0.28; nodesep=0.2;',
        _node("picture", f"{tr('picture')}\n{shape_text(found.input_shape)}", OTHER),
    ]
    lines += [_node(name, _label(name, inside), _fill(inside)) for name, inside in groups.items()]
    edges = {
        (of.get(source, source), group): None
        for group, inside in groups.items()
        for layer in inside
        for source in layer.sources
    }
    lines += [f"{_text(a)} -> {_text(b)};" for a, b in edges if a != b]
    return "\n".join([*lines, "}"])


def block_of(name: str) -> str:
    """blocks.3.project.conv -> blocks.3"""
    return ".".join(name.partition("#")[0].split(".")[:DEPTH])


def shape_text(shape: Iterable[int]) -> str:
    """(32, 112, 112) -> 32 × 112 × 112"""
    return " × ".join(str(size) for size in shape)


def _label(name: str, inside: list[Layer]) -> str:
    last = inside[-1]
    if len(inside) == 1:
        told = ", ".join(filter(None, (last.kind, last.settings)))
    else:
        adds = any(layer.adds for layer in inside)
        told = tr(f"{len(inside)} layers, sum") if adds else tr(f"{len(inside)} layers")
    parameters = sum(layer.parameters for layer in inside)
    weights = ", " + tr(f"{parameters:,} parameters") if parameters else ""
    return f"{name}\n{told}\n{shape_text(last.shape_out)}{weights}"


def _fill(inside: list[Layer]) -> str:
    kinds = " ".join(layer.kind for layer in inside)
    for parts, fill in FILLS:
        if any(part in kinds for part in parts):
            return fill
    return OTHER


def _node(name: str, label: str, fill: str) -> str:
    return f'{_text(name)} [label={_text(label)}, fillcolor="{fill}"];'


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
