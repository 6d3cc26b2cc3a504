"""Commands on what a model betrays: privacy, privacy-cost, invert and canaries."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.cli.explaining import key_value
from dlexplain.cli.saying import Told, complain, tell_shipped
from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results.inversion import Inversion
    from dlexplain.results.privacy_cost import PrivacyTrade, Trade


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    added = command("privacy", _privacy, "Whether a model betrays what it was trained on.")
    added.add_argument("model", metavar="MODEL", help="a picture classifier: of the zoo, or a run")
    _data(added)
    added.add_argument(
        "--shadows",
        type=int,
        default=0,
        metavar="N",
        help="train N shadow models for the likelihood ratio attack; default: %(default)s",
    )
    added.add_argument(
        "--count",
        type=int,
        default=1000,
        metavar="N",
        help="members at most, and as many others; default: %(default)s",
    )
    added.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn")
    added.add_argument("--csv", metavar="FILE", help="write the loss of each record")
    added = command("privacy-cost", _cost, "Accuracy and betrayal against epsilon, on digits.")
    added.add_argument(
        "--epsilons",
        type=_epsilons,
        default=(1.0, 3.0, 8.0, None),
        metavar="A,B",
        help='budgets; "none" is a training without noise; default: 1,3,8,none',
    )
    added.add_argument("--seeds", type=int, default=5, metavar="N", help="trainings of each")
    added.add_argument("--out", metavar="FILE", help="write it as JSON")
    added.add_argument("--ship", action="store_true", help="put it where the page Privacy finds it")
    added = command("invert", _invert, "The picture that a classifier itself gives of each class.")
    added.add_argument("model", metavar="MODEL", help="a picture classifier: of the zoo, or a run")
    _data(added)
    added.add_argument("--png", metavar="FILE", help="write them above the mean training pictures")
    added.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    added = command("canaries", _canaries, "What a language model remembers of a planted secret.")
    added.add_argument(
        "--times",
        type=_whole_numbers,
        default=(0, 1, 10, 100),
        metavar="A,B",
        help="how often the secret stands in the text; default: 0,1,10,100",
    )
    added.add_argument("--seeds", type=int, default=3, metavar="N", help="trainings of each")
    added.add_argument("--seed", type=int, default=0, metavar="N", help="the first; default: 0")
    added.add_argument("--epochs", type=int, default=10, metavar="N", help="of each training")


def _data(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--data",
        default="",
        metavar="PATH",
        help="where its data set lies, if not where the training found it",
    )


def _epsilons(text: str) -> tuple[float | None, ...]:
    try:
        return tuple(None if part == "none" else float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'"{text}" is no list of budgets, such as 1,3,8,none'
        ) from None


def _whole_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'"{text}" is no list of whole numbers, such as 0,1,10'
        ) from None


def _privacy(args: argparse.Namespace) -> int:
    from dlexplain.results.words import csv_of
    from dlexplain.services.jobs import Progress
    from dlexplain.services.privacy.membership import privacy

    progress = Progress(report=Told("steps"))
    found = privacy(args.model, args.data, args.shadows, args.count, args.seed, progress)
    if args.csv:
        _write(Path(args.csv), csv_of(found.rows()).encode())
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    print(f"{found.model}: {found.count:,} members and {found.count:,} others of {found.data}")
    print(found.told)
    for attack in found.attacks:
        print(f"  {attack.title}: {attack.told}")
    if found.epsilon is not None:
        print(f"  trained privately: epsilon {found.epsilon:.3g}, delta {found.delta:g}")
    for note in found.notes:
        print(f"  {note}")
    return 0


def _cost(args: argparse.Namespace) -> int:
    from dlexplain.services.jobs import Progress
    from dlexplain.services.privacy.shipped import ship
    from dlexplain.services.privacy.trade_off import trade_off

    def told(trade: "Trade") -> None:
        complain(
            f"epsilon {trade.epsilon or 'none'}, seed {trade.seed}: accuracy "
            f"{trade.accuracy:.1%}, AUC {trade.auc:.3f}"
        )

    names = ",".join("none" if one is None else f"{one:g}" for one in args.epsilons)
    words = f"python -m dlexplain privacy-cost --epsilons {names} --seeds {args.seeds}"
    found = trade_off(
        epsilons=args.epsilons, seeds=args.seeds, progress=Progress(report=Told("epochs")),
        told=told, command=words,
    )  # fmt: skip
    if args.out:
        _write(Path(args.out), (json.dumps(found.to_dict()) + "\n").encode())
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
    else:
        print(table_of(found))
    if args.ship:
        tell_shipped(ship(found), args.json)
    return 0


def table_of(found: "PrivacyTrade") -> str:
    """Mean over seeds with 95% intervals, as Markdown."""
    lines = ["| epsilon | test accuracy | membership AUC |", "| --- | --- | --- |"]
    for epsilon in found.epsilons:
        accuracy, auc = (found.summary(epsilon, what) for what in ("accuracy", "auc"))
        name = "no noise" if epsilon is None else f"{epsilon:g}"
        lines.append(
            f"| {name} | {accuracy[0]:.1%} [{100 * accuracy[1]:.1f}–{accuracy[2]:.1%}] | "
            f"{auc[0]:.3f} [{auc[1]:.3f}–{auc[2]:.3f}] |"
        )
    return "\n".join(lines)


def _invert(args: argparse.Namespace) -> int:
    from dlexplain.services.jobs import Progress
    from dlexplain.services.privacy.inversion import invert

    params: dict[str, Any] = dict(map(key_value, args.set))
    found = invert(args.model, args.data, Progress(report=Told("steps")), **params)
    if args.png:
        _write(Path(args.png), png_of(found))
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    print(found.told)
    for name, alike, other, share in zip(
        found.classes, found.correlations, found.others, found.probabilities, strict=True
    ):
        print(f"  {name}: correlation {alike:.2f}, with another {other:.2f}, said {share:.1%}")
    return 0


def png_of(found: "Inversion") -> bytes:
    """The pictures above the mean training pictures."""
    import io

    from PIL import Image

    from dlexplain.figures.making import grid

    buffer = io.BytesIO()
    Image.fromarray(grid([found.pictures, found.means])).save(buffer, "PNG")
    return buffer.getvalue()


def _canaries(args: argparse.Namespace) -> int:
    from dlexplain.services.jobs import Progress
    from dlexplain.services.privacy.canaries import canaries

    progress = Progress(report=Told("epochs"))
    found = canaries(args.times, args.seeds, args.seed, args.epochs, progress=progress)
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    print(found.told)
    for one in found.found:
        print(
            f"  {one.times:,} times, seed {one.seed}: rank {one.rank:,} of {one.candidates:,}, "
            f"exposure {one.exposure:.1f} bits, perplexity {one.perplexity:.3g}"
        )
    return 0


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror or error}") from error
