"""Commands of runs that are there: runs, run, cancel, resume, longer."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from dlexplain.cli.saying import ToldAsItChanges, complain

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import RunRecord

STATES = ("queued", "running", "finished", "failed", "cancelled", "interrupted")
NAME = 40


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    runs = command("runs", _runs, "List the runs.")
    runs.add_argument(
        "--find",
        default="",
        metavar="TEXT",
        help='words and conditions: "cnn data:cifar10 accuracy>0.9 tag:final starred:"',
    )
    runs.add_argument("--archived", action="store_true", help="archived runs too")
    runs.add_argument("--state", action="append", choices=STATES, help="may be given again")
    run = command("run", _run, "Show one run.")
    run.add_argument("id", metavar="ID", help="or a unique beginning of it")
    run.add_argument("--follow", action="store_true", help="until it has ended")
    cancel = command("cancel", _cancel, "Ask a run to save and stop.")
    cancel.add_argument("id", metavar="ID")
    cancel.add_argument(
        "--now", action="store_true", help="end it at once, without saving, also one that hangs"
    )
    resume = command("resume", _resume, "Go on from a run's last checkpoint, or from the start.")
    resume.add_argument("id", metavar="ID")
    longer = command("longer", _longer, "Train a finished run for more epochs, as a new run.")
    longer.add_argument("id", metavar="ID")
    longer.add_argument("--epochs", type=int, required=True, metavar="N", help="how many more")


def _runs(args: argparse.Namespace) -> int:
    from dlexplain.services.training.comparison import run_labels
    from dlexplain.services.training.finding import find_runs
    from dlexplain.services.training.runs import damaged_runs, runs, tracker_problem

    known = runs()
    found = find_runs(args.find, known, args.archived)
    records = [r for r in found if not args.state or r.state in args.state]
    for problem in damaged_runs():
        complain(f"left out: {problem}")
    if args.json:
        print(json.dumps([record.to_dict() for record in records], indent=1))
        return 0
    if known and not records:
        print(f"none of {len(known):,} runs matches")
    elif not records:
        print("no run yet; start one: dlexplain train --preset digits-cnn")
    else:
        print(f"{'run':10}{'state':12}{'done':>5}  {'name':42}best, or why it stopped")
    labels = run_labels(records)
    for r in records:
        said = "" if r.best is None else f"{r.monitor} {r.scored(r.monitor, r.best)}"
        said = r.why if r.resumable else said
        print(f"{r.id:10}{r.state:12}{r.fraction:5.0%}  {_cut(labels[r.id]):42}{said}")
    _note(tracker_problem())
    return 0


def _cut(text: str) -> str:
    """To what the column holds; what tells runs of one name apart stands at the end."""
    return text if len(text) <= NAME else f"{text[: NAME - 28]}…{text[-27:]}"


def _run(args: argparse.Namespace) -> int:
    from dlexplain.services.training.runs import changes, run
    from dlexplain.services.training.test_results import card

    record = run(args.id)
    if args.follow:
        return follow(record, args.json)
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


def follow(record: "RunRecord", as_json: bool) -> int:
    """Tell what changes until the run has ended; exit status 0 where it finished."""
    from dlexplain.services.training.runs import tracker_problem, wait_for

    try:
        ended = wait_for(record.id, ToldAsItChanges(_line))
    except KeyboardInterrupt:
        print(f"run {record.id} goes on; follow it: dlexplain run {record.id} --follow")
        raise
    if as_json:
        print(json.dumps(ended.to_dict(), indent=1))
    else:
        _print_run(ended)
        _note(tracker_problem())
    return 0 if ended.state == "finished" else 1


def _note(problem: str) -> None:
    if problem:
        print(f"note: {problem}", file=sys.stderr)


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
    from dlexplain.results.words import certainty, examples_of

    print(f"run {record.id}: {record.name}")
    print(f"  {record.state}, {record.why or record.phase}; {record.seconds:.1f} s")
    if record.steps:
        print(f"  {record.fraction:.0%} of {record.steps:,} steps, {record.epochs} epochs")
    if record.tags:
        print(f"  tags: {', '.join(record.tags)}")
    if record.resuming:
        print(f"  if you resume it, {record.resuming}")
    for note in record.notes:
        print(f"  note: {note}")
    if record.note:
        print(f"  written about it: {record.note}")
    for key, value in sorted(record.metrics.items()):
        sure = certainty(key, value, examples_of(key, record.sizes))
        print(f"  {key:36}{value:<12.6g}{sure}".rstrip())


def _cancel(args: argparse.Namespace) -> int:
    from dlexplain.services.training.runs import cancel

    record = cancel(args.id, args.now)
    return tell_state(record, args, "asked to stop" if record.active else "")


def _resume(args: argparse.Namespace) -> int:
    from dlexplain.services.training.runs import resume, run

    before = run(args.id)
    record = resume(before.id)
    step = before.checkpoint
    begins = "it has no checkpoint and starts from the beginning"
    return tell_state(record, args, begins if step is None else f"it goes on from step {step:,}")


def _longer(args: argparse.Namespace) -> int:
    from dlexplain.services.training.longer import DIFFERS, train_longer

    record = train_longer(args.id, args.epochs)
    if not args.json:
        print(f"{DIFFERS}.")
    return tell_launched(record, args.json)


def tell_state(record: "RunRecord", args: argparse.Namespace, more: str = "") -> int:
    """Print a run's state and what was done; the exit status."""
    if args.json:
        print(json.dumps(record.to_dict(), indent=1))
    else:
        print(f"run {record.id} is {record.state}" + (f"; {more}" if more else ""))
    return 0


def tell_launched(record: "RunRecord", as_json: bool) -> int:
    """Print a run that goes on by itself, and how to follow it; the exit status."""
    from dlexplain.services.training.catalogue import data_status

    if as_json:
        print(json.dumps(record.to_dict(), indent=1))
        return 0
    status = data_status(record.data, record.spec["data_params"])
    if record.active and not status.there:
        print(f"note: its data are not here yet: {status.how}", file=sys.stderr)
    print(f"run {record.id} is {record.state}; follow it: dlexplain run {record.id} --follow")
    return 0
