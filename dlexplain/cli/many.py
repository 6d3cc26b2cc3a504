"""The command explain-many: very many pictures in shards, here or on a Ray cluster."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from dlexplain.cli.explaining import DEFAULT_METHOD, DEFAULT_MODEL, FIT_HELP, key_value
from dlexplain.cli.saying import Told, check_params, complain, kept_when_stopped

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import ExplainedMany


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    many = command(
        "explain-many",
        _explain_many,
        "Explain very many pictures, in Parquet files, here or on a Ray cluster.",
    )
    many.add_argument("source", metavar="FOLDER_OR_ZIP")
    many.add_argument("--model", help=f"default: {DEFAULT_MODEL}")
    many.add_argument("--method", help=f"see: dlexplain methods; default: {DEFAULT_METHOD}")
    many.add_argument("--fit", metavar="FIT", help=FIT_HELP)
    many.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a method's parameter"
    )
    many.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="where shards/*.parquet are kept as they come, and at the end manifest.json",
    )
    many.add_argument(
        "--on", choices=("local", "ray"), default="local", help="ray: the cluster of DLEXPLAIN_RAY"
    )
    many.add_argument(
        "--workers", type=int, default=0, help="on ray, at most; default: as many as there is room"
    )
    many.add_argument("--cpus", type=int, default=1, help="processors of each worker on ray")
    many.add_argument("--shard", type=int, default=64, help="pictures of a file; default: 64")
    many.add_argument(
        "--resume", action="store_true", help="go on with what an earlier call has left in DIR"
    )


def _explain_many(args: argparse.Namespace) -> int:
    from dlexplain.services.jobs import Progress
    from dlexplain.services.many.job import explain_many
    from dlexplain.services.pictures.explain import method_infos

    params: dict[str, Any] = dict(key_value(text) for text in args.set)
    check_params(params, args.method or DEFAULT_METHOD, method_infos())
    with kept_when_stopped(args.out):
        found = explain_many(
            args.model or DEFAULT_MODEL,
            args.source,
            args.method or "",
            out=args.out,
            on=args.on,
            workers=args.workers,
            cpus=args.cpus,
            shard=args.shard,
            fit=args.fit,
            resume=args.resume,
            progress=Progress(report=Told("pictures")),
            **params,
        )
    for problem in (*found.lost, *found.problems):
        complain(problem)
    if found.refused > len(found.problems):
        complain(f"and {found.refused - len(found.problems):,} more, in the column error")
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
    else:
        _print(found)
    return 1 if found.refused else 0


def _print(found: "ExplainedMany") -> None:
    earlier = f", {found.earlier:,} of them done earlier" if found.earlier else ""
    print(f"{found.source}: {found.pictures:,} pictures{earlier}, {found.title} by {found.model}")
    if found.damaged:
        were = "shard was" if found.damaged == 1 else "shards were"
        print(f"  {found.damaged:,} {were} damaged and done again")
    if found.accuracy_told:
        print(f"  Accuracy: {found.accuracy_told}")
    if found.refused:
        print(f"  {found.refused:,} could not be read")
    print(f"  digest {found.digest[:16]}")
    files = "1 file" if found.shards == 1 else f"{found.shards:,} files"
    print(f"  {found.folder}: {files} in shards/, manifest.json")
