"""A small progress bar on stderr, without dependencies."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

_BAR_WIDTH = 24
_REDRAW_S = 0.1
_PLAIN_LINE_S = 10.0


class Progress:
    """Shows how far a loop is: one redrawn line on a terminal, a plain line now and then otherwise.

    `total` is in any unit (seconds of audio, songs, steps); None or 0 means unknown. A total of 1
    without a unit is a share: the percentage says it all. The clock and the stream are arguments
    for tests.

    >>> with Progress(240.0, "Falcon 69", unit="s") as progress:  # doctest: +SKIP
    ...     progress.advance(5.0)
    """

    def __init__(
        self,
        total: float | None,
        label: str,
        *,
        unit: str = "",
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total, self.label, self.unit = total or None, label, unit
        self.done = 0.0
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._is_terminal = self._stream.isatty()
        self._started_s = self._shown_s = clock()
        self._shown_length = 0

    def __enter__(self) -> Self:
        if self._is_terminal:
            self._show()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._show()
        if self._is_terminal:
            self._stream.write("\n")
            self._stream.flush()

    def advance(self, amount: float = 1.0) -> None:
        """Count `amount` more as done; draws at most ten times a second."""
        self.done += amount
        every_s = _REDRAW_S if self._is_terminal else _PLAIN_LINE_S
        if self._clock() - self._shown_s >= every_s:
            self._show()

    def note(self, text: str) -> None:
        """Print one line of text above the bar."""
        clear = "\r" + " " * self._shown_length + "\r" if self._is_terminal else ""
        self._stream.write(f"{clear}{text}\n")
        if self._is_terminal:
            self._show()

    def _show(self) -> None:
        self._shown_s = self._clock()
        line = self._line()
        if self._is_terminal:
            self._stream.write("\r" + line.ljust(self._shown_length))
            self._shown_length = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def _line(self) -> str:
        elapsed_s = max(self._shown_s - self._started_s, 1e-9)
        rate = self.done / elapsed_s
        speed = f"{rate:.3g} {self.unit}/s".replace(" /s", "/s")
        amount = f"{self.done:.4g}"
        if self.total is None:
            return f"{self.label}  {amount} {self.unit}".rstrip() + f"  {speed}"
        share = min(1.0, self.done / self.total)
        bar = "#" * round(share * _BAR_WIDTH)
        left_s = (self.total - self.done) / rate if rate > 0.0 else None
        text = f"{self.label}  [{bar:.<{_BAR_WIDTH}}] {share:4.0%}"
        left = "" if left_s is None or share >= 1.0 else f"  {_clock_time(left_s)} left"
        if self.total == 1.0 and not self.unit:
            return text + left
        return f"{text}  {amount}/{self.total:.4g} {self.unit}".rstrip() + f"  {speed}{left}"


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
