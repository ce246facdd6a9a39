"""The client: asks, waits, asks again, counts money, and never pays twice for the same request."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import BoundedSemaphore, Lock
from types import TracebackType
from typing import Any, Self

import numpy as np

from modeling.endpoint.ledger import Ledger
from modeling.endpoint.reading import (
    BrokenAnswerError,
    Completion,
    ForeignAnswerError,
    read_completion,
    read_usage,
)
from modeling.endpoint.request import (
    Answer,
    Connection,
    EndpointError,
    KeyRefusedError,
    Request,
)
from modeling.endpoint.sending import Failure, Sender
from modeling.endpoint.store import Store
from modeling.endpoint.waiting import Patience

DEFAULT_AT_ONCE = 4


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clocks:
    """Time as an argument: a clock for latencies, the date, and how to wait."""

    monotonic_s: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _now
    sleep: Callable[[float], None] = time.sleep


class Endpoint:
    """An endpoint with a budget and a memory.

    `store_folder` keeps every request and raw answer, and the ledger of what was spent: a run that
    was killed goes on where it was. At most `at_once` requests are under way.

    >>> with Endpoint(connection, Path("var/endpoint"), 5.0, rng) as endpoint:  # doctest: +SKIP
    ...     answer = endpoint.ask(Request("Answer briefly.", (("user", "Hello"),)))
    """

    def __init__(
        self,
        connection: Connection,
        store_folder: Path,
        budget_usd: float,
        rng: np.random.Generator,
        *,
        patience: Patience | None = None,
        at_once: int = DEFAULT_AT_ONCE,
        clocks: Clocks | None = None,
    ) -> None:
        self.connection = connection
        self.store = Store(store_folder)
        self.ledger = Ledger(store_folder / "ledger.jsonl", budget_usd)
        self._patience = patience or Patience()
        self._clocks = clocks or Clocks()
        self._rng, self._rng_lock = rng, Lock()
        self._places = BoundedSemaphore(at_once)
        self._at_once = at_once
        self._sender = Sender(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sender.close()

    def spent_usd(self) -> float:
        """What this store has cost so far, reservations of lost answers included."""
        return self.ledger.spent_usd()

    def ask(self, request: Request) -> Answer:
        """The answer to a request, from the store where it was paid for before.

        Raises:
            BudgetError: it could cost more than is left; nothing was sent.
            EndpointError: the endpoint did not answer, refused the request, or answered in another
                schema; or the store cannot be written.
        """
        if request.audio is not None and not self.connection.takes_audio:
            raise EndpointError(f"{self.connection.shown} takes no audio; leave the audio out")
        key = request.key(self.connection)
        with self.store.alone_with(key):
            known = self.store.answer(key)
            return known if known is not None else self._ask_anew(key, request)

    def ask_all(self, requests: Iterable[Request]) -> Iterator[Answer | EndpointError]:
        """The answers in the order of the requests; an error takes the place of its answer."""
        with ThreadPoolExecutor(self._at_once) as pool:
            yield from pool.map(self._ask_or_error, requests)

    def _ask_or_error(self, request: Request) -> Answer | EndpointError:
        try:
            return self.ask(request)
        except EndpointError as error:
            return error

    def _ask_anew(self, key: str, request: Request) -> Answer:
        for n_attempt in range(1, self._patience.attempts + 1):
            try:
                with self._places:
                    answer = self._attempt(key, request, n_attempt)
            except Failure as failure:
                if not failure.again or n_attempt == self._patience.attempts:
                    tries = f" after {n_attempt} attempts" if n_attempt > 1 else ""
                    kind = KeyRefusedError if failure.key_refused else EndpointError
                    raise kind(f"{self.connection.shown}{tries}: {failure}") from failure
                self._clocks.sleep(self._wait_s(n_attempt, failure))
            else:
                self.store.keep_answer(key, answer)
                return answer
        raise AssertionError("the last attempt either answers or raises")

    def _wait_s(self, n_failed: int, failure: Failure) -> float:
        with self._rng_lock:
            own_s = self._patience.wait_s(n_failed, self._rng)
        asked_s = failure.retry_after_s or 0.0
        if asked_s > self._patience.longest_retry_after_s:
            raise EndpointError(
                f"{self.connection.shown}: {failure}; it asks to wait {asked_s:.0f} s, "
                "run again after that"
            )
        return max(own_s, asked_s)

    def _attempt(self, key: str, request: Request, n_attempt: int) -> Answer:
        """One exchange, with its money and its record. Raises Failure."""
        prices = self.connection.prices
        reserved_usd = request.most_usd(prices)
        self.ledger.reserve(key, reserved_usd, self.connection.shown)
        at, started_s = self._clocks.now(), self._clocks.monotonic_s()
        raw, done, failure = "", None, None
        try:
            raw = self._sender.send(request.body(self.connection), at)
            done = _read(raw)
        except Failure as caught:
            failure = caught
        latency_s = self._clocks.monotonic_s() - started_s
        tokens = _tokens(done, raw)
        cost_usd, is_bound = _cost(tokens, failure, reserved_usd, self.connection)
        self.ledger.settle(key, reserved_usd, cost_usd)
        record: dict[str, Any] = {
            "at": at.isoformat(),
            "endpoint": self.connection.shown,
            "seed": request.seed,
            "repeat": request.repeat,
            "request": request.recorded(self.connection),
            "raw": raw or (failure.raw if failure else ""),
            "error": str(failure) if failure else "",
            "input_tokens": tokens[0],
            "output_tokens": tokens[1],
            "cost_usd": cost_usd,
            "cost_is_bound": is_bound,
            "latency_s": latency_s,
        }
        self.store.keep_attempt(key, record)
        if failure is not None:
            raise failure
        assert done is not None
        return Answer(
            done.text,
            done.refusal,
            done.finish_reason,
            *tokens,
            cost_usd,
            is_bound,
            latency_s,
            n_attempt,
        )


def _read(raw: str) -> Completion:
    try:
        return read_completion(raw)
    except BrokenAnswerError as error:
        raise Failure(
            f"{error}; check that the address is right", again=True, charged=True
        ) from error
    except ForeignAnswerError as error:
        message = f"{error}; check that the address is that of an OpenAI-compatible API"
        raise Failure(message, again=False, charged=True) from error


def _tokens(done: Completion | None, raw: str) -> tuple[int | None, int | None]:
    if done is not None:
        return done.input_tokens, done.output_tokens
    with suppress(ValueError):
        return read_usage(json.loads(raw))
    return None, None


def _cost(
    tokens: tuple[int | None, int | None],
    failure: Failure | None,
    reserved_usd: float,
    connection: Connection,
) -> tuple[float, bool]:
    """What an attempt cost, and whether that is only a bound."""
    if tokens[0] is not None and tokens[1] is not None:
        return connection.prices.cost_usd(tokens[0], tokens[1]), False
    if failure is not None and not failure.charged:
        return 0.0, False
    return reserved_usd, True
