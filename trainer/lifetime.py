"""From the first to the last moment of a training: its folder, its state, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tagger.core.errors import TaggerError
from tagger.library.full_disk import is_full
from tagger.library.runs import RunLog, make_run, new_run, stop_asked
from trainer.progress import Progress
from trainer.stopping import stop_on_request, stop_when

_PROGRAM_ERROR = "The training stopped because of an error in the program ({}). The present model "
_PROGRAM_ERROR += "stays as it is; the run's log.txt says more."


class DiskFull(TaggerError):
    """The disk is full."""


@dataclass
class Lifetime:
    """A training under way.

    Attributes:
        run: its folder.
        progress: writes to stderr and into the folder.
        bundle: id of the model it made; to be set before the end.
    """

    run: Path
    progress: Progress
    bundle: str = field(default="")


@contextmanager
def lifetime(library: Path, method: str, run: Path | None = None) -> Iterator[Lifetime]:
    """Keep a run's state true from here to the end of the block, however that ends.

    Args:
        library: home folder of the library.
        method: `quick`, `better` or `deep`.
        run: its folder, made if it is not there; None makes a new one.

    Raises:
        RunError: the folder cannot be made or written.
        DiskFull: instead of the system's error, with what to do.
    """
    folder = new_run() if run is None else make_run(run)
    log = RunLog(folder, library.resolve(), method)
    life = Lifetime(folder, Progress(also=log.tell))
    stop_on_request()
    try:
        with stop_when(lambda: stop_asked(folder)):
            yield life
    except KeyboardInterrupt:
        log.stopped()
        raise
    except BaseException as error:
        if is_full(error):
            full = DiskFull(
                f"No new model was made: the disk of {folder.parent}, of the temporary files or of "
                "the photos is full. Make room and train again."
            )
            log.failed(str(full))
            raise full from error
        known = isinstance(error, TaggerError)
        log.failed(str(error) if known else _PROGRAM_ERROR.format(repr(error)))
        raise
    log.done(life.bundle)
