"""Commands of language models: generate."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from dlexplain.params import specs
from dlexplain.services.writing.settings import WritingParams

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import TokenChoice


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    generate = command("generate", _generate, "Let a language model write on from a prompt.")
    generate.add_argument("--prompt", default="", metavar="TEXT", help="default: begin a text")
    generate.add_argument(
        "--model",
        default="",
        metavar="NAME",
        help="a zoo model, a run's id, or a Hugging Face folder or name; default: shakespeare-lstm",
    )
    for key, spec in specs(WritingParams).items():
        generate.add_argument(
            f"--{key.replace('_', '-')}",
            default=spec.default,
            metavar="|".join(spec.options) or "N",
            help=f"{spec.help} {spec.accepts}; default: %(default)s",
        )
    generate.set_defaults(settings=tuple(specs(WritingParams)))


def _generate(args: argparse.Namespace) -> int:
    from dlexplain.services.writing.writing import generate
    from dlexplain.trained.hugging_face import is_own_model

    params: dict[str, Any] = {key: getattr(args, key) for key in args.settings}

    if args.json:
        written = generate(args.model, args.prompt, **params)
        print(json.dumps(written.to_dict(), indent=1))
        return 0
    before = [args.prompt]  # printed with the first token, once all settings have been read

    def tell(token: "TokenChoice") -> None:
        piece = "" if token.special else token.piece
        print(*(before.pop() for _ in before[:1]), piece, sep="", end="", flush=True)

    written = generate(args.model, args.prompt, tell=tell, **params)
    print()
    if params["start"] != "auto" or is_own_model(args.model):
        print(written.how_begun, file=sys.stderr)
    if written.how_ended:
        print(written.how_ended, file=sys.stderr)
    if written.unfamiliar:
        share = f"{written.unfamiliar:.0%} of the prompt's tokens"
        print(f"{share} are not in the vocabulary of {written.model}", file=sys.stderr)
    return 0
