"""Commands of trained models: zoo, evaluate."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import ZooCard
    from dlexplain.services.zoo import Verdict

ACTIONS = ("list", "show", "verify", "train", "add", "seeds", "gallery")


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    zoo = command("zoo", _zoo, "The models that come trained: list, show, verify, train them anew.")
    zoo.add_argument(
        "action",
        nargs="?",
        choices=ACTIONS,
        default="list",
        help="show tells all of one; verify tests each on its data and compares with its card; "
        "train does it all anew; add takes a finished run's id and a name; seeds takes a name, and "
        "puts the runs of --family into its card; gallery makes the front page's examples anew",
    )
    zoo.add_argument("names", nargs="*", metavar="NAME", help="all where none is given")
    zoo.add_argument(
        "--data-path",
        default="",
        metavar="PATH",
        help="a folder with the data sets in folders of their names, such as cifar10 and ptb",
    )
    zoo.add_argument(
        "--family", default="", metavar="ID", help="of seeds and add: runs that differ by the seed"
    )
    zoo.add_argument("--markdown", action="store_true", help="list as the README's table")
    score = command("evaluate", _evaluate, "Score a trained model on data of yours.")
    score.add_argument("model", metavar="MODEL", help="a zoo model, a run's id, or a path")
    score.add_argument(
        "--data",
        required=True,
        metavar="PATH",
        help="class-named picture folders or a ZIP of them; text<TAB>label lines or a CSV with "
        "columns text and label; a text file; SOURCE,TARGET text files; a CSV of series",
    )


def _zoo(args: argparse.Namespace) -> int:
    if args.action == "show":
        return _show(args)
    if args.action == "verify":
        return _verify(args)
    if args.action == "train":
        return _train(args)
    if args.action == "add":
        return _add(args)
    if args.action == "seeds":
        return _seeds(args)
    if args.action == "gallery":
        return _gallery()
    return _list(args)


def _gallery() -> int:
    from dlexplain.figures.overlay import page_image, smoothed
    from dlexplain.results.gallery_words import answer
    from dlexplain.services.gallery import make_gallery

    for one in make_gallery(_told, page_image, smoothed):
        print(f"{one.kind}: {answer(one)}")
    return 0


def _told(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _list(args: argparse.Namespace) -> int:
    from dlexplain.cli.saying import complain
    from dlexplain.results.words import size
    from dlexplain.trained.zoo import damaged_zoo
    from dlexplain.trained.zoo_cards import score_table, zoo_cards

    cards = zoo_cards()
    for problem in damaged_zoo():
        complain(f"left out: {problem}")
    for card in cards:
        if card.seeds_problem:
            complain(card.seeds_problem)
    if args.json:
        print(json.dumps([card.to_dict() for card in cards], indent=1))
        return 0
    if args.markdown:
        print(score_table(cards))
        return 0
    for card in cards:
        print(f"{card.name:24}{card.task:18}{card.headline_words:46}{size(card.bytes):>8}")
    print(f"{len(cards)} models, {size(sum(card.bytes for card in cards))}")
    return 0


def _show(args: argparse.Namespace) -> int:
    from dlexplain.errors import BadInput
    from dlexplain.results.robustness import card_figures
    from dlexplain.results.words import certainty, duration, examples_of, size
    from dlexplain.services.attack.robustness_shipped import shipped
    from dlexplain.services.training.catalogue import RunSpec, changed
    from dlexplain.trained.zoo_cards import zoo_card

    if not args.names:
        raise BadInput("zoo show takes a name, such as: zoo show cifar10-resnet")
    cards = [zoo_card(name) for name in args.names]
    robust = {card.name: shipped(card.name) for card in cards}
    if args.json:
        told = [card.to_dict() for card in cards]
        for one in told:
            if (found := robust[one["name"]]) is not None:
                one["robustness"] = {name: vars(figure) for name, figure in card_figures(found)}
        print(json.dumps(told, indent=1))
        return 0
    for card in cards:
        print(f"{card.name}: {card.model} for {card.task} on {card.data}")
        print(f"{card.parameters:,} parameters, {size(card.bytes)}")
        print(f"trained in {duration(card.seconds)}: {card.machine}")
        for key, value in sorted(card.metrics.items()):
            sure = certainty(key, value, examples_of(key, card.sizes))
            print(f"  {key:40}{value:<12.6g}{sure}".rstrip())
        _tell_seeds(card)
        if (found := robust[card.name]) is not None:
            print(f"robustness, {found.done:,} {found.noun}:")
            for name, figure in card_figures(found):
                print(f"  {name:40}{figure}")
        for note in card.notes:
            print(f"  {note}")
        print("trained with, other than the defaults:")
        for key, given in changed(RunSpec.from_dict(dict(card.spec))).items():
            print(f"  {key:40}{given}")
        print(f"  {card.command}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from dlexplain.services.zoo import verify

    verdicts = []
    for verdict in verify(args.names, args.data_path, _told):
        verdicts.append(verdict)
        if not args.json:
            _told("")
            print(f"{verdict.name:24}{_said(verdict)}", flush=True)
    failed = [v for v in verdicts if v.problem]
    skipped = [v for v in verdicts if v.skipped]
    if args.json:
        print(json.dumps([vars(v) | {"metrics": dict(v.metrics)} for v in verdicts], indent=1))
    else:
        good = len(verdicts) - len(failed) - len(skipped)
        print(f"{good} as their cards say, {len(failed)} not, {len(skipped)} skipped")
    return 1 if failed else 0


def _said(verdict: "Verdict") -> str:
    if verdict.skipped:
        return f"skipped: {verdict.skipped}"
    if verdict.problem:
        return f"NOT as its card says: {verdict.problem}"
    tested = {k: v for k, v in verdict.metrics.items() if not k.endswith("/loss")}
    return "as its card says: " + ", ".join(f"{k} {v:.4g}" for k, v in tested.items())


def _train(args: argparse.Namespace) -> int:
    from dlexplain.services.zoo import train_zoo

    for name, folder in train_zoo(args.names, args.data_path, _told):
        _told("")
        print(f"{name} is in {folder}", flush=True)
    return 0


def _add(args: argparse.Namespace) -> int:
    from dlexplain.errors import BadInput
    from dlexplain.services.zoo import publish

    if len(args.names) != 2:
        raise BadInput("zoo add takes a finished run's id and a name, such as: zoo add 1a2b mine")
    folder = publish(args.names[0], args.names[1], _told)
    _told("")
    print(f"{args.names[1]} is in {folder}")
    return _put_seeds(args.names[1], args) if args.family else 0


def _seeds(args: argparse.Namespace) -> int:
    from dlexplain.errors import BadInput

    if len(args.names) != 1 or not args.family:
        raise BadInput(
            "zoo seeds takes a name and a family of runs, such as: zoo seeds digits-cnn --family "
            "seeds-1a2b3c4d"
        )
    return _put_seeds(args.names[0], args)


def _put_seeds(name: str, args: argparse.Namespace) -> int:
    """Put the family's scores into the card of the model, and say what it now says."""
    from dlexplain.cli.saying import complain
    from dlexplain.services.zoo_seeds import add_seeds
    from dlexplain.trained.zoo_cards import zoo_card

    added = add_seeds(name, args.family)
    for sentence in added.left_out:
        complain(sentence)
    if args.json:
        print(json.dumps(added.found.to_dict(), indent=1))
        return 0
    _tell_seeds(zoo_card(name))
    return 0


def _tell_seeds(card: "ZooCard") -> None:
    """How the training does with other seeds, where that was tried; or why it cannot be told."""
    from dlexplain.cli.saying import complain

    if card.seeds_problem:
        complain(card.seeds_problem)
    if card.seeds is None:
        return
    seeds = ", ".join(map(str, card.seeds.seeds))
    print(f"trained with seeds {seeds}; here is seed {card.seeds.shipped}; ± is one deviation:")
    for key in card.seeds.scores:
        again = f"{card.seeds.again(key):.6g}"
        print(f"  {key:40}{card.over_seeds(key)}; seed {card.seeds.shipped} again {again}")


def _evaluate(args: argparse.Namespace) -> int:
    from dlexplain.services.scoring import evaluate

    score = evaluate(args.model, args.data)
    if args.json:
        print(json.dumps(score.to_dict(), indent=1))
        return 0
    print(f"{score.model} on {score.data}, n = {score.n:,}")
    for key in score.metrics:
        print(f"  {key:28}{score.text(key)}")
    for note in score.notes:
        print(note)
    return 0
