"""`python -m trainer COMMAND …`: one registry of commands, each imported only when it is asked for.

So quick retraining never imports torch because deep retraining happens to be listed here too. A
command's module has `add_arguments(parser)` and `run(args) -> exit code`; its docstring is its
help.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tagger.core.errors import TaggerError
from trainer.startup import prepare_for_torch

PROGRAM = "python -m trainer"
TRAINING_LIBRARIES = frozenset({"torch", "torchvision", "timm", "torchmetrics", "onnxscript"})


@dataclass(frozen=True)
class Command:
    """A command: the module that carries it out, and its line in the list of commands.

    `torch` says that it trains with torch, which the process must be made fit for.
    """

    module: str
    summary: str
    torch: bool = False


COMMANDS: dict[str, Command] = {
    "compare": Command("trainer.compare", "compare two models on a library's own photos"),
    "bench": Command("trainer.bench.command", "measure how fast and how well the trainer learns"),
    "fit": Command("trainer.deep.command", "fine-tune a library's model, with torch", torch=True),
    "quick": Command("trainer.quick.command", "retrain from a library's labels, in seconds"),
    "recipe": Command(
        "trainer.recipes.command", "run one of five published systems against ours", torch=True
    ),
    "starter": Command("trainer.starter.command", "assemble the starter models, if missing"),
    "starter-measure": Command("trainer.starter.measure", "measure what the fast starter needs"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 could not be done, 2 wrong usage.

    Raises:
        SystemExit: help was asked for (0) or the usage is wrong (2).
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] not in COMMANDS:
        _overview().parse_args(arguments)
        return 2
    name, *rest = arguments
    if COMMANDS[name].torch:
        prepare_for_torch()
    try:
        return _run(name, rest)
    except TaggerError as error:
        print(error, file=sys.stderr)
    except ModuleNotFoundError as error:
        if error.name not in TRAINING_LIBRARIES:
            raise
        print(
            f"'{name}' needs {error.name}, which is not installed: "
            "run 'python3 installer/bootstrap.py setup --training' first.",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
    return 1


def _run(name: str, arguments: Sequence[str]) -> int:
    module = importlib.import_module(COMMANDS[name].module)
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} {name}",
        description=inspect.getdoc(module),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(arguments)))


def _overview() -> argparse.ArgumentParser:
    width = max(len(name) for name in COMMANDS)
    listed = "\n".join(f"  {name:{width}}  {c.summary}" for name, c in sorted(COMMANDS.items()))
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} COMMAND …",
        description="Make and retrain models from a library's labels.",
        epilog=f"commands:\n{listed}\n\n'{PROGRAM} COMMAND --help' says more about one.\n\n"
        "The result is the last line of stdout, one line of JSON with --json; progress goes to\n"
        "stderr. Exit codes: 0 done, 1 could not be done, 2 wrong usage.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=sorted(COMMANDS), metavar="COMMAND", help="see below")
    return parser


if __name__ == "__main__":
    sys.exit(main())
