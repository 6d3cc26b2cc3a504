"""The command line: python -m dlexplain COMMAND; `--help` lists the commands.

Exit status 0; 2 for a wrong call; 1 if any file or the training failed, with one line per failure
on stderr. Services are imported by the command that needs them, since torch takes seconds to
import.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stdout
from typing import Any

from dlexplain.cli import (
    attacking,
    attention,
    comparing,
    comparing_runs,
    compressing,
    compression,
    defending,
    explaining,
    film,
    folders,
    forecasting,
    keeping_runs,
    latents,
    layers,
    many,
    objects,
    privacy,
    quality,
    reliability,
    reporting,
    robustness,
    runs,
    shortcuts,
    sweeps,
    training,
    translating,
    trusting,
    writing,
    zoo,
)
from dlexplain.cli.saying import Visible, complain
from dlexplain.errors import (
    BadInput,
    DlexplainError,
    Incompatible,
    PictureError,
    StatesError,
)
from dlexplain.services.machine import home_problem

Commands = Callable[[str, Any, str], argparse.ArgumentParser]
"""command(name, what runs it, one line about it) -> its parser"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = _parser()
    args = parser.parse_args(arguments)
    # JSON escapes by itself.
    shown = nullcontext() if args.json else redirect_stdout(Visible(sys.stdout))
    try:
        with shown:
            status: int = args.run(args)
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        sys.stderr.close()
        return 0
    except PictureError as error:
        complain(error)
        return 1
    except (BadInput, Incompatible) as error:
        complain(error)
        return 2
    except StatesError as error:
        complain(home_problem() or error)
        return 2 if home_problem() else 1
    except DlexplainError as error:
        complain(error)
        return 1
    except OSError:
        problem = home_problem()
        if not problem:
            raise
        complain(problem)
        return 2
    except KeyboardInterrupt:
        complain("stopped")
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dlexplain", description="Why a deep-learning model said what it said."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        added.set_defaults(run=run)
        added.add_argument("--json", action="store_true", help="print JSON")
        return added

    explaining.declare(command)
    quality.declare(command)
    attacking.declare(command)
    robustness.declare(command)
    defending.declare(command)
    reliability.declare(command)
    folders.declare(command)
    many.declare(command)
    objects.declare(command)
    attention.declare(command)
    training.declare(command)
    runs.declare(command)
    sweeps.declare(command)
    keeping_runs.declare(command)
    compression.declare(command)
    compressing.declare(command)
    film.declare(command)
    writing.declare(command)
    translating.declare(command)
    latents.declare(command)
    layers.declare(command)
    forecasting.declare(command)
    trusting.declare(command)
    comparing.declare(command)
    comparing_runs.declare(command)
    privacy.declare(command)
    shortcuts.declare(command)
    reporting.declare(command)
    zoo.declare(command)
    return parser
