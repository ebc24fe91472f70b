"""Long computations in slices."""

from tagger.app.models.chores import Chores


def steps(out: list, name: str, count: int):
    for number in range(count):
        out.append((name, number))
        yield


def test_a_chore_asked_for_again_while_it_runs_runs_once_more():
    out: list = []
    chores = Chores()
    chores.ask("count", lambda: steps(out, "first", 2))
    chores.step(0.0)
    next(iter([chores.busy]))
    chores._running or chores.step(1e-9)
    chores.ask("count", lambda: steps(out, "second", 1))
    chores.ask("count", lambda: steps(out, "third", 1))
    chores.finish()
    assert [name for name, _ in out if name == "second"] == []
    assert ("third", 0) in out


def test_restart_drops_what_is_worthless_now():
    out: list = []
    chores = Chores()
    chores.ask("slider", lambda: steps(out, "old", 1000))
    chores.step(0.0001)
    chores.ask("slider", lambda: steps(out, "new", 1), restart=True)
    chores.finish()
    assert ("new", 0) in out
    assert ("old", 999) not in out


def test_chores_run_in_the_order_they_were_asked_for_and_end():
    out: list = []
    chores = Chores()
    asked = []
    chores.on_work = lambda: asked.append(True)
    chores.ask("a", lambda: steps(out, "a", 2))
    chores.ask("b", lambda: steps(out, "b", 1))
    chores.finish()
    assert out == [("a", 0), ("a", 1), ("b", 0)]
    assert asked == [True, True]
    assert not chores.busy
