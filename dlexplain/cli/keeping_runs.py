"""Commands of what people keep about runs: rename, tag, note, register, delete."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlexplain.cli.runs import tell_state
from dlexplain.cli.saying import complain
from dlexplain.errors import BadInput, RunError, UnknownName

if TYPE_CHECKING:
    from dlexplain.cli import Commands


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    rename = command("rename", _rename, "Give a run another name.")
    rename.add_argument("id", metavar="ID")
    rename.add_argument("name", metavar="NAME")
    tag = command("tag", _tag, "Replace a run's tags; none given takes all away.")
    tag.add_argument("id", metavar="ID")
    tag.add_argument("tags", metavar="TAG", nargs="*")
    note = command("note", _note, "Write a note about a run, star or archive it.")
    note.add_argument("id", metavar="ID")
    note.add_argument("text", metavar="TEXT", nargs="?", help='the note; "" takes it away')
    note.add_argument("--star", action=argparse.BooleanOptionalAction, help="mark it")
    note.add_argument("--archive", action=argparse.BooleanOptionalAction, help="hide it in lists")
    register = command("register", _register, "Put a finished run into MLflow's model registry.")
    register.add_argument("id", metavar="ID")
    register.add_argument("name", metavar="NAME", help="of the registered model")
    register.add_argument(
        "--alias", default="", metavar="ALIAS", help="such as staging or production; moved to it"
    )
    delete = command("delete", _delete, "Delete runs with checkpoints and curves, for good.")
    delete.add_argument("ids", metavar="ID", nargs="+")
    delete.add_argument("--yes", action="store_true", help="do not ask")


def _rename(args: argparse.Namespace) -> int:
    from dlexplain.services.training.runs import rename

    if not args.name.strip():
        raise BadInput("the name is empty; a name has at least one letter")
    record = rename(args.id, args.name)
    return tell_state(record, args, f'its name is "{record.name}"')


def _tag(args: argparse.Namespace) -> int:
    from dlexplain.services.training.runs import tag

    record = tag(args.id, args.tags)
    return tell_state(record, args, f"its tags are: {', '.join(record.tags) or 'none'}")


def _note(args: argparse.Namespace) -> int:
    from dlexplain.services.training.runs import annotate

    if args.text is None and args.star is None and args.archive is None:
        raise BadInput("nothing to change is given; give a note, --star, --archive or --no-archive")
    record = annotate(args.id, args.text, args.star, args.archive)
    marks = [word for word in ("starred", "archived") if getattr(record, word)]
    told = [f'its note is "{record.note}"'] if record.note else []
    return tell_state(record, args, ", ".join([*told, *marks]))


def _register(args: argparse.Namespace) -> int:
    from dlexplain.services.training.registering import register

    version = register(args.id, args.name, args.alias)
    if args.json:
        print(json.dumps({"name": args.name.strip(), "version": version, "alias": args.alias}))
        return 0
    told = f", which is now its {args.alias}" if args.alias else ""
    print(f"run {args.id} is version {version} of {args.name.strip()}{told}")
    return 0


def _delete(args: argparse.Namespace) -> int:
    """Each by itself: one that cannot be deleted leaves the others to be."""
    from dlexplain.services.training.runs import damaged_runs, delete, run

    if len(args.ids) == 1 and not damaged_runs():
        run(args.ids[0])  # an unknown one is told before anything is asked
    if not args.yes and not _sure(args.ids):
        raise BadInput("nothing is deleted; --yes deletes without asking")
    deleted, status = [], 0
    for wanted in args.ids:
        try:
            deleted.append(delete(wanted))
        except (UnknownName, RunError) as error:
            complain(error)
            status = 1
    if args.json:
        print(json.dumps({"deleted": deleted}))
    for gone in [] if args.json else deleted:
        print(f"run {gone} is deleted")
    return status


def _sure(runs: Sequence[str]) -> bool:
    """Ask at the terminal; where nobody can answer it is no."""
    if not sys.stdin.isatty():
        return False
    print(f"Delete {', '.join(runs)} with checkpoints and curves, for good? [y/N] ", end="")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
