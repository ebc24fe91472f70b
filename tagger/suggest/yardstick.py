"""The speed of the model alone, measured in the same run that it is compared with."""

from __future__ import annotations

import threading
from types import TracebackType

from tagger.suggest.plan import measure
from tagger.suggest.work import Gate
from tagger.suggest.workplace import Model

_FIRST = 3.0
_GROWTH = 1.7
_SECONDS = 0.2
_HOLDER = "yardstick"


class Yardstick:
    """Holds a run now and then, ever more rarely, and times the model while decoders rest.

    Other programs use the machine too: one measurement at the end would compare two different
    moments. The run's own clock stands still meanwhile.

    Attributes:
        speeds: photos/s of each measurement so far.
    """

    def __init__(self, model: Model, gate: Gate) -> None:
        self._model, self._gate = model, gate
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, name="yardstick", daemon=True)
        self.speeds: list[float] = []

    def __enter__(self) -> Yardstick:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def photos_per_s(self) -> float:
        """The mean speed measured; 0 if the run was too short for it."""
        return sum(self.speeds) / len(self.speeds) if self.speeds else 0.0

    def measure(self) -> None:
        """Measure now; a stop of the run breaks it off."""
        model = self._model
        speed = measure(model.engine, model.spec.preprocessing, model.plan, _SECONDS)
        if not self._gate.stopped:
            self.speeds.append(speed)

    def _go(self) -> None:
        wait = _FIRST
        while not self._over.wait(wait):
            wait *= _GROWTH
            self._gate.pause(_HOLDER)
            try:
                if self._gate.wait_idle(1.0) and not self._gate.stopped:
                    self.measure()
            finally:
                self._gate.resume(_HOLDER)
