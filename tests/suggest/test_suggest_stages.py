"""Where the time of a run goes is measured, and adds up."""

import threading
import time

import numpy as np
import pytest

from tagger.suggest.bench_figures import bound
from tagger.suggest.bench_slices import Deck
from tagger.suggest.stages import DECODE, MODEL, READ, STORE, Stages


def work(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        np.ones(2000).sum()


def test_waiting_counts_by_the_clock_and_work_by_the_core():
    stages = Stages()
    laps = stages.laps()
    time.sleep(0.1)
    laps(READ)
    work(0.1)
    laps(DECODE)
    spent = stages.spent()
    assert spent[READ].wall >= 0.1
    assert spent[READ].cpu < 0.05
    assert spent[DECODE].cpu == pytest.approx(0.1, abs=0.03)


def test_threads_add_to_one_account_and_time_between_laps_is_left_out():
    stages = Stages()

    def go():
        laps = stages.laps()
        work(0.05)
        laps.restart()
        work(0.02)
        laps(STORE)

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stages.spent()[STORE].cpu == pytest.approx(0.06, abs=0.02)


def test_what_others_compute_for_a_thread_counts_as_their_time():
    stages = Stages()
    laps = stages.laps()
    time.sleep(0.05)
    laps(MODEL, 2)
    assert stages.spent()[MODEL].cpu == pytest.approx(2 * stages.spent()[MODEL].wall)


def test_shares_are_parts_of_the_work():
    stages = Stages()
    assert set(stages.shares().values()) == {0.0}
    stages.add(READ, wall=1.0, cpu=0.1)
    stages.add(DECODE, wall=9.0, cpu=2.0)
    stages.add(MODEL, wall=9.0, cpu=1.0)
    assert stages.shares() == {"disk": 0.25, "decode": 0.5, "model": 0.25, "store": 0.0}


def test_cores_are_shared_by_decoding_and_model_but_a_gpu_is_not():
    assert bound(300.0, 150.0, "cpu") == pytest.approx(100.0)
    assert bound(300.0, 150.0, "cuda") == 150.0


def test_a_deck_deals_all_its_photos_before_one_comes_again():
    deck = Deck(b"/", list(range(10)), 7)
    first = deck.deal(7)
    assert len(deck) == len(set(first)) == 7
    assert deck.deal(14) == first + first
    assert Deck(b"/", list(range(10)), 7).deal(7) == first
