"""Promises of the parts that the threads of a run share: `tagger.suggest.work`, `.progress`."""

import threading
import time

import numpy as np
import pytest

from tagger.suggest.progress import Speed
from tagger.suggest.work import Basket, Gate, WorkQueue


def positions(*numbers):
    return np.array(numbers, np.int64)


def rest_of(work):
    return list(iter(work.next, None))


def in_background(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_work_comes_in_order_and_each_once():
    assert rest_of(WorkQueue(positions(3, 1, 2))) == [3, 1, 2]


def test_prioritised_work_comes_first_the_latest_wish_before_earlier_ones():
    work = WorkQueue(np.arange(10))
    assert work.next() == 0
    work.prioritise(positions(5, 6))
    work.prioritise(positions(8, 0, 99))
    assert rest_of(work) == [8, 5, 6, 1, 2, 3, 4, 7, 9]


def test_a_batch_is_full_or_the_last():
    basket = Basket(limit=10, producers=1)
    for number in range(5):
        basket.put(number)
    assert basket.take(3, patience=10) == [0, 1, 2]
    basket.producer_done()
    assert basket.take(3, patience=10) == [3, 4]
    assert basket.take(3, patience=10) == []


def test_a_batch_goes_off_unfilled_where_decoding_is_slow():
    basket = Basket(limit=10, producers=1)
    basket.put("first")
    began = time.monotonic()
    assert basket.take(8, patience=0.1) == ["first"]
    assert time.monotonic() - began < 2


def test_a_full_basket_makes_producers_wait_so_that_memory_stays_bounded():
    basket = Basket(limit=2, producers=1)
    put = []

    def produce():
        for number in range(6):
            basket.put(number)
            put.append(number)

    thread = in_background(produce)
    time.sleep(0.1)
    assert put == [0, 1]
    taken = [basket.take(2, 1) for _ in range(3)]
    thread.join(5)
    assert taken == [[0, 1], [2, 3], [4, 5]]


def test_two_takers_never_get_an_empty_batch_while_more_is_coming():
    basket = Basket(limit=8, producers=1)
    batches = []

    def take():
        while batch := basket.take(2, patience=0.01):
            batches.append(batch)

    threads = [in_background(take) for _ in range(2)]
    for number in range(200):
        basket.put(number)
        if number % 50 == 0:
            time.sleep(0.03)
    basket.producer_done()
    for thread in threads:
        thread.join(5)
    assert sorted(number for batch in batches for number in batch) == list(range(200))


def test_closing_releases_everybody():
    basket = Basket(limit=1, producers=1)
    basket.put(1)
    threads = [in_background(lambda: basket.put(2)), in_background(lambda: basket.take(5, 60))]
    time.sleep(0.05)
    basket.close()
    for thread in threads:
        thread.join(2)
        assert not thread.is_alive()


def test_nothing_passes_a_closed_gate_and_a_stop_frees_what_waits():
    gate = Gate()
    gate.pause()
    answers = []
    thread = in_background(lambda: answers.append(gate.passes()))
    time.sleep(0.05)
    assert answers == []
    gate.stop()
    thread.join(2)
    assert answers == [False]


def test_a_pause_is_reached_when_the_step_under_way_is_over():
    gate, release = Gate(), threading.Event()

    def work():
        with gate.step() as go_on:
            assert go_on
            release.wait(5)

    thread = in_background(work)
    time.sleep(0.05)
    gate.pause()
    assert not gate.wait_idle(0.05)
    release.set()
    assert gate.wait_idle(5)
    thread.join(5)


def test_the_clock_of_a_run_stands_still_while_paused():
    gate = Gate()
    began = gate.active_time()
    gate.pause()
    time.sleep(0.2)
    gate.resume()
    assert gate.active_time() - began < 0.1


def test_what_waits_for_a_stop_is_called_also_when_it_comes_late():
    gate, called = Gate(), []
    gate.when_stopped(lambda: called.append("early"))
    gate.stop()
    gate.stop()
    gate.when_stopped(lambda: called.append("late"))
    assert called == ["early", "late"]


def test_speed_is_that_of_the_last_seconds():
    now = [0.0]
    speed = Speed(lambda: now[0])
    for second in range(1, 31):
        now[0] = float(second)
        found = speed.photos_per_s(second * 10 if second <= 10 else 100 + (second - 10) * 50)
    assert found == pytest.approx(50, rel=0.05)


def test_time_left_is_smooth_and_ends_right():
    now, random = [0.0], np.random.default_rng(0)
    speed = Speed(lambda: now[0])
    done, told = 0, []
    while done < 1000:
        now[0] += 0.1 * random.uniform(0.2, 1.8)
        done += 5
        speed.photos_per_s(done)
        left = speed.seconds_left(done, 1000)
        if left is not None:
            told.append((now[0], left))
    assert told[0][0] >= 1, "no guess from the first moments"
    errors = [abs(left - (now[0] - at)) for at, left in told]
    assert max(errors) < 4
    assert errors[-1] < 0.5
