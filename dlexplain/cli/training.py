"""Commands that begin trainings: train, find-lr, data."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.cli.runs import follow, tell_launched
from dlexplain.cli.saying import complain
from dlexplain.errors import BadInput, SpecError

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import RunRecord
    from dlexplain.services.training.catalogue import RunSpec

CLASSES = 20
"""Up to how many the classes of the data are listed one by one."""


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    train = command("train", _train, "Train a model in the background; --wait for its end.")
    declare_spec(train)
    train.add_argument(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="one run with each of N seeds, from --seed",
    )
    train.add_argument("--wait", action="store_true", help="follow it and return when it has ended")

    rate = command("find-lr", _find_rate, "Suggest a learning rate by a short search.")
    declare_spec(rate)
    command("data", _data, "List data sets, where they are, how to get the rest; and presets.")


def declare_spec(parser: argparse.ArgumentParser) -> None:
    """Add the options that say a run's spec, for `asked_spec`."""
    parser.add_argument("--preset", metavar="NAME", help="see: dlexplain data")
    parser.add_argument("--spec", metavar="FILE.json", help="a spec, as run ID --json prints it")
    parser.add_argument("--task", help="such as classify-image or forecast")
    parser.add_argument("--data", metavar="NAME", help="see: dlexplain data")
    parser.add_argument("--model", metavar="NAME", help="such as cnn, resnet9 or lstm-forecaster")
    parser.add_argument(
        "--parent",
        metavar="NAME",
        help="begin with the weights of a zoo model or run; how: --set transfer.learns=head",
    )
    parser.add_argument("--data-path", metavar="PATH", help="where the data set is")
    parser.add_argument("--name", help="a title for the run")
    parser.add_argument(
        "--device", help="auto, cpu, cuda, cuda:N or mps; ray for a cluster, see docs/scale.md"
    )
    parser.add_argument("--seed", type=int, help="0 to 2147483647")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="any parameter"
    )


def _train(args: argparse.Namespace) -> int:
    from dlexplain.services.training.runs import launch_seeds

    spec = asked_spec(args)
    if not args.json:
        _tell_balance(spec)
    records = launch_seeds(spec, args.seeds)
    if len(records) > 1:
        return _tell_family(records, args)
    if not args.wait:
        return tell_launched(records[0], args.json)
    return follow(records[0], args.json)


def _tell_family(records: "Sequence[RunRecord]", args: argparse.Namespace) -> int:
    """Of the runs of several seeds; exit status 1 where one was awaited and did not finish."""
    from dlexplain.services.training.runs import wait_for

    family = records[0].family
    if not args.json:
        print(f"{len(records)} runs of family {family}: {', '.join(r.id for r in records)}")
        print(f"compare them: dlexplain compare {family}")
    if args.wait:
        records = [wait_for(record.id) for record in records]
    if args.json:
        print(json.dumps([record.to_dict() for record in records], indent=1))
    elif args.wait:
        for record in records:
            print(f"run {record.id}, seed {record.flat['seed']}, is {record.state}")
    return int(args.wait and any(record.state != "finished" for record in records))


def _tell_balance(spec: "RunSpec") -> None:
    """Print what a classifier would be trained on, the classes one by one where they are few."""
    from dlexplain.services.training.balance import class_balance

    found = class_balance(spec)
    if found is None:
        return
    print(found.split_words)
    for row in found.rows() if len(found.classes) <= CLASSES else []:
        name, *counts = row.values()
        print(f"  {name[:24]:26}" + "".join(f"{count:>10,}" for count in counts))
    for sentence in found.few():
        complain(sentence)


def asked_spec(args: argparse.Namespace, base: "RunSpec | None" = None) -> "RunSpec":
    """From --preset or --spec, or --parent, or --task, --data and --model, changed by the other
    options; or from a base, changed by all that say what is trained and how."""
    from dataclasses import replace

    from dlexplain.services.training.catalogue import RunSpec, completed_with, with_data_path
    from dlexplain.services.training.parents import begun_with
    from dlexplain.services.training.presets import PRESETS

    if args.preset and args.spec:
        raise BadInput("--preset and --spec are both given; choose one of them")
    tops = ("task", "data", "model", "parent", "name", "device", "seed")
    named = {key: getattr(args, key) for key in tops}
    named = {key: value for key, value in named.items() if value is not None}
    if base is not None:
        spec = replace(base, **named)
    elif args.preset:
        spec = replace(PRESETS[args.preset].spec, **named)
    elif args.spec:
        spec = replace(_spec_file(Path(args.spec)), **named)
    elif args.parent:
        theirs = begun_with(args.parent)
        own = {key: getattr(theirs, key) for key in ("task", "model", "data", "name")}
        if not theirs.data:  # trained elsewhere
            own["training"] = theirs.training
        if named.get("data") in (None, theirs.data):
            own["data_params"] = theirs.data_params
        spec = RunSpec(**{**own, **named})
    else:
        missing = [f"--{key}" for key in ("task", "data", "model") if key not in named]
        if missing:
            raise SpecError([f"{', '.join(missing)} missing; or give --preset, --spec or --parent"])
        spec = RunSpec(**named)
    spec = with_data_path(spec, args.data_path) if args.data_path else spec
    return completed_with(spec, args.set)


def _spec_file(file: Path) -> "RunSpec":
    from dlexplain.services.training.catalogue import RunSpec

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: {error}") from error
    return RunSpec.from_json(text)


def _find_rate(args: argparse.Namespace) -> int:
    from dlexplain.services.training.catalogue import complete
    from dlexplain.services.training.rate_finding import find_rate

    def told(text: str) -> None:
        print(text, file=sys.stderr)

    found = find_rate(complete(asked_spec(args)), told)
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    broke = ", where the loss broke away" if found.diverged else ""
    print(f"{len(found.rates)} steps, from {found.rates[0]:.2g} to {found.rates[-1]:.2g}{broke}")
    if found.suggestion is None:
        print("these are too few to suggest a rate")
    else:
        print(f"the loss falls most steeply at {found.suggestion:.2g}: a rate to begin with")
    return 0


def _data(args: argparse.Namespace) -> int:
    from dlexplain.results.words import duration
    from dlexplain.services.training.catalogue import all_data
    from dlexplain.services.training.presets import PRESETS, preset_seconds

    found = all_data()
    if args.json:
        rows: list[dict[str, Any]] = [
            {"name": choice.name, "title": choice.title, **vars(status)} for choice, status in found
        ]
        presets = [{"name": p.name, "spec": p.spec.to_dict()} for p in PRESETS.values()]
        print(json.dumps({"data": rows, "presets": presets}, indent=1))
        return 0
    for choice, status in found:
        print(f"{choice.name:18}{choice.title}")
        print(f"{'':18}{'there: ' + status.where if status.there else status.how}")
    print("\nPresets, for train --preset:")
    for preset in PRESETS.values():
        seconds = preset_seconds(preset.name)
        takes = f" About {duration(seconds)} on two cores." if seconds else ""
        print(f"{preset.name:18}{preset.description}{takes}")
    return 0
