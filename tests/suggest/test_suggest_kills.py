"""Whenever the suggester is killed, at most the batches under way are lost."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tagger.bundle.read import read_bundle
from tagger.library.cache import EmbeddingStore, ScoreStore
from tagger.library.opening import find_places
from tagger.suggest.blocking import run_suggest
from tagger.suggest.client import SuggesterError, suggester_command
from tagger.suggest.photos import pending_photos
from tagger.suggest.protocol import encode, messages

pytestmark = pytest.mark.slow

PHOTOS, KILLS = 320, 6


def kept(home, bundle):
    """Return the slots whose embedding, and those whose scores, are kept and sound."""
    spec, photos = read_bundle(bundle), pending_photos(find_places(home))
    cache = home / ".tagger" / "cache"
    embeddings = EmbeddingStore.open(cache, spec.space_id, spec.embedding_size)
    scores = ScoreStore.open(cache, spec)
    embedded = photos.slots[embeddings.kept(photos.slots, photos.signatures)]
    scored = photos.slots[scores.kept(photos.slots, photos.signatures)]
    assert not np.isnan(embeddings.read(embedded)).any(), "no row is half written"
    column = scores.column(spec.groups[0].id, 0)
    assert not np.isnan(column[scored]).any()
    return set(embedded.tolist()), set(scored.tolist())


def killed_run(home, bundle, after, delay):
    """Start a suggester, kill it some time after so many batches; return all it announced."""
    child = subprocess.Popen(
        suggester_command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    child.stdin.write(encode({"type": "start", "library": str(home), "bundle": str(bundle)}))
    child.stdin.flush()
    batches, alive = [], True
    with child:
        for message in messages(child.stdout):
            assert message["type"] not in ("error", "finished"), message
            if message["type"] == "batch":
                batches.append(set(message["slots"]))
            if alive and message["type"] in ("ready", "batch") and len(batches) >= after:
                time.sleep(delay)
                child.kill()
                alive = False
    assert child.returncode == -signal.SIGKILL
    return batches


def test_many_kills_at_random_moments_lose_at_most_the_batches_under_way(make_library, starter):
    home = make_library(PHOTOS)
    moments = random.Random(5)
    announced, decoded_again = set(), 0
    for _ in range(KILLS):
        batches = killed_run(home, starter, moments.randrange(5), moments.uniform(0, 0.1))
        embedded, scored = kept(home, starter)
        for batch in batches:
            decoded_again += len(batch & announced)
            announced |= batch
        assert announced <= embedded & scored, "what was announced is kept"
        largest = max((len(batch) for batch in batches), default=16)
        lanes = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 8
        assert len(embedded - announced) <= largest * lanes, "little more is"
        announced |= embedded & scored
    assert decoded_again == 0, "what was announced is not done again"
    rest = run_suggest(home, starter)
    assert (rest.done, rest.skipped) == (PHOTOS - len(announced), len(announced))
    assert rest.problems == []
    assert kept(home, starter) == (set(range(1, PHOTOS + 1)),) * 2


def suggest_when_free(home, bundle):
    """Suggest as soon as the library's lock can be had; the child ends a moment after us."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return run_suggest(home, bundle)
        except SuggesterError as error:
            if "already computing" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.mark.skipif(sys.platform == "win32", reason="kills a parent the POSIX way")
def test_a_killed_command_frees_the_library_at_once(make_library, starter, tmp_path):
    home = make_library(PHOTOS)
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tagger.suggest.blocking import run_suggest\n"
        "tell = lambda message: print(message['type'], flush=True)\n"
        "run_suggest(Path(sys.argv[1]), Path(sys.argv[2]), on_message=tell)\n"
    )
    arguments = [sys.executable, "-c", script, str(home), str(starter)]
    with (tmp_path / "log").open("w") as log:
        parent = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log)
    while b"batch" not in parent.stdout.readline():
        pass
    parent.kill()
    parent.wait()
    parent.stdout.close()
    rest = suggest_when_free(home, starter)
    assert rest.done + rest.skipped == PHOTOS
    assert rest.skipped > 0
