"""Commands of trainings: train, runs, run, cancel, resume, data."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.cli.saying import complain
from dlexplain.errors import BadInput, SpecError

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import RunRecord
    from dlexplain.services.training.catalogue import RunSpec

FOLLOW_SECONDS = 1.0


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    train = command("train", _train, "Train a model in the background; --wait for its end.")
    train.add_argument("--preset", metavar="NAME", help="see: dlexplain data")
    train.add_argument("--spec", metavar="FILE.json", help="a spec, as run ID --json prints it")
    train.add_argument("--task", help="such as classify-image or forecast")
    train.add_argument("--data", metavar="NAME", help="see: dlexplain data")
    train.add_argument("--model", metavar="NAME", help="such as cnn, resnet9 or lstm-forecaster")
    train.add_argument("--data-path", metavar="PATH", help="where the data set is")
    train.add_argument("--name", help="a title for the run")
    train.add_argument("--device", help="auto, cpu, cuda, cuda:N or mps")
    train.add_argument("--seed", type=int, help="0 to 2147483647")
    train.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="any parameter"
    )
    train.add_argument("--wait", action="store_true", help="follow it and return when it has ended")

    command("runs", _runs, "List the runs.")
    run = command("run", _run, "Show one run.")
    run.add_argument("id", metavar="ID", help="or a unique beginning of it")
    run.add_argument("--follow", action="store_true", help="until it has ended")
    for name, what, summary in (
        ("cancel", _cancel, "Ask a run to save and stop."),
        ("resume", _resume, "Go on from a run's last checkpoint."),
    ):
        command(name, what, summary).add_argument("id", metavar="ID")
    command("data", _data, "List data sets, where they are, how to get the rest; and presets.")


def _train(args: argparse.Namespace) -> int:
    from dlexplain.services.training.runs import launch

    record = launch(_spec(args))
    if not args.wait:
        if args.json:
            print(json.dumps(record.to_dict(), indent=1))
        else:
            print(
                f"run {record.id} is {record.state}; follow it: dlexplain run {record.id} --follow"
            )
        return 0
    return _follow(record, args.json)


def _spec(args: argparse.Namespace) -> "RunSpec":
    """From --preset or --spec or --task, --data and --model, changed by the other options."""
    from dataclasses import replace

    from dlexplain.services.training.catalogue import RunSpec, completed_with, with_data_path
    from dlexplain.services.training.presets import PRESETS

    if args.preset and args.spec:
        raise BadInput("--preset and --spec are both given; choose one of them")
    named = {k: getattr(args, k) for k in ("task", "data", "model", "name", "device", "seed")}
    named = {key: value for key, value in named.items() if value is not None}
    if args.preset:
        spec = replace(PRESETS[args.preset].spec, **named)
    elif args.spec:
        spec = replace(_spec_file(Path(args.spec)), **named)
    else:
        missing = [f"--{key}" for key in ("task", "data", "model") if key not in named]
        if missing:
            raise SpecError([f"{', '.join(missing)} missing; or give --preset or --spec"])
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


def _runs(args: argparse.Namespace) -> int:
    from dlexplain.services.training.runs import damaged_runs, runs

    records = runs()
    for problem in damaged_runs():
        complain(f"left out: {problem}")
    if args.json:
        print(json.dumps([record.to_dict() for record in records], indent=1))
        return 0
    if not records:
        print("no run yet; start one: dlexplain train --preset digits-cnn")
    else:
        print(f"{'run':10}{'state':12}{'done':>5}  {'name':42}best, or why it stopped")
    for r in records:
        said = "" if r.best is None else f"{r.monitor} {r.best:.4f}"
        said = r.why if r.resumable else said
        print(f"{r.id:10}{r.state:12}{r.fraction:5.0%}  {r.name[:40]:42}{said}")
    return 0


def _run(args: argparse.Namespace) -> int:
    from dlexplain.services.training.findings import card
    from dlexplain.services.training.runs import changes, keep_going, run

    keep_going()
    record = run(args.id)
    if args.follow:
        return _follow(record, args.json)
    if args.json:
        told = {
            **record.to_dict(),
            "changes": [vars(change) for change in changes(record.id)],
            "card": card(record),
        }
        print(json.dumps(told, indent=1))
        return 0
    _print_run(record)
    return 0


def _follow(record: "RunRecord", as_json: bool) -> int:
    """Tell what changes until the run has ended; exit status 0 where it finished."""
    from dlexplain.services.training.runs import wait_for

    said = ""
    last = 0.0

    def tell(now: "RunRecord") -> None:
        nonlocal said, last
        line = _line(now)
        if line != said and (time.monotonic() - last >= FOLLOW_SECONDS or not now.active):
            print(line, file=sys.stderr, flush=True)
            said, last = line, time.monotonic()

    try:
        ended = wait_for(record.id, tell)
    except KeyboardInterrupt:
        print(f"run {record.id} goes on; follow it: dlexplain run {record.id} --follow")
        raise
    if as_json:
        print(json.dumps(ended.to_dict(), indent=1))
    else:
        _print_run(ended)
    return 0 if ended.state == "finished" else 1


def _line(record: "RunRecord") -> str:
    text = f"{record.id} {record.state}"
    if record.state != "running":
        return text
    text += f", {record.phase or 'starting its process'}"
    if record.phase == "training" and record.steps:
        text += f": epoch {record.epoch} of {record.epochs}, step {record.step:,} of "
        text += f"{record.steps:,}, {record.speed:.3g} steps/s"
        text += "" if record.left is None else f", about {record.left:.0f} s left"
    return text + ("" if record.last is None else f"; {record.monitor} {record.last:.4f}")


def _print_run(record: "RunRecord") -> None:
    print(f"run {record.id}: {record.name}")
    print(f"  {record.state}, {record.why or record.phase}; {record.seconds:.1f} s")
    for note in record.notes:
        print(f"  note: {note}")
    for key, value in sorted(record.metrics.items()):
        print(f"  {key:36}{value:.6g}")


def _cancel(args: argparse.Namespace) -> int:
    from dlexplain.services.training.runs import cancel

    return _told(cancel(args.id), args)


def _resume(args: argparse.Namespace) -> int:
    from dlexplain.services.training.runs import resume

    return _told(resume(args.id), args)


def _told(record: "RunRecord", args: argparse.Namespace) -> int:
    if args.json:
        print(json.dumps(record.to_dict(), indent=1))
    else:
        asked = ", asked to stop" if args.run is _cancel and record.active else ""
        print(f"run {record.id} is {record.state}{asked}")
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
