"""Whether a classifier can be relied on: calibration, out-of-distribution, smoothing."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.cli.saying import Told, kept_when_stopped, tell_shipped
from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import (
        CalibrationScores,
        CertifiedAccuracy,
        ClassifierCalibration,
        OutOfDistribution,
    )

DATA = (
    "where the model's own data set lies, or a folder or ZIP of pictures in folders named after "
    "their classes{}; default: the model's own"
)


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    calibrated = command(
        "calibration",
        _calibration,
        "Test whether a classifier's probabilities are right, before and after a temperature.",
    )
    _common(calibrated, "a picture or text classifier", 5000, ", or a CSV of text and label")
    outside = command(
        "out-of-distribution",
        _outside,
        "Test whether a picture classifier's scores tell its own pictures from others.",
    )
    _common(outside, "a picture classifier", 500)
    smoothed = command(
        "smoothing",
        _smoothing,
        "Certify the radius within which a picture classifier's class holds under noise.",
    )
    _common(smoothed, "a picture classifier", 500)
    smoothed.add_argument(
        "--sigma", type=float, default=0.25, metavar="S",
        help="deviation of the noise, where 0 is black and 1 white; default: %(default)s",
    )  # fmt: skip
    smoothed.add_argument(
        "--samples", type=int, default=1000, metavar="N",
        help="of noise by which a class is certified; default: %(default)s",
    )  # fmt: skip
    smoothed.add_argument(
        "--first", type=int, default=100, metavar="N",
        help="of noise by which a class is chosen; default: %(default)s",
    )  # fmt: skip
    smoothed.add_argument(
        "--alpha", type=float, default=0.001, metavar="A",
        help="chance at most that a certificate is wrong; default: %(default)s",
    )  # fmt: skip
    smoothed.add_argument("--out", metavar="DIR", help="where what is done is kept")
    smoothed.add_argument(
        "--resume", action="store_true", help="go on with what an earlier call has left in DIR"
    )


def _common(parser: argparse.ArgumentParser, model: str, count: int, more: str = "") -> None:
    parser.add_argument("model", metavar="MODEL", help=model)
    parser.add_argument("--data", default="", metavar="PATH", help=DATA.format(more))
    parser.add_argument(
        "--count", type=int, default=count, metavar="N",
        help="inputs of each part or set, at most; default: %(default)s",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn")
    parser.add_argument("--csv", metavar="FILE", help="write the numbers as CSV")
    parser.add_argument(
        "--ship",
        action="store_true",
        help="put the result beside the model, so that it comes along with dlexplain",
    )


def _calibration(args: argparse.Namespace) -> int:
    from dlexplain.services.jobs import Progress
    from dlexplain.services.reliability.calibration import calibration

    progress = Progress(report=Told("inputs"))
    found = calibration(args.model, args.data, args.count, args.seed, progress)
    return _given(args, found, _calibration_told)


def _outside(args: argparse.Namespace) -> int:
    from dlexplain.services.jobs import Progress
    from dlexplain.services.reliability.out_of_distribution import out_of_distribution

    progress = Progress(report=Told("pictures"))
    found = out_of_distribution(args.model, args.data, args.count, args.seed, progress)
    return _given(args, found, _outside_told)


def _smoothing(args: argparse.Namespace) -> int:
    from dlexplain.services.jobs import Progress
    from dlexplain.services.reliability.smoothing import smoothing

    with kept_when_stopped(args.out):
        found = smoothing(
            args.model, args.data, args.sigma, args.samples, args.count, args.seed, args.first,
            args.alpha, args.out, args.resume, Progress(report=Told("evaluations")),
        )  # fmt: skip
    return _given(args, found, _smoothing_told)


def _given(args: argparse.Namespace, found: Any, told: Callable[[Any], str]) -> int:
    from dlexplain.services.reliability.shipped import ship

    if args.csv:
        try:
            Path(args.csv).write_text(found.to_csv())
        except OSError as error:
            raise BadInput(f"{args.csv} cannot be written: {error.strerror or error}") from error
    print(json.dumps(found.to_dict(), indent=1) if args.json else told(found))
    if args.ship:
        tell_shipped(ship(found), args.json)
    return 0


def _calibration_told(found: "ClassifierCalibration") -> str:
    lines = [
        f"{found.model}: {found.n:,} {found.noun}, {found.data}; right in {found.accuracy:.1%}",
        _scores_told("as it is", found.before),
    ]
    if found.fitted:
        lines.append(_scores_told(f"temperature {found.temperature:.3f}", found.after))
        lines.append(f"  fitted on {found.fitted:,} {found.noun}: {found.fitted_on}")
    return "\n".join([*lines, found.told, *found.notes])


def _scores_told(name: str, found: "CalibrationScores") -> str:
    return (
        f"  {name:18} ECE {found.ece:.4f} [{found.ece_low:.4f}, {found.ece_high:.4f}], by chance "
        f"{found.chance:.4f}; NLL {found.nll:.4f}; Brier {found.brier:.4f}"
    )


def _outside_told(found: "OutOfDistribution") -> str:
    from dlexplain.results.reliability import SCORE_TITLES

    lines = [
        f"  {SCORE_TITLES[cell.score]:22}{found.sets[cell.outside]:38}AUROC {cell.auroc:.3f} "
        f"[{cell.auroc_low:.3f}, {cell.auroc_high:.3f}], FPR at 95% TPR {cell.fpr:.3f} "
        f"[{cell.fpr_low:.3f}, {cell.fpr_high:.3f}], n = {cell.n:,}"
        for cell in found.cells
    ]
    head = f"{found.model}: {found.data}"
    return "\n".join([head, *lines, found.told, *found.notes])


def _smoothing_told(found: "CertifiedAccuracy") -> str:
    lines = [f"{found.model}: {found.n:,} pictures, {found.data}", "  radius  right and certified"]
    for quarter in range(5):
        radius = quarter * 0.25
        share, low, high = found.accuracy(radius)
        lines.append(f"  {radius:6.2f}  {share:.3f} [{low:.3f}, {high:.3f}]")
    return "\n".join([*lines, found.told, *found.notes])
