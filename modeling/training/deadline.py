"""When a run has to stop by itself, for machines that are lent for minutes."""

import time
from collections.abc import Callable

from modeling.training.state import TrainingError


class OutOfTimeError(TrainingError):
    """A run that stopped at its deadline; everything up to here is kept."""


class Deadline:
    """So many minutes from now, or none. The clock is an argument for tests."""

    def __init__(
        self, minutes: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if minutes is not None and not minutes > 0.0:
            raise ValueError(f"{minutes:g} minutes are no time; give more than 0")
        self.minutes, self._clock = minutes, clock
        self._ends_s = None if minutes is None else clock() + 60.0 * minutes

    @property
    def passed(self) -> bool:
        return self._ends_s is not None and self._clock() >= self._ends_s

    def check(self) -> None:
        """Raise OutOfTimeError where the time is over."""
        if self.passed:
            raise OutOfTimeError(
                f"stopped after {self.minutes:g} minutes, as asked; go on with --resume"
            )
