"""Commands that make trained models smaller: compress and compressions."""

import argparse
import json
from typing import TYPE_CHECKING

from dlexplain.cli.runs import follow, tell_launched
from dlexplain.results.words import capital

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import RunRecord

WIDEST = 44


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    added = command("compress", _compress, "Make a trained model smaller, in the background.")
    added.add_argument(
        "model", metavar="MODEL", help="of the zoo, a run's id, or the path of a run's folder"
    )
    added.add_argument(
        "--how",
        nargs="?",
        default="magnitude",
        const="",
        metavar="NAME",
        help="a way of compressing; without a name they are listed; default: %(default)s",
    )
    added.add_argument(
        "--epochs", type=int, default=0, metavar="N", help="train on so long; default: %(default)s"
    )
    added.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE",
        help="any parameter of the way or of the training, such as sparsity=0.8",
    )  # fmt: skip
    added.add_argument(
        "--data",
        default="",
        metavar="PATH",
        help="where its data set lies, if not where the training found it",
    )
    added.add_argument("--name", default="", help="a title for the run")
    added.add_argument("--wait", action="store_true", help="follow it and return when it has ended")
    command("compressions", _compressions, "List ways of making a trained model smaller.")


def _compress(args: argparse.Namespace) -> int:
    from dlexplain.services.training.compression_specs import completed_compression
    from dlexplain.services.training.runs import launch

    if not args.how:
        return _compressions(args)
    told = completed_compression(args.model, args.how, args.epochs, args.set, args.data, args.name)
    record = launch(told)
    if not args.wait:
        return tell_launched(record, args.json)
    status = follow(record, args.json)
    if not args.json and status == 0:
        _print_layers(record)
    return status


def _print_layers(record: "RunRecord") -> None:
    from dlexplain.services.training.compression_runs import compressed_layers

    found = compressed_layers(record)
    if found is None:
        return
    first, *columns = found.columns
    print(f"\n{first:{WIDEST}}" + "".join(f"{name:>16}" for name in columns))
    for name, *cells in found.cells:
        told = (f"{cell:>16,.4g}" if isinstance(cell, float) else f"{cell:>16,}" for cell in cells)
        print(f"{str(name)[-WIDEST:]:{WIDEST}}" + "".join(told))


def _compressions(args: argparse.Namespace) -> int:
    from dlexplain.services.training.compression_specs import compressions

    ways = compressions()
    if args.json:
        rows = [
            {
                "name": way.name,
                "title": way.title,
                "description": way.description,
                "params": {name: vars(spec) for name, spec in way.params.items()},
            }
            for way in ways
        ]
        print(json.dumps(rows, indent=1, default=str))
        return 0
    for way in ways:
        print(f"{way.name:18}{way.description}")
        for name, spec in way.params.items():
            print(f"{'':18}--set {name}={spec.default}: {spec.accepts}. {capital(spec.help)}")
    return 0
