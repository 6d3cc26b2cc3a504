"""The command that translates a text: translate."""

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlexplain.cli import Commands

BEAM = 5


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    translate = command("translate", _translate, "Translate a text, with all candidates' scores.")
    translate.add_argument("--text", required=True, help="one sentence in the source language")
    translate.add_argument(
        "--model",
        default="",
        metavar="NAME",
        help="a translator of the zoo, a finished run's id, or the folder or the name on the hub "
        "of a user's own; default: the zoo's first",
    )
    translate.add_argument(
        "--prefix",
        metavar="TEXT",
        help="of a user's own model, what is read before the text, such as T5's; default: what its "
        "config names",
    )
    translate.add_argument(
        "--beam",
        type=int,
        default=BEAM,
        metavar="N",
        help="paths side by side, 1 to 32; 1 is greedy (default %(default)s)",
    )
    translate.add_argument(
        "--length-penalty",
        type=float,
        metavar="X",
        help="0 to 3, larger favours longer ones; default: that of the model's test",
    )


def _translate(args: argparse.Namespace) -> int:
    from dlexplain.services.loading import load
    from dlexplain.services.translation.models import LoadedTranslator
    from dlexplain.services.translation.translating import cross_attention, translate

    model = load(LoadedTranslator, args.model)
    found = translate(model, args.text, args.beam, args.length_penalty, args.prefix)
    if args.json:
        attention = cross_attention(model, found)
        alignment = attention.alignment(attention.usual)
        aligned: dict[str, Any] = {
            "rows": list(alignment.rows),
            "columns": list(alignment.columns),
            "weights": alignment.weights.tolist(),
        }
        print(json.dumps(found.to_dict() | {"alignment": aligned}, indent=1))
        return 0
    print(f"{model.title}, {' to '.join(found.languages)}")
    if found.prefix:
        print(f'read behind the prefix "{found.prefix}"')
    print(f"{'score':>9}{'log p':>10}")
    for one in found.candidates:
        cut = "" if one.ended else " (cut)"
        print(f"{one.score:9.3f}{one.log_probability:10.3f}  {one.text}{cut}")
    if found.unknown:
        print(f"{found.unknown:.0%} of the tokens are unknown to the model")
    if found.left:
        print(f"the first {len(found.tokens) - 1} tokens are translated, {found.left} left out")
    return 0
