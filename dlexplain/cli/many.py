"""Commands over very many pictures in shards, here or on a cluster: explain, attack, quality."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlexplain.cli.attacking import fraction
from dlexplain.cli.explaining import DEFAULT_METHOD, DEFAULT_MODEL, FIT_HELP, key_value
from dlexplain.cli.quality import named_params
from dlexplain.cli.saying import Told, check_params, complain, kept_when_stopped

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import ManyQuality
    from dlexplain.results.many import ManyPictures

NAMED = "NAME.KEY=VALUE"


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    explaining = command(
        "explain-many",
        _explain_many,
        "Explain very many pictures, in Parquet files, here or on a Ray cluster.",
    )
    _declare_one(explaining, f"see: dlexplain methods; default: {DEFAULT_METHOD}")
    attacking = command(
        "attack-many",
        _attack_many,
        "Attack very many pictures, in Parquet files, here or on a Ray cluster.",
    )
    _declare_one(attacking, "an attack; default: pgd")
    attacking.add_argument(
        "--epsilon",
        type=fraction,
        metavar="E",
        help="the budget, such as 8/255 or 0.5, in l0 a number of pixels; default: the usual one",
    )
    attacking.add_argument("--norm", default="", help="linf, l2 or l0; default: the attack's own")
    attacking.add_argument("--seed", type=int, default=0, help="of what is drawn; default: 0")
    quality = command(
        "quality-many",
        _quality_many,
        "Measure how far explanations of very many pictures can be believed, in Parquet files, "
        "here or on a Ray cluster.",
    )
    _declare(quality)
    quality.add_argument(
        "--method", action="append", default=[], help="several may be given; default: the usual one"
    )
    quality.add_argument(
        "--metric",
        action="append",
        default=[],
        help="several may be given; default: those of faithfulness and complexity, which do not "
        "ask the method again",
    )
    quality.add_argument(
        "--set",
        action="append",
        default=[],
        metavar=NAMED,
        help="a parameter of a method or metric, such as rise.samples=400",
    )
    quality.add_argument("--seed", type=int, default=0, help="of what is drawn; default: 0")


def _declare_one(many: argparse.ArgumentParser, method: str) -> None:
    """Of a job by one method."""
    _declare(many)
    many.add_argument("--method", help=method)
    many.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a method's parameter"
    )


def _declare(many: argparse.ArgumentParser) -> None:
    many.add_argument("source", metavar="FOLDER_OR_ZIP")
    many.add_argument("--model", help=f"default: {DEFAULT_MODEL}")
    many.add_argument("--fit", metavar="FIT", help=FIT_HELP)
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
    """What all jobs take."""
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


def _quality_many(args: argparse.Namespace) -> int:
    from dlexplain.services.many.measuring import quality_many

    params = named_params(args.set, NAMED)
    with kept_when_stopped(args.out):
        found = quality_many(
            args.model or DEFAULT_MODEL, args.source, args.method, args.metric, seed=args.seed,
            params=params, **_how(args),
        )  # fmt: skip
    return _print(found, args.json, _means(found.measured))


def _means(measured: Sequence["ManyQuality"]) -> list[str]:
    """A line a metric, below its method."""
    lines = []
    for place, one in enumerate(measured):
        if place == 0 or measured[place - 1].method != one.method:
            lines.append(f"{one.method}, means over pictures with 95% intervals:")
        lines.append(f"  {one.told}")
    return lines


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
