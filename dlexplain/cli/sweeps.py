"""The command sweep: many trainings that differ in chosen fields, to find the best."""

import argparse
import json
from typing import TYPE_CHECKING

from dlexplain.cli.runs import tell_launched
from dlexplain.cli.saying import ToldAsItChanges
from dlexplain.cli.training import asked_spec, declare_spec
from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results.sweeps import Sweep, Trial

ACTIONS = ("start", "list", "show", "stop", "resume", "extend", "retrain")
OF_ONE = ACTIONS[2:]


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    added = command(
        "sweep",
        _sweep,
        "Vary fields of a run: sweep start --preset digits-cnn --vary learning_rate=1e-4..0.1 log.",
    )
    added.add_argument("action", nargs="?", default="list", choices=ACTIONS, help="default: list")
    added.add_argument("id", nargs="?", default="", metavar="ID", help="of show and what follows")
    declare_spec(added)
    added.add_argument("--run", dest="of_run", metavar="ID", help="begin with the spec of this run")
    added.add_argument(
        "--vary",
        action="append",
        nargs="+",
        default=[],
        metavar="NAME=VALUES",
        help="a field and its choices or range, such as model.width=16,32,64 or "
        "training.learning_rate=1e-4..1e-1 log or batch_size=32..256 step 32; may be given again",
    )
    added.add_argument("--sampler", default="tpe", help="tpe, cma-es, random or grid; default: tpe")
    added.add_argument(
        "--pruner", default="none", help="none, median, asha or hyperband; default: none"
    )
    added.add_argument("--rung", type=int, default=0, help="epochs before a pruner first decides")
    added.add_argument("--trials", type=int, help="how many at most, or more of them; default: 20")
    added.add_argument("--minutes", type=float, default=0.0, help="after which no trial begins")
    added.add_argument("--parallel", type=int, default=1, help="trials at once; default: 1")
    added.add_argument(
        "--aim",
        action="append",
        default=[],
        metavar="METRIC",
        help="such as test/accuracy, latency, size or parameters; two are given for a front",
    )
    added.add_argument("--sweep-seed", type=int, default=0, help="of the sampler; default: 0")
    added.add_argument("--epochs", type=int, help="of retrain")
    added.add_argument("--wait", action="store_true", help="follow it and return when it has ended")


def _sweep(args: argparse.Namespace) -> int:
    if args.action in OF_ONE and not args.id:
        raise BadInput(f"sweep {args.action} takes the ID of a sweep; sweep list names them")
    if args.action not in OF_ONE and args.id:
        raise BadInput(f'sweep {args.action} takes no ID; given: "{args.id}"')
    if args.action == "list":
        return _list(args)
    if args.action == "retrain":
        return _retrain(args)
    from dlexplain.services.sweeps import sweeping

    match args.action:
        case "start":
            found = _start(args)
        case "stop":
            found = sweeping.stop(args.id)
        case "resume":
            found = sweeping.resume(args.id)
        case "extend":
            found = sweeping.extend(args.id, args.trials or 0, args.minutes)
        case _:
            found = sweeping.sweep_now(args.id)
    if args.wait and found.active:
        return _follow(found, args.json)
    if args.json or args.action == "show":
        _tell(found, args.json)
    else:
        wish = "; it stops when its open trials are saved" if args.action == "stop" else ""
        print(f"sweep {found.id} is {found.state}{wish}; look: dlexplain sweep show {found.id}")
    return 0


def _start(args: argparse.Namespace) -> "Sweep":
    from dlexplain.services.sweeps.sweeping import base_of_run, sweep

    if args.of_run and (args.preset or args.spec):
        raise BadInput("--run is given with --preset or --spec; choose one of them")
    return sweep(
        asked_spec(args, base_of_run(args.of_run) if args.of_run else None),
        [" ".join(words) for words in args.vary],
        args.sampler,
        args.pruner,
        args.trials,
        args.minutes,
        args.parallel,
        args.aim,
        args.sweep_seed,
        args.rung,
        args.name or "",
    )


def _list(args: argparse.Namespace) -> int:
    from dlexplain.services.sweeps.sweeping import sweeps

    found = sweeps()
    if args.json:
        print(json.dumps([each.to_dict() for each in found], indent=1))
        return 0
    if not found:
        print(
            "no sweep yet; start one: dlexplain sweep start --preset digits-cnn --vary "
            '"learning_rate=1e-4..1e-1 log" --pruner asha'
        )
        return 0
    print(f"{'sweep':10}{'state':12}{'trials':>10}  {'name':42}best")
    for each in found:
        done = sum(t.state != "running" for t in each.trials)
        of = f"{done} of {each.budget[0]}" if each.budget[0] else str(done)
        name = each.name if len(each.name) <= 40 else f"{each.name[:39]}…"
        print(f"{each.id:10}{each.state:12}{of:>10}  {name:42}{each.best_words}".rstrip())
    return 0


def _retrain(args: argparse.Namespace) -> int:
    from dlexplain.services.sweeps.sweeping import retrain_best

    if args.epochs is None:
        raise BadInput("sweep retrain takes --epochs N: how long the best is trained again")
    return tell_launched(retrain_best(args.id, args.epochs), args.json)


def _follow(found: "Sweep", as_json: bool) -> int:
    """Tell what changes until it has ended; exit status 0 where it finished."""
    from dlexplain.services.sweeps.sweeping import wait_for

    try:
        ended = wait_for(found.id, ToldAsItChanges(_line))
    except KeyboardInterrupt:
        print(f"sweep {found.id} goes on; stop it: dlexplain sweep stop {found.id}")
        raise
    _tell(ended, as_json)
    return 0 if ended.state == "finished" else 1


def _line(now: "Sweep") -> str:
    best = f"; best: {now.best_words}" if now.best else ""
    return f"{now.id} {now.state}, trials: {now.counted or 'none yet'}{best}"


def _tell(found: "Sweep", as_json: bool) -> None:
    from dlexplain.results.words import duration
    from dlexplain.services.sweeps.sweeping import dashboard_command

    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
        return
    print(f"sweep {found.id}: {found.name}")
    print(f"  {found.state}{', ' * bool(found.why)}{found.why}; {duration(found.seconds)}")
    trials, minutes = found.budget
    budget = [f"{trials:,} trials"] * bool(trials) + [f"{minutes:g} minutes"] * bool(minutes)
    print(f"  {found.spec['sampler']}, pruner {found.spec['pruner']}, up to {' or '.join(budget)}")
    if found.best:
        print(f"  best: trial {found.best.number}, {found.best_words}")
        print(f"  {_flatters(found)}")
    if len(found.aims) > 1:
        for trial in found.front:
            print(f"  on the front: trial {trial.number}, {_values(found, trial)}")
    print(f"  {'trial':7}{'state':10}{'run':10}{'epochs':>7}  values, or why it failed")
    for trial in found.trials:
        row = f"  {trial.number:<7}{found.words_of(trial):10}{trial.run:10}{len(trial.curve):>7}  "
        print(f"{row}{_values(found, trial) or trial.why}; {_params(trial)}")
    print(f"  in Optuna's dashboard: {dashboard_command(found.id)}")


def _flatters(found: "Sweep") -> str:
    return f"chosen as the best of {len(found.finished)} by this number itself, which flatters it"


def _values(found: "Sweep", trial: "Trial") -> str:
    told = [
        aim.told(value, trial.n if index == 0 else 0)
        for index, (aim, value) in enumerate(zip(found.aims, trial.values, strict=False))
    ]
    return ", ".join(told)


def _params(trial: "Trial") -> str:
    from dlexplain.results.sweeps import told

    return told(trial.params)
