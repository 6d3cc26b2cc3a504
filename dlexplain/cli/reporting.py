"""The command report, and --report FILE of commands that explain or measure."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from dlexplain.cli import Commands

ACTIONS = ("list", "show", "export", "delete")
HELP = "write a report, FILE.html (interactive, one file), FILE.pdf or FILE.ipynb (repeats it)"


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    added = command("report", _report, "List, show, export or delete reports that are kept.")
    added.add_argument("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS))
    added.add_argument("id", nargs="?", default="", metavar="ID", help="of the report")
    added.add_argument("--to", default="", metavar="FILE", help="of export: .html, .pdf or .ipynb")


def declare_report(parser: argparse.ArgumentParser) -> None:
    """--report of a command that has a result."""
    parser.add_argument("--report", default="", metavar="FILE", help=HELP)
    parser.add_argument(
        "--keep-report", action="store_true", help="keep a report for the page Reports"
    )


def check_report(args: argparse.Namespace) -> None:
    """Before the work: raises BadInput where the file cannot be one of a report."""
    if args.report:
        import dlexplain.figures.reports  # noqa: F401, which registers the formats
        from dlexplain.services.reporting.making import ending_of

        ending_of(args.report)


def write_report(args: argparse.Namespace, *results: Any) -> None:
    """What was asked for of --report and --keep-report, if anything."""
    if args.report or args.keep_report:
        import dlexplain.figures.reports  # noqa: F401, which draws them
        from dlexplain.services.reporting.making import report

        report(*results, to=args.report, keep=args.keep_report)


def _report(args: argparse.Namespace) -> int:
    if args.action != "list" and not args.id:
        raise BadInput(f"report {args.action} takes the ID of a report; report list has them")
    if args.to and args.action != "export":
        raise BadInput(f"--to is of export; report {args.action} takes none")
    return _ACTIONS[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from dlexplain.services.reporting.store import kept_reports

    found = kept_reports()
    if args.json:
        print(json.dumps([one.to_dict() for one in found], indent=1))
        return 0
    for one in found:
        print(f"{one.id}  {one.kept[:16].replace('T', ' ')}  {one.kind:11}{one.name}")
    if not found:
        print("there is no report yet; explain --keep-report and the pages' button make one")
    return 0


def _show(args: argparse.Namespace) -> int:
    from dlexplain.services.reporting.store import open_report

    found = open_report(args.id)
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    lines = [found.question, found.answer, ""]
    for section in found.sections:
        told = [f"{len(section.parts)} part{'s' * (len(section.parts) != 1)}"]
        lines.append(f"  {section.heading}: {told[0]}")
    for command in found.about.commands:
        lines += ["", command]
    print("\n".join(lines))
    return 0


def _export(args: argparse.Namespace) -> int:
    from dlexplain.services.reporting.store import open_report

    if not args.to:
        raise BadInput("report export takes --to FILE, which ends in .html, .pdf or .ipynb")
    import dlexplain.figures.reports  # noqa: F401, which registers the formats
    from dlexplain.services.reporting.making import ending_of, write_report

    ending_of(args.to)
    path = write_report(open_report(args.id), args.to)
    print(json.dumps({"id": args.id, "file": str(path)}) if args.json else f"wrote {path}")
    return 0


def _delete(args: argparse.Namespace) -> int:
    from dlexplain.services.reporting.store import delete_report

    delete_report(args.id)
    print(json.dumps({"deleted": [args.id]}) if args.json else f"report {args.id} is deleted")
    return 0


_ACTIONS = {"list": _list, "show": _show, "export": _export, "delete": _delete}
