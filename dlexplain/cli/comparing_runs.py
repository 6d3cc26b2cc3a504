"""The command compare: runs in groups, such as the seeds of specs, with means and differences."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from dlexplain.cli.saying import print_table
from dlexplain.cli.writing_files import write_text
from dlexplain.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import RunRecord
    from dlexplain.results.run_groups import GroupDifference, GroupScore


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    added = command("compare", _compare, "Compare runs, or groups of runs such as seeds.")
    added.add_argument("runs", metavar="RUN", nargs="+", help="ids, or families: all their runs")
    added.add_argument(
        "--group-by",
        metavar="FIELD",
        help="nothing, family, spec (any seed), or a field such as model.width; default: spec "
        "where runs differ by the seed only",
    )
    added.add_argument(
        "--metric", metavar="KEY", help="such as test/accuracy; default: what chose the best epoch"
    )
    added.add_argument("--which", choices=("last", "best"), default="last")
    added.add_argument("--csv", metavar="FILE", help="write means and differences as CSV")


def _compare(args: argparse.Namespace) -> int:
    from dlexplain.services.training import grouping
    from dlexplain.services.training.comparison import metric_table

    records = _records(args.runs)
    by = args.group_by or grouping.default_grouping(records)
    groups = grouping.group_runs(records, grouping.SPEC if by == "spec" else by)
    key = _metric(records, args.metric)
    values = metric_table(records, [key], args.which)[key]
    of_run = {record.id: value for record, value in zip(records, values, strict=True)}
    scores = grouping.scores(groups, key, of_run)
    differences = grouping.group_differences(scores)
    if args.csv:
        text = f"{grouping.scores_csv(scores)}\n{grouping.differences_csv(differences)}"
        write_text(Path(args.csv), text)
    if args.json:
        told = {
            "metric": key,
            "group_by": by,
            "groups": [
                {**score.to_dict(), "runs": list(group.runs)}
                for group in groups
                for score in scores
                if score.group == group.label
            ],
            "differences": [each.to_dict() for each in differences],
        }
        print(json.dumps(told, indent=1))
        return 0
    _tell(key, scores, differences)
    return 0


def _records(wanted: "list[str]") -> "list[RunRecord]":
    """Each once, in the order named; of a family by seed."""
    from dlexplain.services.training.runs import run, runs

    known, found = runs(), {}
    for name in wanted:
        family = [record for record in known if record.family == name]
        for record in sorted(family, key=lambda record: record.number):
            found[record.id] = record
        if not family:
            record = run(name)
            found[record.id] = record
    return list(found.values())


def _metric(records: "list[RunRecord]", asked: str | None) -> str:
    from dlexplain.errors import known_names
    from dlexplain.services.training.runs import metric_keys

    keys = metric_keys(records)
    if not keys:
        raise BadInput("none of these runs has recorded a metric yet")
    if asked is None:
        return next((r.monitor for r in records if r.monitor in keys), keys[0])
    if asked not in keys:
        raise UnknownName(f'unknown metric "{asked}"; {known_names(asked, keys)}')
    return asked


def _tell(key: str, scores: "list[GroupScore]", differences: "list[GroupDifference]") -> None:
    if not scores:
        print(f"none of these runs has {key}")
        return
    print(f"{key}: mean and its 95% interval, Student's t over the runs of a group")
    print_table(
        [
            {
                "group": each.group,
                "mean": f"{each.mean:.5g}",
                "SD": f"{each.sd:.2g}" if each.n > 1 else "",
                "95% interval": f"[{each.low:.5g}, {each.high:.5g}]" if each.n > 1 else "",
                "n": str(each.n),
            }
            for each in scores
        ]
    )
    if not differences:
        return
    print("\ndifferences of means: Welch's t-test, corrected by Holm for the pairs tested")
    print_table(
        [
            {
                "groups": f"{each.second} minus {each.first}",
                "difference": f"{each.difference:+.3g}",
                "95% interval": "" if each.why_not else f"[{each.low:+.3g}, {each.high:+.3g}]",
                "p": "" if each.why_not else f"{each.p:.2g}",
                "p, Holm": "" if each.why_not else f"{each.p_holm:.2g}",
                "so": each.verdict,
            }
            for each in differences
        ]
    )
