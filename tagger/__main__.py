"""The one entry point: window, command line, and the program's own child processes.

A packaged program has no `python -m`; it starts its children through this module too.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

_CHILDREN = {"_suggester": "tagger.suggest.child", "_trainer": "trainer.__main__"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for and return the exit code.

    `_suggester` and `_trainer` are the children; a known command is the command line; anything
    else opens the window.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in _CHILDREN:
        child = importlib.import_module(_CHILDREN[given[0]])
        return int(child.main(given[1:]) or 0)
    from tagger.cli.main import run

    return run(given)


if __name__ == "__main__":
    sys.exit(main())
