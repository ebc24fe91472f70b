#!/usr/bin/env python3
"""The one script to run from a fresh checkout: ``demo [FOLDER]``, ``test`` or ``setup``.

Needs nothing but Python 3.11 or newer. Written so that an older Python can still read it
and say what is missing, instead of stopping at a syntax error.
"""

import os
import sys

OLDEST = (3, 11)


def main() -> int:
    """Check the Python version, then hand over to `installer.commands`; returns the exit code."""
    if sys.version_info[:2] < OLDEST:
        wanted, found = ".".join(map(str, OLDEST)), ".".join(map(str, sys.version_info[:3]))
        sys.stderr.write(
            "This needs Python " + wanted + " or newer, and this is Python " + found + ". "
            "Install a newer one and run the same command with it.\n"
        )
        return 1
    checkout = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path.insert(0, checkout)
    from installer.commands import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
