"""The commands explain-many and attack-many: very many pictures in shards, here or on a cluster."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from dlexplain.cli.attacking import fraction
from dlexplain.cli.explaining import DEFAULT_METHOD, DEFAULT_MODEL, FIT_HELP, key_value
from dlexplain.cli.saying import Told, check_params, complain, kept_when_stopped

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results.many import ManyPictures


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    explaining = command(
        "explain-many",
        _explain_many,
        "Explain very many pictures, in Parquet files, here or on a Ray cluster.",
    )
    _declare(explaining, f"see: dlexplain methods; default: {DEFAULT_METHOD}")
    attacking = command(
        "attack-many",
        _attack_many,
        "Attack very many pictures, in Parquet files, here or on a Ray cluster.",
    )
    _declare(attacking, "an attack; default: pgd")
    attacking.add_argument(
        "--epsilon",
        type=fraction,
        metavar="E",
        help="the budget, such as 8/255 or 0.5, in l0 a number of pixels; default: the usual one",
    )
    attacking.add_argument("--norm", default="", help="linf, l2 or l0; default: the attack's own")
    attacking.add_argument("--seed", type=int, default=0, help="of what is drawn; default: 0")


def _declare(many: argparse.ArgumentParser, method: str) -> None:
    many.add_argument("source", metavar="FOLDER_OR_ZIP")
    many.add_argument("--model", help=f"default: {DEFAULT_MODEL}")
    many.add_argument("--method", help=method)
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
        "--on", choices=("local", "ray"), default="local", help="ray: the cluster that is set"
    )
    many.add_argument(
        "--workers", type=int, default=0, help="on ray, at most; default: as many as there is room"
    )
    many.add_argument("--cpus", type=int, default=1, help="processors of each worker on ray")
    many.add_argument("--shard", type=int, default=64, help="pictures of a file; default: 64")
    many.add_argument(
        "--resume", action="store_true", help="go on with what an earlier call has left in DIR"
    )


def _how(args: argparse.Namespace) -> dict[str, Any]:
    """What both jobs take."""
    from dlexplain.services.jobs import Progress

    names = ("out", "on", "workers", "cpus", "shard", "fit", "resume")
    how = {name: getattr(args, name) for name in names}
    return how | {"progress": Progress(report=Told("pictures"))}


def _explain_many(args: argparse.Namespace) -> int:
    from dlexplain.services.many.explaining import explain_many
    from dlexplain.services.pictures.explain import method_infos

    params: dict[str, Any] = dict(key_value(text) for text in args.set)
    check_params(params, args.method or DEFAULT_METHOD, method_infos())
    with kept_when_stopped(args.out):
        found = explain_many(
            args.model or DEFAULT_MODEL, args.source, args.method or "", **_how(args), **params
        )
    return _print(found, args.json, [])


def _attack_many(args: argparse.Namespace) -> int:
    from dlexplain.params import check_names
    from dlexplain.services.attack.pictures import known_attacks
    from dlexplain.services.many.attacking import attack_many

    params: dict[str, Any] = dict(key_value(text) for text in args.set)
    method = args.method or "pgd"
    check_names(params, known_attacks()[method].specs())
    budget = {"epsilon": args.epsilon, "norm": args.norm, "seed": args.seed}
    with kept_when_stopped(args.out):
        found = attack_many(
            args.model or DEFAULT_MODEL, args.source, method, **budget, **_how(args), **params
        )
    told = [f"Fooled within {found.budget_told}: {found.fooled:,} of {found.attacked:,}"]
    told += [f"Right and not fooled: {found.robust_told}"] if found.robust_told else []
    return _print(found, args.json, told)


def _print(found: "ManyPictures", as_json: bool, answers: list[str]) -> int:
    for problem in (*found.lost, *found.problems):
        complain(problem)
    if found.refused > len(found.problems):
        complain(f"and {found.refused - len(found.problems):,} more, in the column error")
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
        return 1 if found.refused else 0
    earlier = f", {found.earlier:,} of them done earlier" if found.earlier else ""
    print(f"{found.source}: {found.pictures:,} pictures{earlier}, {found.title} by {found.model}")
    if found.damaged:
        were = "shard was" if found.damaged == 1 else "shards were"
        print(f"  {found.damaged:,} {were} damaged and done again")
    if found.accuracy_told:
        print(f"  Accuracy: {found.accuracy_told}")
    for line in answers:
        print(f"  {line}")
    if found.refused:
        print(f"  Without an answer: {found.refused:,}")
    print(f"  digest {found.digest[:16]}")
    files = "1 file" if found.shards == 1 else f"{found.shards:,} files"
    print(f"  {found.folder}: {files} in shards/, manifest.json")
    return 1 if found.refused else 0
