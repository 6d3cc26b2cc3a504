"""Commands that look inside picture models: layers, receptive-field."""

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlexplain.cli import Commands


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    layers = command("layers", _layers, "A picture model's layers, their shapes and their cost.")
    layers.add_argument(
        "--graph", action="store_true", help="print the graph in Graphviz's language instead"
    )
    field = command("receptive-field", _field, "Which pixels a unit of a layer sees.")
    field.add_argument(
        "--layer", required=True, help="see: dlexplain layers; a block's name means its last layer"
    )
    field.add_argument("--row", type=int, metavar="N", help="of the unit; default: the middle")
    field.add_argument("--column", type=int, metavar="N", help="of the unit; default: the middle")
    for added in (layers, field):
        added.add_argument("--model", default="", help="default: efficientnet-lite0")


def _layers(args: argparse.Namespace) -> int:
    from dlexplain.figures.layer_graph import graph, shape_text
    from dlexplain.services.layers.listing import layers

    found = layers(args.model)
    if args.graph:
        print(graph(found))
        return 0
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    print(
        f"{found.model}: {len(found.layers)} layers, {found.parameters:,} parameters, "
        f"{found.multiply_adds:,} multiply-adds for one picture {shape_text(found.input_shape)}"
    )
    wide = max(len(layer.name) for layer in found.layers)
    for layer in found.layers:
        told = ", ".join(filter(None, (layer.kind, layer.settings)))
        print(
            f"  {layer.name:{wide}}  {shape_text(layer.shape_out):16} {layer.parameters:>11,} "
            f"{layer.multiply_adds:>13,}  {told}"
        )
    return 0


def _field(args: argparse.Namespace) -> int:
    from dlexplain.figures.layer_graph import shape_text
    from dlexplain.services.layers.receptive_fields import receptive_field

    found = receptive_field(args.model, args.layer, args.row, args.column)
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    box = found.analysed
    print(f"{found.model}, {found.layer}, row {found.row}, column {found.column}")
    print(f"  sees rows {box.top} to {box.bottom}, columns {box.left} to {box.right}")
    print(f"  {shape_text(found.size)} pixels without the picture's edge")
    print("  the gradient " + ("agrees" if found.agrees else f"says {found.by_gradient}"))
    return 0
