"""The progress bar says how far it is, once a while, and never on stdout."""

import io

import pytest

from modeling.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(stream: io.StringIO, total: float | None, steps: int, step_s: float) -> str:
    clock = Clock()
    with Progress(total, "Falcon 69", unit="s", stream=stream, clock=clock) as progress:
        for _ in range(steps):
            clock.now_s += step_s
            progress.advance(5.0)
    return stream.getvalue()


def test_a_terminal_shows_one_line_that_is_redrawn() -> None:
    text = run(Terminal(), 240.0, 24, 1.0)
    assert text.count("\n") == 1
    assert text.count("\r") == 26
    assert "Falcon 69  [######..................]  25%  60/240 s  5 s/s  0:36 left" in text
    assert text.endswith("\n")


def test_the_time_left_follows_from_the_rate() -> None:
    assert "120/7200 s  0.5 s/s  3:56:00 left" in run(Terminal(), 7200.0, 24, 10.0)


def test_a_file_gets_a_plain_line_now_and_then() -> None:
    lines = run(io.StringIO(), 240.0, 48, 1.0).splitlines()
    assert len(lines) == 5
    assert all("\r" not in line for line in lines)
    assert "100%  240/240 s" in lines[-1]


def test_a_terminal_is_not_drawn_more_than_ten_times_a_second() -> None:
    assert run(Terminal(), 5000.0, 1000, 0.001).count("\r") <= 12


def test_an_unknown_total_shows_the_amount_and_the_rate() -> None:
    assert run(io.StringIO(), None, 2, 10.0).splitlines()[0] == "Falcon 69  5 s  0.5 s/s"


def test_the_last_line_stands_when_the_work_fails() -> None:
    stream = Terminal()

    def fail() -> None:
        with Progress(2.0, "x", stream=stream, clock=Clock()) as progress:
            progress.advance()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert "50%" in stream.getvalue()
    assert stream.getvalue().endswith("\n")


def test_a_note_stands_above_the_bar() -> None:
    stream = Terminal()
    with Progress(1.0, "x", stream=stream, clock=Clock()) as progress:
        progress.note("skipped: y")
    assert "skipped: y\n" in stream.getvalue()


def test_stderr_is_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(1.0, "x") as progress:
        progress.advance()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "100%" in captured.err


def test_a_share_is_told_as_a_percentage_alone() -> None:
    stream = io.StringIO()
    with Progress(1.0, "advice", stream=stream, clock=Clock()) as progress:
        progress.advance(0.25)
    last = stream.getvalue().splitlines()[-1]
    assert "25%" in last
    assert "0.25/1" not in last
    assert "/s" not in last
