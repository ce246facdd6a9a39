"""How long a generated song takes to compose."""

from statistics import median
from time import process_time

from benchmarks.table import Row
from modeling.demo_songs import compose

DURATION_S = 25.0
MOST_S = 2.0


def run(quick: bool) -> list[Row]:
    """Processor seconds of one 25 s song: the median and the slowest of the genres."""
    compose(1, 0, 10.0)  # the first song pays for the imports
    seconds = [_seconds(index) for index in range(3 if quick else 12)]
    aim = f"under {MOST_S:g} s on one core"
    return [
        Row(
            name="composing a 25 s song, median of the genres",
            value=median(seconds),
            unit="s",
            compared_with="the time it plays",
            compared_value=DURATION_S,
            aim=aim,
            met=median(seconds) < MOST_S,
        ),
        Row(
            name="composing a 25 s song, slowest genre",
            value=max(seconds),
            unit="s",
            compared_with="the time it plays",
            compared_value=DURATION_S,
            aim=aim,
            met=max(seconds) < MOST_S,
        ),
    ]


def _seconds(index: int) -> float:
    # Processor time, not the clock: other work on the machine is not the generator's.
    start = process_time()
    compose(1, index, DURATION_S)
    return process_time() - start
