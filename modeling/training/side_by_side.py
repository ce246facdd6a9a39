"""Several trainings at once, each in a process and on one thread of its own.

Processes are forked, so that the songs are there without being read or sent again. Where that is
not safe (a GPU, which no fork may share; systems other than Linux) they run one after the other.
Either way the weights are the same.
"""

import os
import pickle
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import Any, TypeVar

from modeling.progress import Progress

Result = TypeVar("Result")
# Says that so many steps more are done.
Advance = Callable[[int], None]
Training = Callable[[Advance], Result]

LOOK_EVERY_S = 0.5
# What the forked processes find in their memory: the trainings, their counts, who forked them.
_forked: list[Any] = []


def can_fork(jobs: int, device_type: str) -> bool:
    return jobs > 1 and device_type == "cpu" and sys.platform == "linux"


def side_by_side(
    trainings: Sequence[Training[Result]], n_steps: Sequence[int], jobs: int
) -> list[Result]:
    """The results, in order, with one bar for all. What one of them raises is raised here, once
    the others have come to their next step and ended."""
    context = get_context("fork")
    counts = [context.Value("q", 0) for _ in trainings]
    stop = context.Event()
    _forked[:] = [trainings, counts, stop, os.getpid()]
    try:
        with (
            ProcessPoolExecutor(min(jobs, len(trainings)), mp_context=context) as pool,
            Progress(sum(n_steps), "networks", unit="steps") as bar,
        ):
            futures = [pool.submit(_train, place) for place in range(len(trainings))]
            try:
                _watch(futures, counts, n_steps, bar)
                return [pickle.loads(future.result()) for future in futures]  # noqa: S301 - our own
            except BaseException:
                stop.set()
                pool.shutdown(cancel_futures=True)
                raise
    finally:
        _forked.clear()


def _watch(
    futures: Sequence["Future[bytes]"], counts: Sequence[Any], n_steps: Sequence[int], bar: Progress
) -> None:
    """Draw the bar until all are done or one has failed. Who ended early is done with all steps."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=LOOK_EVERY_S)
        for future in done:
            future.result()
        taken = [
            n if future.done() else count.value
            for future, count, n in zip(futures, counts, n_steps, strict=True)
        ]
        bar.advance(sum(taken) - bar.done)


class StoppedError(Exception):
    """Ends a training whose result nobody waits for any more."""


def _train(place: int) -> bytes:
    trainings, counts, stop, parent = _forked

    def advance(steps: int) -> None:
        counts[place].value += steps
        # An orphan must not write beside the run that takes up its work.
        if stop.is_set() or os.getppid() != parent:
            raise StoppedError

    # Plain bytes: tensors would otherwise be shared with a process that has ended.
    return pickle.dumps(trainings[place](advance))
