"""What the suggester's tests share: photos, libraries, and a real suggester to talk to."""

import queue
import shutil
import time
from pathlib import Path

from tagger.library.library import Library
from tagger.library.scan import scan
from tagger.suggest.client import SuggestClient


def scan_folder(home):
    """Bring the catalog of a folder in line with it."""
    with Library.open(home) as library:
        scan(library)


def copy_photos(source, home, count):
    """Copy the first photos of a set, flat, and return their paths."""
    home.mkdir(parents=True, exist_ok=True)
    photos = sorted(path for path in source.rglob("*") if path.suffix in (".jpg", ".jpeg"))
    return [Path(shutil.copy(photo, home / photo.name)) for photo in photos[:count]]


class Talk:
    """A suggester and everything it has said."""

    def __init__(self, log_file, command=None):
        self._said = queue.SimpleQueue()
        self.heard = []
        self.client = SuggestClient(self._hear, command=command, log_file=log_file)

    def _hear(self, message):
        self._said.put(message | {"at": time.monotonic()})

    def wait(self, *kinds, seconds=60):
        """Return the next message of these kinds; an error or a crash ends the test."""
        deadline = time.monotonic() + seconds
        while True:
            message = self._said.get(timeout=max(0.01, deadline - time.monotonic()))
            self.heard.append(message)
            if message["type"] in kinds:
                return message
            assert message["type"] not in ("error", "crashed"), message

    def drain(self):
        """Take in what has been said by now."""
        while not self._said.empty():
            self.heard.append(self._said.get())

    def all(self, kind):
        """Return everything of a kind heard so far."""
        return [message for message in self.heard if message["type"] == kind]

    def slots_done(self):
        """Return the slots of all batches heard so far, in order."""
        return [slot for message in self.all("batch") for slot in message["slots"]]
