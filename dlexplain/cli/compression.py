"""The commands compression and export: what compressed models cost, and files for elsewhere."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from dlexplain.cli.saying import Told, kept_when_stopped, print_table, tell_shipped
from dlexplain.cli.writing_files import write_text
from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results.compression import Compression

COLUMNS = {"Model": 34, "One example": 22, "Times as fast": 20, "Best batch": 22, "Size": 8,
           "Zipped": 8, "Zeros": 6, "Memory": 8}  # fmt: skip


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    added = command(
        "compression",
        _compression,
        "Measure compressed models in turn with their original: score, size, memory, time.",
    )
    added.add_argument("model", metavar="MODEL", help="the original: a name, run id or path")
    added.add_argument(
        "others",
        metavar="OTHER",
        nargs="*",
        help="models to compare; default: its compressed versions among the runs",
    )
    added.add_argument("--turns", type=int, metavar="N", help="of every model; default: 15")
    added.add_argument("--limit", type=int, metavar="N", help="largest batch; default: 64")
    added.add_argument("--csv", metavar="FILE", help="write a row a model")
    added.add_argument("--html", metavar="FILE", help="write the front as a picture")
    added.add_argument(
        "--by", default="latency", metavar="COST", help="of the picture: latency, size, ..."
    )
    added.add_argument("--out", metavar="DIR", help="where what is done is kept")
    added.add_argument(
        "--resume", action="store_true", help="go on with what an earlier call has left in DIR"
    )
    added.add_argument(
        "--ship",
        action="store_true",
        help="put the result beside the model, so that it comes along with dlexplain",
    )
    added.add_argument(
        "--sweep",
        action="append",
        metavar="WAY[:STRENGTH,...]",
        help="start a run for each instead, such as low-rank:0.9,0.7; may be given several times",
    )
    added.add_argument("--epochs", type=int, default=0, metavar="N", help="of each run of a sweep")
    added.add_argument("--data-path", default="", metavar="PATH", help="where the data set is")
    exported = command(
        "export", _export, "Write a model as ONNX, a program of torch.export, or safetensors."
    )
    exported.add_argument("model", metavar="MODEL", help="a name, run id or path")
    exported.add_argument(
        "file", metavar="FILE.onnx|FILE.pt2|FOLDER", help="a new file, or a new folder"
    )
    listed = command("exports", _exports, "List what was exported where.")
    listed.add_argument("--model", default="", metavar="MODEL", help="of this one only")


def _compression(args: argparse.Namespace) -> int:
    from dlexplain.results.compression import COSTS
    from dlexplain.services.compress.measuring import LIMIT, TURNS, measure_compression
    from dlexplain.services.compress.shipped import ship
    from dlexplain.services.jobs import Progress

    if args.by not in COSTS:
        raise BadInput(f'--by is "{args.by}"; {", ".join(COSTS)} are accepted')
    if args.sweep:
        return _sweep(args)
    with kept_when_stopped(args.out):
        found = measure_compression(
            args.model,
            args.others or None,
            TURNS if args.turns is None else args.turns,
            LIMIT if args.limit is None else args.limit,
            args.out,
            args.resume,
            Progress(report=Told("measurements")),
        )
    if args.csv:
        write_text(Path(args.csv), found.to_csv())
    if args.html:
        from dlexplain.figures.compression import plot_front

        write_text(Path(args.html), plot_front(found, args.by).to_html())
    print(json.dumps(found.to_dict(), indent=1) if args.json else _told(found))
    if args.ship:
        tell_shipped(ship(found), args.json)
    return 0


def _sweep(args: argparse.Namespace) -> int:
    from dlexplain.services.compress.sweeping import read_ways, sweep, sweep_specs

    if args.others:
        raise BadInput("--sweep makes versions of one model; others are given too")
    specs = sweep_specs(args.model, read_ways(args.sweep), args.epochs, data_path=args.data_path)
    records = sweep(specs)
    if args.json:
        print(json.dumps([record.to_dict() for record in records], indent=1))
        return 0
    for record in records:
        print(f"run {record.id} is {record.state}: {record.name}")
    print(f"when they have finished, measure them: dlexplain compression {args.model}")
    return 0


def _told(found: "Compression") -> str:
    rows = found.rows()
    score = next(key for key in rows[0] if key not in COLUMNS)
    widths = {"Model": COLUMNS["Model"], score: 34, **COLUMNS}
    lines = [f"{found.model}: {found.inputs} an example, {found.done} turns; {found.machine.told}"]
    lines.append("  ".join(f"{key:{width}}" for key, width in widths.items()).rstrip())
    lines += [
        "  ".join(f"{row[key][:width]:{width}}" for key, width in widths.items()).rstrip()
        for row in rows
    ]
    for by in ("latency", "size"):
        labels = {m.name: m.label for m in found.models}
        knee = found.knee(by)
        told = f"; knee: {labels[knee]}" if knee else ""
        lines.append(f"front by {by}: {', '.join(labels[n] for n in found.front(by))}{told}")
    return "\n".join([*lines, found.told, *found.notes])


def _export(args: argparse.Namespace) -> int:
    from dlexplain.services.compress.exporting import export

    done = export(args.model, args.file)
    if args.json:
        print(json.dumps(done.to_dict(), indent=1))
    else:
        print("\n".join([done.told, *done.notes]))
    return 0


def _exports(args: argparse.Namespace) -> int:
    from dlexplain.services.compress.exports import export_rows, exports
    from dlexplain.trained.catalogue import find

    found = exports(args.model)
    if args.json:
        print(json.dumps([one.to_dict() for one in found], indent=1))
        return 0
    if not found and args.model:
        find(args.model)  # what is not known is said
        print(f"nothing was exported yet of {args.model}; dlexplain export MODEL FILE.onnx does")
    elif not found:
        print("nothing was exported yet; dlexplain export MODEL FILE.onnx does")
    else:
        print_table(export_rows(found))
    return 0
